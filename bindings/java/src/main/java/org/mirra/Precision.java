package org.mirra;

import org.mirra.raw.Constants;

/** The numbers that networks compute in. */
public enum Precision {
  /**
   * BF16 where the device is faster in it and the bundle's loss was measured as small, else FP32.
   */
  AUTO(Constants.MIRRA_PRECISION_AUTO),
  /** IEEE binary32. */
  FP32(Constants.MIRRA_PRECISION_FP32),
  /** bfloat16. */
  BF16(Constants.MIRRA_PRECISION_BF16),
  /** IEEE binary16. */
  FP16(Constants.MIRRA_PRECISION_FP16);

  private final int value;

  Precision(int value) {
    this.value = value;
  }

  int value() {
    return value;
  }

  static Precision of(int value) {
    for (Precision one : values()) {
      if (one.value == value) {
        return one;
      }
    }
    throw new IllegalArgumentException("no Precision has the number " + value);
  }
}

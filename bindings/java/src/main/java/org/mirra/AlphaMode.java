package org.mirra;

import org.mirra.raw.Constants;

/** What colours beside an alpha channel are. Pixels of alpha 0 take part in nothing. */
public enum AlphaMode {
  /** Colours as they are. */
  STRAIGHT(Constants.MIRRA_ALPHA_STRAIGHT),
  /** Colours times alpha: divided out before a task sees them and multiplied in afterwards. */
  PREMULTIPLIED(Constants.MIRRA_ALPHA_PREMULTIPLIED);

  private final int value;

  AlphaMode(int value) {
    this.value = value;
  }

  int value() {
    return value;
  }

  static AlphaMode of(int value) {
    for (AlphaMode one : values()) {
      if (one.value == value) {
        return one;
      }
    }
    throw new IllegalArgumentException("no AlphaMode has the number " + value);
  }
}

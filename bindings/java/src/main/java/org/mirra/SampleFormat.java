package org.mirra;

import org.mirra.raw.Constants;

/** What a sample of an image is. */
public enum SampleFormat {
  /** A byte: 0 ... 255 stand for 0 ... 1. */
  U8(Constants.MIRRA_FORMAT_U8),
  /** Two bytes in the order of the machine: 0 ... 65535 stand for 0 ... 1. */
  U16(Constants.MIRRA_FORMAT_U16),
  /**
   * {@link #U16} in the other byte order: on most machines big-endian, as PNG, PNM and many TIFF
   * files have it, and a {@link java.nio.ByteBuffer} whose order was not set.
   */
  U16_SWAPPED(Constants.MIRRA_FORMAT_U16_SWAPPED),
  /** IEEE binary16, nominally 0 ... 1. */
  F16(Constants.MIRRA_FORMAT_F16),
  /** IEEE binary32, nominally 0 ... 1. NaN is read as 0. */
  F32(Constants.MIRRA_FORMAT_F32);

  private final int value;

  SampleFormat(int value) {
    this.value = value;
  }

  /**
   * The size of a sample.
   *
   * @return bytes: 1, 2 or 4
   */
  public int bytes() {
    return this == U8 ? 1 : this == F32 ? 4 : 2;
  }

  int value() {
    return value;
  }

  static SampleFormat of(int value) {
    for (SampleFormat one : values()) {
      if (one.value == value) {
        return one;
      }
    }
    throw new IllegalArgumentException("no SampleFormat has the number " + value);
  }
}

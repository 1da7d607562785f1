package org.mirra;

import org.mirra.raw.Constants;

/** The channels of an image, in the order in which they are interleaved. */
public enum Channels {
  /** Luminance. */
  GRAY(Constants.MIRRA_COLOR_GRAY),
  /** Luminance and opacity. */
  GRAY_ALPHA(Constants.MIRRA_COLOR_GRAY_ALPHA),
  /** Red, green and blue. */
  RGB(Constants.MIRRA_COLOR_RGB),
  /** Red, green, blue and opacity. */
  RGBA(Constants.MIRRA_COLOR_RGBA);

  private final int value;

  Channels(int value) {
    this.value = value;
  }

  /**
   * How many channels there are.
   *
   * @return 1 ... 4
   */
  public int count() {
    return value;
  }

  /**
   * Whether the last channel is opacity.
   *
   * @return true for GRAY_ALPHA and RGBA
   */
  public boolean hasAlpha() {
    return this == GRAY_ALPHA || this == RGBA;
  }

  int value() {
    return value;
  }

  static Channels of(int value) {
    for (Channels one : values()) {
      if (one.value == value) {
        return one;
      }
    }
    throw new IllegalArgumentException("no Channels has the number " + value);
  }
}

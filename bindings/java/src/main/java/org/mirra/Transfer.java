package org.mirra;

import org.mirra.raw.Constants;

/** What the samples of an image measure. */
public enum Transfer {
  /** As in files and on screens: sRGB, or what the ICC profile says. */
  ENCODED(Constants.MIRRA_TRANSFER_ENCODED),
  /** Linear light: brought to the sRGB curve before a task sees it, and back afterwards. */
  LINEAR(Constants.MIRRA_TRANSFER_LINEAR);

  private final int value;

  Transfer(int value) {
    this.value = value;
  }

  int value() {
    return value;
  }

  static Transfer of(int value) {
    for (Transfer one : values()) {
      if (one.value == value) {
        return one;
      }
    }
    throw new IllegalArgumentException("no Transfer has the number " + value);
  }
}

package org.mirra;

import org.mirra.raw.Constants;

/** Types of ports, parameters and values. */
public enum Type {
  /** {@link Boolean}. */
  BOOL(Constants.MIRRA_TYPE_BOOL),
  /** {@link Long}; any integer is taken. */
  INT(Constants.MIRRA_TYPE_INT),
  /** {@link Double}; any number is taken. */
  FLOAT(Constants.MIRRA_TYPE_FLOAT),
  /** {@link String}. */
  STRING(Constants.MIRRA_TYPE_STRING),
  /** {@link String}, one of the choices. */
  ENUM(Constants.MIRRA_TYPE_ENUM),
  /** An image: a port's. */
  IMAGE(Constants.MIRRA_TYPE_IMAGE),
  /** A {@link Tensor}: a port's. */
  TENSOR(Constants.MIRRA_TYPE_TENSOR),
  /** Path of a file to read, or "": a parameter's; {@link java.nio.file.Path} is taken. */
  FILE(Constants.MIRRA_TYPE_FILE),
  /** "#rrggbb" or "#rrggbbaa" on the sRGB curve: a parameter's; {@link java.awt.Color} is taken. */
  COLOR(Constants.MIRRA_TYPE_COLOR);

  private final int value;

  Type(int value) {
    this.value = value;
  }

  int value() {
    return value;
  }

  static Type of(int value) {
    for (Type one : values()) {
      if (one.value == value) {
        return one;
      }
    }
    throw new IllegalArgumentException("no Type has the number " + value);
  }
}

package org.mirra;

import org.mirra.raw.Constants;

/** The kind of an error, for programs to decide on. */
public enum ErrorCode {
  /** An argument or parameter is missing, out of range or of the wrong type. */
  INVALID_ARGUMENT(Constants.MIRRA_E_INVALID_ARGUMENT),
  /** A file, folder, task, device, graph or parameter does not exist. */
  NOT_FOUND(Constants.MIRRA_E_NOT_FOUND),
  /** Reading or writing failed: permission, full disk. */
  IO(Constants.MIRRA_E_IO),
  /** A file's content contradicts its format. */
  CORRUPT(Constants.MIRRA_E_CORRUPT),
  /** Valid, but this build or version cannot do it. */
  UNSUPPORTED(Constants.MIRRA_E_UNSUPPORTED),
  /** A safety limit (pixels, nodes, bytes) is exceeded. */
  LIMIT(Constants.MIRRA_E_LIMIT),
  /** The memory limit is too small, even for the smallest tile. */
  BUDGET(Constants.MIRRA_E_BUDGET),
  /** The caller cancelled. */
  CANCELLED(Constants.MIRRA_E_CANCELLED),
  /** The device is missing or failed. */
  DEVICE(Constants.MIRRA_E_DEVICE),
  /** A plugin is missing, incompatible or failed. */
  PLUGIN(Constants.MIRRA_E_PLUGIN),
  /** Two inputs do not fit together: bundle and task, shapes, sizes. */
  MISMATCH(Constants.MIRRA_E_MISMATCH),
  /** An allocation failed. */
  OUT_OF_MEMORY(Constants.MIRRA_E_OUT_OF_MEMORY),
  /** The object is in use by another call. */
  BUSY(Constants.MIRRA_E_BUSY),
  /** The time given for a wait is over; what was waited for goes on. */
  TIMEOUT(Constants.MIRRA_E_TIMEOUT),
  /** A bug in Mirra, or a code that this version of the package does not know. */
  INTERNAL(Constants.MIRRA_E_INTERNAL);

  private final int value;

  ErrorCode(int value) {
    this.value = value;
  }

  /**
   * The number of the C interface.
   *
   * @return a negative number
   */
  public int value() {
    return value;
  }

  static ErrorCode of(int value) {
    for (ErrorCode code : values()) {
      if (code.value == value) {
        return code;
      }
    }
    return INTERNAL;
  }
}

package org.mirra;

import org.mirra.raw.Constants;

/** How grave a message is. */
public enum LogLevel {
  /** For who looks for a fault. */
  DEBUG(Constants.MIRRA_LOG_DEBUG),
  /** What happens. */
  INFO(Constants.MIRRA_LOG_INFO),
  /** Something is not as it should be; work goes on. */
  WARNING(Constants.MIRRA_LOG_WARNING),
  /** Something failed. */
  ERROR(Constants.MIRRA_LOG_ERROR);

  private final int value;

  LogLevel(int value) {
    this.value = value;
  }

  int value() {
    return value;
  }

  static LogLevel of(int value) {
    for (LogLevel one : values()) {
      if (one.value == value) {
        return one;
      }
    }
    throw new IllegalArgumentException("no LogLevel has the number " + value);
  }
}

package org.mirra;

/** Receives messages for people. */
@FunctionalInterface
public interface LogListener {
  /**
   * Takes a message. It is called from any thread, possibly from several at once. What it throws
   * goes to the thread's {@link Thread.UncaughtExceptionHandler}.
   *
   * @param level how grave it is
   * @param message one line
   */
  void log(LogLevel level, String message);
}

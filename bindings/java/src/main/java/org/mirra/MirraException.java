package org.mirra;

import static org.mirra.raw.StatusFunctions.mirra_error_code;
import static org.mirra.raw.StatusFunctions.mirra_error_destroy;
import static org.mirra.raw.StatusFunctions.mirra_error_hint;
import static org.mirra.raw.StatusFunctions.mirra_error_message;
import static org.mirra.raw.StatusFunctions.mirra_error_subject;

import java.lang.foreign.MemorySegment;
import org.mirra.internal.Frame;

/**
 * What went wrong, what it was about, and what to do about it.
 *
 * <p>It is unchecked: most callers can only report it. {@link #code} is for those who decide.
 */
public final class MirraException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The kind of the error. */
  private final ErrorCode code;

  /** What it is about. */
  private final String subject;

  /** What to do. */
  private final String hint;

  /** What went wrong. */
  private final String sentence;

  MirraException(ErrorCode code, String sentence, String subject, String hint) {
    super(described(sentence, subject, hint));
    this.code = code;
    this.sentence = sentence;
    this.subject = subject;
    this.hint = hint;
  }

  /** Many sentences name what they are about; the others get it in front. */
  private static String described(String sentence, String subject, String hint) {
    String about = sentence.contains(subject) ? "" : subject + ": ";
    return about + sentence + (hint.isEmpty() ? "" : " (" + hint + ")");
  }

  /** Throws what a failed call says. */
  static void check(int status, Frame frame) {
    if (status != 0) {
      throw of(status, frame.errorObject());
    }
  }

  private static MirraException of(int status, MemorySegment error) {
    try {
      return new MirraException(
          ErrorCode.of(Frame.isNull(error) ? status : mirra_error_code(error)),
          Frame.text(mirra_error_message(error)),
          Frame.text(mirra_error_subject(error)),
          Frame.text(mirra_error_hint(error)));
    } finally {
      mirra_error_destroy(error);
    }
  }

  /**
   * The kind of the error.
   *
   * @return never null
   */
  public ErrorCode code() {
    return code;
  }

  /**
   * One sentence that says what went wrong. {@link #getMessage} has the subject and the hint
   * besides.
   *
   * @return the sentence
   */
  public String sentence() {
    return sentence;
  }

  /**
   * What the error is about: a file, a parameter, a tensor.
   *
   * @return its name, or ""
   */
  public String subject() {
    return subject;
  }

  /**
   * What to do about it.
   *
   * @return a sentence, or ""
   */
  public String hint() {
    return hint;
  }
}

package org.mirra;

import java.io.IOException;

/** A picture that is written piece by piece. */
public interface ImageSink {
  /**
   * What the picture is. Its size is that of the run's output. Formats with alpha are refused.
   *
   * @return the same at each call
   */
  ImageSpec spec();

  /**
   * Takes a part of the output. Each pixel comes once. It comes from a thread of the run, one call
   * at a time. What it throws stops the run, and comes out of it.
   *
   * @param rect within the output
   * @param pixels of the rectangle, interleaved; they can be read during the call only
   * @throws IOException comes out of the run as {@link java.io.UncheckedIOException}
   */
  void write(Rect rect, Image pixels) throws IOException;
}

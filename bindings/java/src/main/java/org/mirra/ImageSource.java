package org.mirra;

import java.io.IOException;

/** A picture that is read piece by piece and never is in memory as a whole. */
public interface ImageSource {
  /**
   * What the picture is. Formats with alpha are refused.
   *
   * @return the same at each call
   */
  ImageSpec spec();

  /**
   * Fills `pixels` with a part of the picture. It comes from a thread of the run, one call at a
   * time. What it throws stops the run, and comes out of it.
   *
   * @param rect within the picture
   * @param pixels as many as the rectangle has, interleaved; they can be written during the call
   *     only
   * @throws IOException comes out of the run as {@link java.io.UncheckedIOException}
   */
  void read(Rect rect, Image pixels) throws IOException;
}

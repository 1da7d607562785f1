package org.mirra;

import java.io.IOException;

/** Is given each part of an output as soon as it is final. */
@FunctionalInterface
public interface TileListener {
  /**
   * Takes a rectangle of the output. All rectangles together are the output. It comes from a thread
   * of the run. What it throws stops the run, and comes out of it.
   *
   * @param rect where in the output
   * @param pixels of the rectangle; they can be read during the call only
   * @throws IOException comes out of the run as {@link java.io.UncheckedIOException}
   */
  void tile(Rect rect, Image pixels) throws IOException;
}

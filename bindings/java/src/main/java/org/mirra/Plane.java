package org.mirra;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Where samples of an image lie. Strides may be negative.
 *
 * @param memory of native memory or, by {@link MemorySegment#ofArray(byte[])}, of an array
 * @param offset of the first pixel of the first row in the memory, in bytes
 * @param pixelStride bytes from a pixel to the next in its row
 * @param rowStride bytes from a row to the next
 */
public record Plane(MemorySegment memory, long offset, long pixelStride, long rowStride) {
  /** Checks that there is memory. */
  public Plane {
    Objects.requireNonNull(memory, "memory");
  }
}

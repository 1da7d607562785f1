package org.mirra;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import org.mirra.raw.MirraRect;

/**
 * A rectangle in pixels.
 *
 * @param x of the first pixel, from the left
 * @param y of the first pixel, from above
 * @param width in pixels
 * @param height in pixels
 */
public record Rect(long x, long y, long width, long height) {
  MemorySegment toNative(SegmentAllocator allocator) {
    MemorySegment rect = MirraRect.allocate(allocator);
    MirraRect.x(rect, x);
    MirraRect.y(rect, y);
    MirraRect.width(rect, width);
    MirraRect.height(rect, height);
    return rect;
  }

  static Rect of(MemorySegment rect) {
    MemorySegment s = rect.reinterpret(MirraRect.SIZE);
    return new Rect(MirraRect.x(s), MirraRect.y(s), MirraRect.width(s), MirraRect.height(s));
  }
}

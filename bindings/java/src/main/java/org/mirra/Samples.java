package org.mirra;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** One channel of an image, sample by sample, as numbers of 16 bits: U8 stays U8. */
final class Samples {
  private final SampleFormat format;
  private final MemorySegment memory;
  private final long offset;
  private final long pixelStride;
  private final long rowStride;

  Samples(Image image, int channel) {
    format = image.spec().format();
    boolean interleaved = image.planes().size() == 1;
    Plane plane = image.planes().get(interleaved ? 0 : channel);
    memory = plane.memory();
    offset = plane.offset() + (interleaved ? (long) channel * format.bytes() : 0);
    pixelStride = plane.pixelStride();
    rowStride = plane.rowStride();
  }

  int get(int x, int y) {
    long at = offset + x * pixelStride + y * rowStride;
    return switch (format) {
      case U8 -> memory.get(JAVA_BYTE, at) & 0xff;
      case U16 -> memory.get(JAVA_SHORT_UNALIGNED, at) & 0xffff;
      case U16_SWAPPED -> Short.reverseBytes(memory.get(JAVA_SHORT_UNALIGNED, at)) & 0xffff;
      case F16 -> toBits(Float.float16ToFloat(memory.get(JAVA_SHORT_UNALIGNED, at)));
      case F32 -> toBits(memory.get(JAVA_FLOAT_UNALIGNED, at));
    };
  }

  /** Of images of U8 and U16. */
  void set(int x, int y, int value) {
    long at = offset + x * pixelStride + y * rowStride;
    if (format == SampleFormat.U8) {
      memory.set(JAVA_BYTE, at, (byte) value);
    } else {
      memory.set(JAVA_SHORT_UNALIGNED, at, (short) value);
    }
  }

  private static int toBits(float value) {
    return Math.round(Math.clamp(value, 0f, 1f) * 65535f);
  }
}

package org.mirra.conformance;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.mirra.AlphaMode;
import org.mirra.Image;
import org.mirra.ImageSpec;
import org.mirra.Plane;
import org.mirra.SampleFormat;
import org.mirra.Transfer;

/** An image in memory, laid out as a case says. */
final class Layout {
  private static final byte GAP = (byte) 0xaa;

  final Image image;
  private final MemorySegment memory;

  /** arena: null for memory of the garbage collector's. */
  Layout(Fields fields, ImageSpec plain, Arena arena) {
    ImageSpec spec = plain;
    if (fields.has("alpha")) {
      spec = spec.withAlphaMode(AlphaMode.valueOf(fields.text("alpha").toUpperCase()));
    }
    if (fields.has("transfer")) {
      spec = spec.withTransfer(Transfer.valueOf(fields.text("transfer").toUpperCase()));
    }
    boolean planar = fields.has("layout");
    boolean reversed = fields.has("order");
    boolean broadcast = fields.has("broadcast");
    int channels = spec.channels().count();
    long sample = spec.format().bytes();
    long pixelStride = (planar ? sample : sample * channels) + fields.get("pixel_padding").asLong();
    long rowStride = pixelStride * spec.width() + fields.get("row_padding").asLong();
    long rows = broadcast ? 1 : spec.height();
    long size = rowStride * rows;
    memory = allocate(arena, planar ? size * channels : size);
    memory.fill(GAP);
    long corner =
        (fields.get("flip").asBoolean() ? rowStride * (rows - 1) : 0)
            + (fields.get("mirror").asBoolean() ? pixelStride * (spec.width() - 1) : 0);
    long across = fields.get("mirror").asBoolean() ? -pixelStride : pixelStride;
    long down = broadcast ? 0 : fields.get("flip").asBoolean() ? -rowStride : rowStride;
    Plane[] planes = new Plane[planar || reversed ? channels : 1];
    for (int i = 0; i < planes.length; ++i) {
      long place = planar ? size * i : reversed ? sample * (channels - 1 - i) : 0;
      planes[i] = new Plane(memory, corner + place, across, down);
    }
    image = Image.of(spec, planes);
  }

  private static MemorySegment allocate(Arena arena, long bytes) {
    return arena == null
        ? MemorySegment.ofArray(new byte[Math.toIntExact(bytes)])
        : arena.allocate(bytes);
  }

  /** Puts packed, interleaved samples into the memory. */
  void fill(byte[] samples) {
    forEachByte((packed, place) -> memory.set(JAVA_BYTE, place, samples[packed]));
  }

  /** Checks the samples, and that nothing else was written. */
  void check(byte[] expected, double tolerance) {
    byte[] samples = samples(image);
    compare(samples, expected, image.spec().format(), tolerance);
    byte[] all = memory.toArray(JAVA_BYTE);
    forEachByte((packed, place) -> all[Math.toIntExact(place)] = GAP);
    for (byte one : all) {
      if (one != GAP) {
        throw new AssertionError("the run wrote between the samples");
      }
    }
  }

  /** A byte of a sample: its place in packed, interleaved samples, and in the memory. */
  private interface Visitor {
    void visit(int packed, long place);
  }

  private void forEachByte(Visitor visitor) {
    forEachByte(image, visitor);
  }

  private static void forEachByte(Image image, Visitor visitor) {
    ImageSpec spec = image.spec();
    int sample = spec.format().bytes();
    boolean interleaved = image.planes().size() == 1;
    int packed = 0;
    for (int y = 0; y < spec.height(); ++y) {
      for (int x = 0; x < spec.width(); ++x) {
        for (int c = 0; c < spec.channels().count(); ++c) {
          Plane plane = image.planes().get(interleaved ? 0 : c);
          long place = plane.offset() + x * plane.pixelStride() + y * plane.rowStride();
          for (int i = 0; i < sample; ++i) {
            visitor.visit(packed++, place + i + (interleaved ? (long) c * sample : 0));
          }
        }
      }
    }
  }

  /** Packed, interleaved samples of any image whose planes have one memory. */
  static byte[] samples(Image image) {
    ImageSpec spec = image.spec();
    int pixel = spec.channels().count() * spec.format().bytes();
    byte[] samples = new byte[spec.width() * spec.height() * pixel];
    MemorySegment memory = image.planes().getFirst().memory();
    forEachByte(image, (packed, place) -> samples[packed] = memory.get(JAVA_BYTE, place));
    return samples;
  }

  /** Compares samples as numbers of their format. */
  static void compare(byte[] given, byte[] expected, SampleFormat format, double tolerance) {
    if (given.length != expected.length) {
      throw new AssertionError(given.length + " bytes instead of " + expected.length);
    }
    if (tolerance == 0) {
      int first = Arrays.mismatch(given, expected);
      if (first >= 0) {
        throw new AssertionError(
            "byte " + first + " is " + given[first] + " instead of " + expected[first]);
      }
      return;
    }
    for (int i = 0; i < given.length; i += format.bytes()) {
      double difference = Math.abs(number(given, i, format) - number(expected, i, format));
      if (!(difference <= tolerance)) {
        throw new AssertionError("the sample at byte " + i + " differs by " + difference);
      }
    }
  }

  private static double number(byte[] samples, int at, SampleFormat format) {
    MemorySegment all = MemorySegment.ofArray(samples);
    return switch (format) {
      case U8 -> samples[at] & 0xff;
      case U16 -> all.get(java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff;
      case U16_SWAPPED ->
          Short.reverseBytes(all.get(java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED, at))
              & 0xffff;
      case F16 ->
          Float.float16ToFloat(all.get(java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED, at));
      case F32 -> all.get(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED, at);
    };
  }
}

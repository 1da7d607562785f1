package org.mirra;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.mirra.internal.Memory;
import org.mirra.raw.MirraImage;
import org.mirra.raw.MirraPlane;

/** The pixels of a call or job: those that are used where they lie, and copies of the others. */
final class Pixels {
  /** What a call does with an image. */
  enum Access {
    READ,
    WRITE
  }

  private static final Thread NOBODY = new Thread(() -> {});

  private final boolean job;

  /** Used in place; referred to, so that the garbage collector leaves it. */
  private final List<MemorySegment> inPlace = new ArrayList<>();

  private final List<Staged> staged = new ArrayList<>();
  private final List<MemorySegment> profiles = new ArrayList<>();

  /** job: the pixels are used after the call has returned. */
  Pixels(boolean job) {
    this.job = job;
  }

  /** Describes an image for C. */
  MemorySegment describe(SegmentAllocator allocator, Image image, Access access) {
    MemorySegment s = describe(allocator, image.spec());
    List<Plane> planes = image.planes();
    Map<MemorySegment, Long> origins = new IdentityHashMap<>();
    MirraImage.plane_count(s, planes.size());
    for (int i = 0; i < planes.size(); ++i) {
      Plane plane = planes.get(i);
      MemorySegment target = MirraImage.planes(s, i);
      if (image.width() > 0 && image.height() > 0) {
        if (!origins.containsKey(plane.memory())) {
          origins.put(plane.memory(), place(image, plane.memory(), access));
        }
        long address = origins.get(plane.memory()) + plane.offset();
        MirraPlane.data(target, MemorySegment.ofAddress(address));
      }
      MirraPlane.pixel_stride(target, plane.pixelStride());
      MirraPlane.row_stride(target, plane.rowStride());
    }
    return s;
  }

  /** Describes an image without its pixels. */
  MemorySegment describe(SegmentAllocator allocator, ImageSpec spec) {
    MemorySegment s = MirraImage.allocate(allocator);
    MirraImage.width(s, spec.width());
    MirraImage.height(s, spec.height());
    MirraImage.format(s, spec.format().value());
    MirraImage.color(s, spec.channels().value());
    MirraImage.alpha_mode(s, spec.alphaMode().value());
    MirraImage.transfer(s, spec.transfer().value());
    if (spec.icc() != null) {
      MemorySegment profile = Memory.allocate(spec.icc().length);
      profiles.add(profile);
      profile.copyFrom(MemorySegment.ofArray(spec.icc()));
      MirraImage.icc(s, profile);
      MirraImage.icc_bytes(s, spec.icc().length);
    }
    return s;
  }

  /** Runs a call during which the arenas of pixels that are used in place cannot be closed. */
  void hold(Runnable call) {
    Memory.hold(inPlace.stream().filter(memory -> !Memory.isLasting(memory)).toList(), call);
  }

  /** Puts results that were written into copies to where they belong. */
  void copyBack() {
    staged.stream().filter(copy -> copy.access == Access.WRITE).forEach(Staged::copyBack);
  }

  /** Frees the copies; nothing may use them any more. */
  void free() {
    staged.forEach(copy -> Memory.free(copy.copy));
    profiles.forEach(Memory::free);
    staged.clear();
    profiles.clear();
    inPlace.clear();
  }

  /** The address that offset 0 of a memory has, or would have. */
  private long place(Image image, MemorySegment memory, Access access) {
    List<Band> bands = Band.of(image, memory);
    if (access == Access.WRITE && memory.isReadOnly()) {
      throw new IllegalArgumentException("the pixels of an output are read-only");
    }
    if (memory.isNative() && (!job || Memory.isLasting(memory))) {
      inPlace.add(memory);
      return memory.address();
    }
    if (job && access == Access.WRITE && !memory.isAccessibleBy(NOBODY)) {
      throw new IllegalArgumentException(
          "the output of a job is memory of a confined arena, which no other thread may write; use"
              + " Image.allocate or a shared arena");
    }
    Staged copy = new Staged(image, memory, bands, access);
    staged.add(copy);
    return copy.copy.address() - copy.low;
  }

  /** Rows of bytes of an image in a memory, from `offset` on, one every `stride` bytes. */
  private record Band(long offset, long length, long stride, long count) {
    static List<Band> of(Image image, MemorySegment memory) {
      List<long[]> spans = new ArrayList<>();
      boolean interleaved = image.planes().size() == 1;
      long bytes = interleaved ? image.spec().pixelBytes() : image.spec().format().bytes();
      long stride = image.planes().getFirst().rowStride();
      for (Plane plane : image.planes()) {
        if (plane.memory() == memory) {
          long reach = Math.multiplyExact(image.width() - 1L, plane.pixelStride());
          long first = Math.addExact(plane.offset(), Math.min(reach, 0));
          spans.add(
              new long[] {first, Math.addExact(first, Math.addExact(Math.abs(reach), bytes))});
        }
      }
      spans.sort((a, b) -> Long.compare(a[0], b[0]));
      List<Band> bands = new ArrayList<>();
      long[] open = spans.getFirst();
      for (long[] span : spans) {
        if (span[0] > open[1]) {
          bands.add(checked(open, stride, image.height(), memory));
          open = span;
        }
        open[1] = Math.max(open[1], span[1]);
      }
      bands.add(checked(open, stride, image.height(), memory));
      return bands;
    }

    private static Band checked(long[] span, long stride, long count, MemorySegment memory) {
      Band band = new Band(span[0], span[1] - span[0], stride, count);
      if (band.low() < 0 || band.high() > memory.byteSize()) {
        throw new IndexOutOfBoundsException(
            "the image takes the bytes "
                + band.low()
                + " to "
                + band.high()
                + " of a memory of "
                + memory.byteSize());
      }
      return band;
    }

    long low() {
      return offset + Math.min(0, Math.multiplyExact(count - 1, stride));
    }

    long high() {
      return offset + Math.max(0, Math.multiplyExact(count - 1, stride)) + length;
    }

    void copy(MemorySegment from, long fromOrigin, MemorySegment to, long toOrigin) {
      if (Math.abs(stride) <= length) {
        long low = low();
        MemorySegment.copy(from, low - fromOrigin, to, low - toOrigin, high() - low);
        return;
      }
      for (long row = 0; row < count; ++row) {
        long at = offset + row * stride;
        MemorySegment.copy(from, at - fromOrigin, to, at - toOrigin, length);
      }
    }
  }

  /** A copy of what an image takes of a memory. */
  private static final class Staged {
    private final Image image;
    private final MemorySegment memory;
    private final List<Band> bands;
    private final Access access;
    private final long low;
    private final MemorySegment copy;

    Staged(Image image, MemorySegment memory, List<Band> bands, Access access) {
      this.image = image;
      this.memory = memory;
      this.bands = bands;
      this.access = access;
      low = bands.stream().mapToLong(Band::low).min().orElseThrow();
      copy = Memory.allocate(bands.stream().mapToLong(Band::high).max().orElseThrow() - low);
      // Of an output too: what lies between its samples goes back with them.
      bands.forEach(band -> band.copy(memory, 0, copy, low));
    }

    void copyBack() {
      if (isShared()) {
        image.planes().stream().filter(plane -> plane.memory() == memory).forEach(this::copyBack);
      } else {
        bands.forEach(band -> band.copy(copy, low, memory, 0));
      }
    }

    /** Whether other planes, in memory objects of their own, may lie between the samples. */
    private boolean isShared() {
      long gap = Math.abs(image.planes().getFirst().pixelStride()) - image.spec().format().bytes();
      return gap > 0
          && image.planes().size() > 1
          && image.planes().stream().anyMatch(plane -> plane.memory() != memory);
    }

    /** The samples alone. */
    private void copyBack(Plane plane) {
      for (long y = 0; y < image.height(); ++y) {
        for (long x = 0; x < image.width(); ++x) {
          long at = plane.offset() + y * plane.rowStride() + x * plane.pixelStride();
          MemorySegment.copy(copy, at - low, memory, at, image.spec().format().bytes());
        }
      }
    }
  }
}

package org.mirra;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.mirra.raw.MirraImage;
import org.mirra.raw.MirraPlane;

/** Images that the library describes. */
final class NativeImages {
  private NativeImages() {}

  /** The pixels for as long as `arena` lives. */
  static Image view(MemorySegment image, Arena arena) {
    MemorySegment s = image.reinterpret(MirraImage.SIZE);
    ImageSpec spec = specOf(s);
    Plane[] planes = new Plane[MirraImage.plane_count(s)];
    long sample = planes.length == 1 ? spec.pixelBytes() : spec.format().bytes();
    boolean packed = (MirraImage.flags(s) & org.mirra.raw.Constants.MIRRA_IMAGE_PACKED) != 0;
    for (int i = 0; i < planes.length; ++i) {
      MemorySegment plane = MirraImage.planes(s, i);
      long pixelStride = packed ? sample : MirraPlane.pixel_stride(plane);
      long rowStride = packed ? sample * spec.width() : MirraPlane.row_stride(plane);
      long across = (spec.width() - 1) * pixelStride;
      long down = (spec.height() - 1) * rowStride;
      long before = Math.min(across, 0) + Math.min(down, 0);
      MemorySegment memory =
          MemorySegment.ofAddress(MirraPlane.data(plane).address() + before)
              .reinterpret(Math.abs(across) + Math.abs(down) + sample, arena, null);
      planes[i] = new Plane(memory, -before, pixelStride, rowStride);
    }
    return Image.of(spec, planes);
  }

  private static ImageSpec specOf(MemorySegment s) {
    MemorySegment icc = MirraImage.icc(s);
    return new ImageSpec(
        MirraImage.width(s),
        MirraImage.height(s),
        SampleFormat.of(MirraImage.format(s)),
        Channels.of(MirraImage.color(s)),
        AlphaMode.of(MirraImage.alpha_mode(s)),
        Transfer.of(MirraImage.transfer(s)),
        icc.address() == 0 ? null : icc.reinterpret(MirraImage.icc_bytes(s)).toArray(JAVA_BYTE));
  }
}

package org.mirra;

import java.lang.foreign.MemorySegment;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraPlan;

/**
 * What a run on an image of some size would do.
 *
 * @param fits false: no tile is small enough for the memory limit; see requiredBytes
 * @param tileCount how many tiles there are
 * @param tileWidth what the network sees of the largest tile, overlap included
 * @param tileHeight likewise
 * @param haloLeft pixels of overlap that the network needs
 * @param haloTop likewise
 * @param haloRight likewise
 * @param haloBottom likewise
 * @param alignment tiles are multiples of this
 * @param peakBytes upper bound of what the session adds to the process; baseBytes included
 * @param baseBytes of these, the runtime's library
 * @param requiredBytes smallest memory limit with which the image can be done
 * @param memoryLimit the session's; 0: none
 * @param precision never AUTO
 * @param device that computes
 * @param precisionReason why that precision
 * @param outputWidth of the output image
 * @param outputHeight of the output image
 */
public record Plan(
    boolean fits,
    long tileCount,
    long tileWidth,
    long tileHeight,
    long haloLeft,
    long haloTop,
    long haloRight,
    long haloBottom,
    long alignment,
    long peakBytes,
    long baseBytes,
    long requiredBytes,
    long memoryLimit,
    Precision precision,
    String device,
    String precisionReason,
    long outputWidth,
    long outputHeight) {
  static Plan of(MemorySegment s) {
    return new Plan(
        MirraPlan.fits(s) != 0,
        MirraPlan.tile_count(s),
        MirraPlan.tile_width(s),
        MirraPlan.tile_height(s),
        MirraPlan.halo_left(s),
        MirraPlan.halo_top(s),
        MirraPlan.halo_right(s),
        MirraPlan.halo_bottom(s),
        MirraPlan.alignment(s),
        MirraPlan.peak_bytes(s),
        MirraPlan.base_bytes(s),
        MirraPlan.required_bytes(s),
        MirraPlan.memory_limit(s),
        Precision.of(MirraPlan.precision(s)),
        Frame.text(MirraPlan.device(s)),
        Frame.text(MirraPlan.precision_reason(s)),
        MirraPlan.output_width(s),
        MirraPlan.output_height(s));
  }
}

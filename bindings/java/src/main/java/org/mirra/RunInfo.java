package org.mirra;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraResultInfo;

/**
 * How a run went.
 *
 * @param device that made it
 * @param precision that made it
 * @param precisionReason why that precision
 * @param time wall clock of the run
 * @param tileCount how many tiles there were
 * @param peakBytes most that tensors and buffers held; baseBytes not included
 * @param baseBytes of the runtime's library
 * @param multiplyAccumulates what its networks did, in multiplications with an addition each
 */
public record RunInfo(
    String device,
    Precision precision,
    String precisionReason,
    Duration time,
    long tileCount,
    long peakBytes,
    long baseBytes,
    long multiplyAccumulates) {
  static RunInfo of(MemorySegment s) {
    return new RunInfo(
        Frame.text(MirraResultInfo.device(s)),
        Precision.of(MirraResultInfo.precision(s)),
        Frame.text(MirraResultInfo.precision_reason(s)),
        Duration.ofNanos(Math.round(MirraResultInfo.seconds(s) * 1e9)),
        MirraResultInfo.tile_count(s),
        MirraResultInfo.peak_bytes(s),
        MirraResultInfo.base_bytes(s),
        MirraResultInfo.multiply_accumulates(s));
  }
}

package org.mirra;

import java.lang.foreign.MemorySegment;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraJobStatus;
import org.mirra.raw.MirraProgress;

/**
 * How far a run is.
 *
 * @param stage "prepare", "measure", "process", "finish"
 * @param fraction of the whole run, 0 ... 1; never goes back
 * @param tile tiles done in this stage
 * @param tileCount of so many; 0 where the stage has none
 * @param bytesNow tensors and buffers held at this moment
 * @param bytesPeak the most so far
 * @param previews how often an unfinished result was put into the output image
 * @param step nodes of the network done, in the tile at hand
 * @param stepCount of so many; 0 where no network runs
 */
public record Progress(
    String stage,
    double fraction,
    long tile,
    long tileCount,
    long bytesNow,
    long bytesPeak,
    long previews,
    long step,
    long stepCount) {
  static Progress of(MemorySegment s) {
    return new Progress(
        Frame.text(MirraProgress.stage(s)),
        MirraProgress.fraction(s),
        MirraProgress.tile(s),
        MirraProgress.tile_count(s),
        MirraProgress.bytes_now(s),
        MirraProgress.bytes_peak(s),
        MirraProgress.previews(s),
        MirraProgress.step(s),
        MirraProgress.step_count(s));
  }

  static Progress ofJob(MemorySegment s) {
    return new Progress(
        Frame.text(MirraJobStatus.stage(s)),
        MirraJobStatus.fraction(s),
        MirraJobStatus.tile(s),
        MirraJobStatus.tile_count(s),
        MirraJobStatus.bytes_now(s),
        MirraJobStatus.bytes_peak(s),
        MirraJobStatus.previews(s),
        MirraJobStatus.step(s),
        MirraJobStatus.step_count(s));
  }
}

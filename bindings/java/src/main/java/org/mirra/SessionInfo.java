package org.mirra;

import java.lang.foreign.MemorySegment;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraSessionInfo;

/**
 * What a session is made of.
 *
 * @param task its name
 * @param pluginId of the plugin that brought the task
 * @param bundlePath "" where the bundle came from memory, or there is none
 * @param bundleName "" where there is none
 * @param bundleSha256 of its tensors, in hex; "" likewise
 * @param quality that was asked for; "" if none was
 * @param device "cpu", "cuda:0"
 * @param precision never AUTO
 * @param precisionReason why that precision
 * @param memoryLimit in bytes; 0: none
 * @param threads 0: as many as the process may use
 * @param tileSize 0: chosen
 */
public record SessionInfo(
    String task,
    String pluginId,
    String bundlePath,
    String bundleName,
    String bundleSha256,
    String quality,
    String device,
    Precision precision,
    String precisionReason,
    long memoryLimit,
    int threads,
    int tileSize) {
  static SessionInfo of(MemorySegment s) {
    return new SessionInfo(
        Frame.text(MirraSessionInfo.task(s)),
        Frame.text(MirraSessionInfo.plugin_id(s)),
        Frame.text(MirraSessionInfo.bundle_path(s)),
        Frame.text(MirraSessionInfo.bundle_name(s)),
        Frame.text(MirraSessionInfo.bundle_sha256(s)),
        Frame.text(MirraSessionInfo.quality(s)),
        Frame.text(MirraSessionInfo.device(s)),
        Precision.of(MirraSessionInfo.precision(s)),
        Frame.text(MirraSessionInfo.precision_reason(s)),
        MirraSessionInfo.memory_limit(s),
        MirraSessionInfo.threads(s),
        MirraSessionInfo.tile_size(s));
  }
}

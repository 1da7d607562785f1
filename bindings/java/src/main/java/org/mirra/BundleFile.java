package org.mirra;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraBundleRecord;

/**
 * A bundle that an engine found in its folders.
 *
 * @param path of the file
 * @param name of the manifest; "" if it cannot be read
 * @param task of the manifest; "" likewise
 * @param quality what {@link Session.Builder#quality} takes for the task; "" for a bundle that is
 *     none of the task's default ones
 * @param usable sessions can be made of it
 * @param reason why it cannot be used, and what to do; "" if usable
 * @param bytes of the file
 */
public record BundleFile(
    Path path,
    String name,
    String task,
    String quality,
    boolean usable,
    String reason,
    long bytes) {
  static BundleFile of(MemorySegment s) {
    return new BundleFile(
        Path.of(Frame.text(MirraBundleRecord.path(s))),
        Frame.text(MirraBundleRecord.name(s)),
        Frame.text(MirraBundleRecord.task(s)),
        Frame.text(MirraBundleRecord.quality(s)),
        MirraBundleRecord.usable(s) != 0,
        Frame.text(MirraBundleRecord.reason(s)),
        MirraBundleRecord.bytes(s));
  }
}

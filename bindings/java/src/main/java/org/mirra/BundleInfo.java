package org.mirra;

import java.lang.foreign.MemorySegment;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraBundleInfo;

/**
 * What a bundle is.
 *
 * @param name of the bundle: "denoiser"
 * @param task that it is for; "" for a bare network
 * @param architecture informative
 * @param licence of the weights; "" if it says nothing
 * @param sha256 of the tensors, in hex
 * @param graphCount how many networks it has
 * @param tensorCount how many tensors it has
 * @param tensorBytes as stored
 */
public record BundleInfo(
    String name,
    String task,
    String architecture,
    String licence,
    String sha256,
    int graphCount,
    long tensorCount,
    long tensorBytes) {
  static BundleInfo of(MemorySegment s) {
    return new BundleInfo(
        Frame.text(MirraBundleInfo.name(s)),
        Frame.text(MirraBundleInfo.task(s)),
        Frame.text(MirraBundleInfo.architecture(s)),
        Frame.text(MirraBundleInfo.licence(s)),
        Frame.text(MirraBundleInfo.sha256(s)),
        MirraBundleInfo.graph_count(s),
        MirraBundleInfo.tensor_count(s),
        MirraBundleInfo.tensor_bytes(s));
  }
}

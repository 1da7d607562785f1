package org.mirra;

import java.lang.foreign.MemorySegment;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraRuntimeInfo;

/**
 * What came of loading the module that runs networks.
 *
 * @param usable it is loaded
 * @param path file of the module; "" if none was found
 * @param version what the module says of itself
 * @param reason why it cannot be used, and what to do; "" if usable
 * @param baseBytes resident memory that loading it added to the process
 * @param libtorchPath file of the LibTorch that is loaded; "" if none is
 * @param libtorchOrigin why that one
 * @param libtorchVersion what that file says of itself; "" if it says nothing
 */
public record RuntimeModule(
    boolean usable,
    String path,
    String version,
    String reason,
    long baseBytes,
    String libtorchPath,
    String libtorchOrigin,
    String libtorchVersion) {
  static RuntimeModule of(MemorySegment s) {
    return new RuntimeModule(
        MirraRuntimeInfo.usable(s) != 0,
        Frame.text(MirraRuntimeInfo.path(s)),
        Frame.text(MirraRuntimeInfo.version(s)),
        Frame.text(MirraRuntimeInfo.reason(s)),
        MirraRuntimeInfo.base_bytes(s),
        Frame.text(MirraRuntimeInfo.libtorch_path(s)),
        Frame.text(MirraRuntimeInfo.libtorch_origin(s)),
        Frame.text(MirraRuntimeInfo.libtorch_version(s)));
  }
}

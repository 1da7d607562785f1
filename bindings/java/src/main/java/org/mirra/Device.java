package org.mirra;

import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraDeviceInfo;

/**
 * A processor or card.
 *
 * @param id what callers write: "cpu", "cuda:0"
 * @param name of the processor or card
 * @param usable it can be used
 * @param reason why it cannot be used, and what to do; "" if usable
 * @param memoryBytes in all; 0: unknown
 * @param precisions that the hardware supports
 */
public record Device(
    String id,
    String name,
    boolean usable,
    String reason,
    long memoryBytes,
    Set<Precision> precisions) {
  static Device of(MemorySegment s) {
    Set<Precision> precisions = EnumSet.noneOf(Precision.class);
    for (Precision precision : Precision.values()) {
      if ((MirraDeviceInfo.precisions(s) >>> precision.value() & 1) != 0) {
        precisions.add(precision);
      }
    }
    return new Device(
        Frame.text(MirraDeviceInfo.id(s)),
        Frame.text(MirraDeviceInfo.name(s)),
        MirraDeviceInfo.usable(s) != 0,
        Frame.text(MirraDeviceInfo.reason(s)),
        MirraDeviceInfo.memory_bytes(s),
        Set.copyOf(precisions));
  }
}

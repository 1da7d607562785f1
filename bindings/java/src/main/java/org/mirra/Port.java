package org.mirra;

import java.lang.foreign.MemorySegment;
import org.mirra.internal.Frame;
import org.mirra.raw.Constants;
import org.mirra.raw.MirraPortInfo;

/**
 * An input or output of a task.
 *
 * @param name what callers write: "image"
 * @param label what people read: "Image"
 * @param doc a sentence or more
 * @param input true for what a run reads, false for what it writes
 * @param type of what goes through it
 * @param unit "" where there is none
 * @param optional may be left out of a run
 * @param asIs the task sees the image's own channels; otherwise it sees RGB
 * @param colored an output in colours, which a gray image would lose
 * @param withAlpha alpha goes through the task as a channel
 * @param series the series that it belongs to ("style"), or ""
 * @param seriesPlace its place in the series, from 1; 0 where there is none
 * @param maxCount how many of its kind the series has at most
 */
public record Port(
    String name,
    String label,
    String doc,
    boolean input,
    Type type,
    String unit,
    boolean optional,
    boolean asIs,
    boolean colored,
    boolean withAlpha,
    String series,
    int seriesPlace,
    int maxCount) {

  static Port of(MemorySegment s) {
    int flags = MirraPortInfo.flags(s);
    return new Port(
        Frame.text(MirraPortInfo.name(s)),
        Frame.text(MirraPortInfo.label(s)),
        Frame.text(MirraPortInfo.doc(s)),
        MirraPortInfo.direction(s) == Constants.MIRRA_PORT_INPUT,
        Type.of(MirraPortInfo.type(s)),
        Frame.text(MirraPortInfo.unit(s)),
        (flags & Constants.MIRRA_PORT_OPTIONAL) != 0,
        (flags & Constants.MIRRA_PORT_AS_IS) != 0,
        (flags & Constants.MIRRA_PORT_COLORED) != 0,
        (flags & Constants.MIRRA_PORT_WITH_ALPHA) != 0,
        Frame.text(MirraPortInfo.series(s)),
        MirraPortInfo.series_place(s),
        MirraPortInfo.max_count(s));
  }
}

package org.mirra;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraGraphInfo;

/**
 * A network of a bundle.
 *
 * @param name of the network
 * @param inputs their names
 * @param inputChannels one for each input
 * @param outputs their names
 * @param tileable false: an output depends on the whole input
 * @param parameterCount trainable values
 * @param alignment heights and widths must be multiples of it
 * @param minimumExtent smallest height and width
 * @param haloLeft pixels left of an aligned block that its output depends on
 * @param haloTop pixels above it
 * @param haloRight pixels right of it
 * @param haloBottom pixels below it
 */
public record Graph(
    String name,
    List<String> inputs,
    List<Long> inputChannels,
    List<String> outputs,
    boolean tileable,
    long parameterCount,
    long alignment,
    long minimumExtent,
    long haloLeft,
    long haloTop,
    long haloRight,
    long haloBottom) {
  static Graph of(MemorySegment s) {
    int inputCount = MirraGraphInfo.input_count(s);
    long[] channels =
        MirraGraphInfo.input_channels(s)
            .reinterpret(inputCount * JAVA_LONG.byteSize())
            .toArray(JAVA_LONG);
    return new Graph(
        Frame.text(MirraGraphInfo.name(s)),
        Frame.texts(MirraGraphInfo.inputs(s), inputCount),
        Arrays.stream(channels).boxed().toList(),
        Frame.texts(MirraGraphInfo.outputs(s), MirraGraphInfo.output_count(s)),
        MirraGraphInfo.tileable(s) != 0,
        MirraGraphInfo.parameter_count(s),
        MirraGraphInfo.alignment(s),
        MirraGraphInfo.minimum_extent(s),
        MirraGraphInfo.halo_left(s),
        MirraGraphInfo.halo_top(s),
        MirraGraphInfo.halo_right(s),
        MirraGraphInfo.halo_bottom(s));
  }
}

package org.mirra;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.mirra.internal.Frame;
import org.mirra.raw.Constants;
import org.mirra.raw.MirraParamInfo;

/**
 * A parameter of a task.
 *
 * @param name what callers write: "sigma"
 * @param label what people read: "Noise level"
 * @param doc one paragraph
 * @param type BOOL, INT, FLOAT, STRING, ENUM, FILE or COLOR
 * @param group for dialogs, or ""
 * @param unit "1/255", or ""
 * @param defaultValue {@link Boolean}, {@link Long}, {@link Double} or {@link String}; a String
 *     also for a number whose default is one of the choices ("auto")
 * @param minimum of a number: smaller ones are refused
 * @param maximum of a number: larger ones are refused
 * @param softMinimum lower end of a slider
 * @param softMaximum upper end of a slider
 * @param step of a slider or spin button; 0: the host's choice
 * @param choices the values of an ENUM, and what a number may be besides ("auto")
 * @param visibleIf "NAME=VALUE" or "NAME=VALUE|VALUE": shown only while another parameter has that
 *     value; or ""
 * @param advanced a dialog may hide it at first
 * @param deprecated still honoured; its doc says what to use instead
 * @param inPixels a length in pixels of the image: a run on a reduced image multiplies it
 * @param since version of the plugin's task that brought it, from 1
 * @param series the series that it belongs to ("style"), or ""
 * @param seriesPlace its place in the series, from 1; 0 where there is none
 * @param maxCount how many of its kind the series has at most
 */
public record Param(
    String name,
    String label,
    String doc,
    Type type,
    String group,
    String unit,
    Object defaultValue,
    double minimum,
    double maximum,
    double softMinimum,
    double softMaximum,
    double step,
    List<Choice> choices,
    String visibleIf,
    boolean advanced,
    boolean deprecated,
    boolean inPixels,
    int since,
    String series,
    int seriesPlace,
    int maxCount) {

  static Param of(MemorySegment s) {
    Type type = Type.of(MirraParamInfo.type(s));
    int flags = MirraParamInfo.flags(s);
    return new Param(
        Frame.text(MirraParamInfo.name(s)),
        Frame.text(MirraParamInfo.label(s)),
        Frame.text(MirraParamInfo.doc(s)),
        type,
        Frame.text(MirraParamInfo.group(s)),
        Frame.text(MirraParamInfo.unit(s)),
        defaultOf(s, type),
        MirraParamInfo.minimum(s),
        MirraParamInfo.maximum(s),
        MirraParamInfo.soft_minimum(s),
        MirraParamInfo.soft_maximum(s),
        MirraParamInfo.step(s),
        choicesOf(s),
        Frame.text(MirraParamInfo.visible_if(s)),
        (flags & Constants.MIRRA_PARAM_ADVANCED) != 0,
        (flags & Constants.MIRRA_PARAM_DEPRECATED) != 0,
        (flags & Constants.MIRRA_PARAM_PIXELS) != 0,
        MirraParamInfo.since(s),
        Frame.text(MirraParamInfo.series(s)),
        MirraParamInfo.series_place(s),
        MirraParamInfo.max_count(s));
  }

  private static Object defaultOf(MemorySegment s, Type type) {
    MemorySegment text = MirraParamInfo.default_text(s);
    double number = MirraParamInfo.default_value(s);
    if (!Frame.isNull(text)) {
      return Frame.text(text);
    }
    return switch (type) {
      case BOOL -> number != 0;
      case INT -> (long) number;
      case FLOAT -> number;
      default -> "";
    };
  }

  private static List<Choice> choicesOf(MemorySegment s) {
    int count = MirraParamInfo.choice_count(s);
    List<String> values = Frame.texts(MirraParamInfo.choices(s), count);
    List<String> labels = Frame.texts(MirraParamInfo.choice_labels(s), count);
    List<Choice> choices = new ArrayList<>(count);
    for (int i = 0; i < count; ++i) {
      choices.add(new Choice(values.get(i), labels.get(i)));
    }
    return List.copyOf(choices);
  }
}

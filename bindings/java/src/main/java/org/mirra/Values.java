package org.mirra;

import java.awt.Color;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraValue;

/** Values of plain types as Java's objects. */
final class Values {
  private Values() {}

  static MemorySegment toNative(Frame frame, String name, Object value) {
    MemorySegment s = MirraValue.allocate(frame.arena());
    switch (value) {
      case Boolean flag -> integer(s, Type.BOOL, flag ? 1 : 0);
      case Long number -> integer(s, Type.INT, number);
      case Integer number -> integer(s, Type.INT, number);
      case Short number -> integer(s, Type.INT, number);
      case Byte number -> integer(s, Type.INT, number);
      case Double number -> real(s, number);
      case Float number -> real(s, Double.parseDouble(number.toString()));
      case String text -> text(s, frame, text);
      case Path path -> text(s, frame, path.toString());
      case Color color -> text(s, frame, hex(color));
      case Enum<?> constant -> text(s, frame, constant.toString());
      case null -> throw new IllegalArgumentException("the value of '" + name + "' is null");
      default ->
          throw new IllegalArgumentException(
              "'"
                  + name
                  + "' cannot be a "
                  + value.getClass().getName()
                  + "; give a Boolean, a number, a String, a Path or a Color");
    }
    return s;
  }

  private static void integer(MemorySegment s, Type type, long value) {
    MirraValue.type(s, type.value());
    MirraValue.integer(s, value);
  }

  private static void real(MemorySegment s, double value) {
    MirraValue.type(s, Type.FLOAT.value());
    MirraValue.real(s, value);
  }

  private static void text(MemorySegment s, Frame frame, String value) {
    MirraValue.type(s, Type.STRING.value());
    MirraValue.text(s, frame.string(value));
  }

  private static String hex(Color color) {
    String rgb = String.format("#%02x%02x%02x", color.getRed(), color.getGreen(), color.getBlue());
    return color.getAlpha() == 255 ? rgb : rgb + String.format("%02x", color.getAlpha());
  }

  static Object of(MemorySegment s) {
    return switch (Type.of(MirraValue.type(s))) {
      case BOOL -> MirraValue.integer(s) != 0;
      case INT -> MirraValue.integer(s);
      case FLOAT -> MirraValue.real(s);
      default -> Frame.text(MirraValue.text(s));
    };
  }

  /** A JSON object of values of plain types. */
  static String json(Map<String, ?> values) {
    StringBuilder json = new StringBuilder("{");
    values.forEach(
        (name, value) -> {
          json.append(json.length() > 1 ? "," : "").append(quoted(name)).append(':');
          switch (value) {
            case Boolean flag -> json.append(flag);
            case Number number -> json.append(finite(name, number));
            case Color color -> json.append(quoted(hex(color)));
            case null -> throw new IllegalArgumentException("the value of '" + name + "' is null");
            default -> json.append(quoted(value.toString()));
          }
        });
    return json.append('}').toString();
  }

  private static Number finite(String name, Number number) {
    if (!Double.isFinite(number.doubleValue())) {
      throw new IllegalArgumentException("'" + name + "' is " + number);
    }
    return number;
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c < ' ') {
        quoted.append(String.format("\\u%04x", (int) c));
      } else {
        quoted.append(c == '"' || c == '\\' ? "\\" : "").append(c);
      }
    }
    return quoted.append('"').toString();
  }
}

package org.mirra.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.mirra.Tensor;

/** Compares what the binding gave with what a case expects. */
final class Expect {
  private final Suite suite;

  Expect(Suite suite) {
    this.suite = suite;
  }

  /** The fields of a record under the names that mirra.h has. */
  static Map<String, Object> fields(Record object) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (RecordComponent component : object.getClass().getRecordComponents()) {
      String name = component.getName().replaceAll("([A-Z])", "_$1").toLowerCase();
      try {
        fields.put(name, component.getAccessor().invoke(object));
      } catch (ReflectiveOperationException e) {
        throw new AssertionError(e);
      }
    }
    return fields;
  }

  /** Each expected field is there and equal. */
  void fields(JsonNode expected, Map<String, ?> given) {
    expected
        .properties()
        .forEach(
            entry -> {
              if (!given.containsKey(entry.getKey())) {
                throw new AssertionError("there is no " + entry.getKey() + " in " + given);
              }
              value(entry.getKey(), suite.expected(entry.getValue()), given.get(entry.getKey()));
            });
  }

  void value(String name, JsonNode expected, Object given) {
    boolean equal =
        switch (given) {
          case Number number when expected.isNumber() ->
              close(number.doubleValue(), expected.asDouble());
          case Boolean flag -> expected.isBoolean() && expected.asBoolean() == flag;
          case Enum<?> one -> expected.asText().equals(one.name().toLowerCase());
          case JsonNode node when node.isNumber() && expected.isNumber() ->
              close(node.asDouble(), expected.asDouble());
          case JsonNode node -> node.equals(expected);
          default -> expected.isTextual() && expected.asText().equals(given.toString());
        };
    if (!equal) {
      throw new AssertionError(name + " is " + given + " instead of " + expected);
    }
  }

  private static boolean close(double given, double expected) {
    return Math.abs(given - expected) <= 1e-9 * Math.abs(expected);
  }

  /** {name in the set: name in the index}. */
  void tensors(JsonNode expected, Map<String, Tensor> given) {
    expected
        .properties()
        .forEach(
            entry -> {
              Tensor tensor = given.get(entry.getKey());
              Tensor wanted = suite.tensor(entry.getValue().asText());
              if (tensor == null
                  || !Arrays.equals(tensor.shape(), wanted.shape())
                  || !Arrays.equals(tensor.data(), wanted.data())) {
                throw new AssertionError(
                    entry.getKey() + " is " + tensor + " and not " + entry.getValue().asText());
              }
            });
  }
}

package org.mirra.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A JSON object of which every field must be looked at. */
final class Fields {
  private final JsonNode node;
  private final Set<String> read = new HashSet<>();
  private final List<Fields> inner = new ArrayList<>();

  Fields(JsonNode node) {
    this.node = node;
  }

  boolean has(String name) {
    read.add(name);
    return node.hasNonNull(name);
  }

  JsonNode get(String name) {
    read.add(name);
    return node.path(name);
  }

  String text(String name) {
    return has(name) ? get(name).asText() : null;
  }

  /** An object within, whose fields must be looked at too. */
  Fields object(String name) {
    return track(new Fields(get(name)));
  }

  /** Objects by name. */
  Map<String, Fields> objects(String name) {
    Map<String, Fields> all = new LinkedHashMap<>();
    get(name)
        .properties()
        .forEach(entry -> all.put(entry.getKey(), track(new Fields(entry.getValue()))));
    return all;
  }

  private Fields track(Fields fields) {
    inner.add(fields);
    return fields;
  }

  void checkAllRead() {
    node.fieldNames()
        .forEachRemaining(
            name -> {
              if (!read.contains(name)) {
                throw new AssertionError("the runner does not know the field '" + name + "'");
              }
            });
    inner.forEach(Fields::checkAllRead);
  }

  @Override
  public String toString() {
    return node.toString();
  }
}

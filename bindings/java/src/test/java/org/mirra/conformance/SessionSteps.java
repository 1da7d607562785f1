package org.mirra.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.mirra.Bundle;
import org.mirra.Rect;
import org.mirra.Session;

/** Steps on sessions, but for runs. */
final class SessionSteps {
  private final CaseRunner run;

  SessionSteps(CaseRunner run) {
    this.run = run;
  }

  void addTo(Map<String, CaseRunner.Step> steps) {
    steps.put("session", this::session);
    steps.put("set", step -> of(step).setAll(values(step.get("values"))));
    steps.put("set_text", step -> of(step).setText(step.text("name"), step.text("text")));
    steps.put("get", this::get);
    steps.put(
        "reset",
        step -> {
          Session session = of(step);
          if (step.has("name")) {
            session.reset(step.text("name"));
          } else {
            session.reset();
          }
        });
    steps.put("clone", step -> run.put(step.text("as"), of(step).copy()));
    steps.put(
        "session_info",
        step -> run.expect.fields(step.get("expect"), Expect.fields(of(step).info())));
    steps.put(
        "plan",
        step ->
            run.expect.fields(
                step.get("expect"),
                Expect.fields(
                    of(step).plan(step.get("width").asInt(), step.get("height").asInt()))));
    steps.put("required", this::required);
    steps.put(
        "shutdown",
        step ->
            run.engineOf(step)
                .shutdown(Duration.ofMillis((long) (1000 * step.get("seconds").asDouble()))));
  }

  private Session of(Fields step) {
    return run.object(step.text("session"), Session.class);
  }

  private static Map<String, Object> values(JsonNode node) {
    Map<String, Object> values = new LinkedHashMap<>();
    node.properties().forEach(entry -> values.put(entry.getKey(), value(entry.getValue())));
    return values;
  }

  private static Object value(JsonNode node) {
    if (node.isBoolean()) {
      return node.asBoolean();
    }
    if (node.isIntegralNumber()) {
      return node.asLong();
    }
    return node.isNumber() ? (Object) node.asDouble() : node.asText();
  }

  private void session(Fields step) {
    Session.Builder builder =
        run.engineOf(step)
            .newSession(step.text("task"))
            .quality(step.text("quality"))
            .device(step.text("device"))
            .memoryLimit(step.get("memory_limit").asLong())
            .threads(step.get("threads").asInt())
            .tileSize(step.get("tile_size").asInt());
    if (step.has("bundle")) {
      builder.bundle(run.object(step.text("bundle"), Bundle.class));
    }
    values(step.get("set")).forEach(builder::set);
    run.put(step.text("as"), builder.create());
  }

  private void get(Fields step) {
    Session session = of(step);
    Map<String, Object> given = new HashMap<>();
    step.get("expect").fieldNames().forEachRemaining(name -> given.put(name, session.get(name)));
    run.expect.fields(step.get("expect"), given);
  }

  private void required(Fields step) {
    Rect required =
        of(step)
            .required(
                step.get("width").asInt(),
                step.get("height").asInt(),
                RunSteps.rect(step.get("region")));
    Rect expected = RunSteps.rect(step.get("expect"));
    if (!required.equals(expected)) {
      throw new AssertionError(required + " instead of " + expected);
    }
  }
}

package org.mirra.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.mirra.Bundle;
import org.mirra.CancelToken;
import org.mirra.Engine;
import org.mirra.EngineBuilder;
import org.mirra.GraphOptions;
import org.mirra.Job;
import org.mirra.Mirra;
import org.mirra.PluginFile;
import org.mirra.Tensor;
import org.mirra.Tensors;

/** Steps on engines, bundles, tensors and files, and what closes and cancels. */
final class ObjectSteps {
  /** Tensors by name, as an object of a case: a plain map has nothing to close. */
  record Set(Map<String, Tensor> tensors) implements AutoCloseable {
    @Override
    public void close() {}
  }

  private final CaseRunner run;

  ObjectSteps(CaseRunner run) {
    this.run = run;
  }

  void addTo(Map<String, CaseRunner.Step> steps) {
    steps.put(
        "version",
        step -> run.expect.fields(step.get("expect"), Map.of("abi", Mirra.abiVersion())));
    steps.put("engine", this::engine);
    steps.put("plugin", this::plugin);
    steps.put(
        "device",
        step ->
            run.expect.fields(
                step.get("expect"),
                Expect.fields(run.engineOf(step).devices().get(step.get("index").asInt()))));
    steps.put("schema", this::schema);
    steps.put("find_bundle", step -> run.engineOf(step).findBundle(run.word(step.text("name"))));
    steps.put("bundle", this::bundle);
    steps.put(
        "bundle_info",
        step ->
            run.expect.fields(
                step.get("expect"),
                Expect.fields(run.object(step.text("bundle"), Bundle.class).info())));
    steps.put("tensors", this::tensors);
    steps.put("tensors_read", this::readTensors);
    steps.put("tensors_write", this::writeTensors);
    steps.put("tensors_equal", step -> checked(step, set(step, "tensors")));
    steps.put("graph", this::graph);
    steps.put(
        "file_write",
        step ->
            Mirra.writeFile(run.path(step.text("file")), Suite.bytes(run.path(step.text("from")))));
    steps.put("cancel_token", step -> run.put(step.text("as"), new CancelToken()));
    steps.put("cancel", this::cancel);
    steps.put("close", step -> run.object(step.text("what"), AutoCloseable.class).close());
  }

  private void engine(Fields step) {
    EngineBuilder builder = Engine.builder();
    builder.pluginPath(
        step.has("plugin_path")
            ? Path.of(run.word(step.text("plugin_path")))
            : run.suite.plugins());
    for (JsonNode flag : step.get("flags")) {
      switch (flag.asText()) {
        case "plugin_path_only" -> builder.pluginPathOnly();
        case "plugin_scan_process" -> builder.scanPlugins();
        case "isolation_process" -> builder.isolated();
        default -> throw new AssertionError("the runner does not know the flag " + flag);
      }
    }
    if (step.has("plugin_skip")) {
      builder.skipPlugins(step.text("plugin_skip"));
    }
    run.put(step.text("as"), builder.create());
  }

  private void plugin(Fields step) {
    Path file = Path.of(step.text("file"));
    PluginFile found =
        run.engineOf(step).plugins().stream()
            .filter(plugin -> plugin.path().endsWith(file))
            .findFirst()
            .orElseThrow();
    run.expect.fields(step.get("expect"), Expect.fields(found));
  }

  private void schema(Fields step) throws Exception {
    JsonNode found = Suite.JSON.readTree(run.engineOf(step).schemaJson()).get("tasks");
    found = named(found, step.text("task"));
    if (step.has("param")) {
      found = named(found.get("params"), step.text("param"));
    } else if (step.has("port")) {
      found = named(found.get("ports"), step.text("port"));
    }
    Map<String, JsonNode> fields = new HashMap<>();
    found.properties().forEach(entry -> fields.put(entry.getKey(), entry.getValue()));
    run.expect.fields(step.get("expect"), fields);
  }

  private static JsonNode named(JsonNode list, String name) {
    return StreamSupport.stream(list.spliterator(), false)
        .filter(entry -> entry.get("name").asText().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private void bundle(Fields step) {
    Engine engine = run.engineOf(step);
    Path file =
        step.has("name") ? engine.findBundle(step.text("name")) : run.path(step.text("file"));
    run.put(
        step.text("as"),
        step.get("memory").asBoolean()
            ? Bundle.open(Suite.bytes(file), file.toString())
            : Bundle.open(file));
  }

  private Map<String, Tensor> set(Fields step, String field) {
    return run.object(step.text(field), Set.class).tensors();
  }

  private Map<String, Tensor> checked(Fields step, Map<String, Tensor> tensors) {
    run.expect.tensors(step.get("expect"), tensors);
    return tensors;
  }

  private void tensors(Fields step) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    step.objects("from")
        .forEach((name, from) -> tensors.put(name, run.suite.tensor(from.text("tensor"))));
    run.put(step.text("as"), new Set(checked(step, tensors)));
  }

  private void readTensors(Fields step) {
    Map<String, Tensor> tensors =
        step.has("memory")
            ? Tensors.read(run.memory(step.text("memory")))
            : Tensors.read(run.path(step.text("file")));
    run.put(step.text("as"), new Set(checked(step, tensors)));
  }

  private void writeTensors(Fields step) {
    Map<String, Tensor> tensors = set(step, "tensors");
    if (step.has("memory")) {
      run.memories.put(step.text("memory"), Tensors.toBytes(tensors));
    } else {
      Tensors.write(tensors, run.path(step.text("file")));
    }
  }

  private void graph(Fields step) {
    Map<String, Tensor> outputs =
        run.engineOf(step)
            .runGraph(
                run.object(step.text("bundle"), Bundle.class),
                step.text("graph"),
                set(step, "inputs"),
                GraphOptions.DEFAULT);
    run.put(step.text("as"), new Set(checked(step, outputs)));
  }

  private void cancel(Fields step) {
    switch (run.object(step.text("what"), Object.class)) {
      case CancelToken token -> token.request();
      case Job job -> job.cancel(true);
      default -> throw new AssertionError("that cannot be cancelled");
    }
  }
}

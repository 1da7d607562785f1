package org.mirra.conformance;

import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.mirra.Engine;

/** The cases of tests/conformance: each with pixels in arrays, and in native memory of an arena. */
class ConformanceTest {
  private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();

  /** Capabilities and cases that this binding lacks, and why. */
  private static final Map<String, String> LACKING =
      Map.of(
          "strided", "tensors are arrays without strides",
          "bare_run", "a run makes the output that it lacks",
          "closed-tensors", "tensors are plain maps, which are not closed",
          "closed-job", "a future that is done keeps its result");

  private static Engine engine;
  private static Suite suite;

  @TempDir Path scratch;

  @BeforeAll
  static void prepare() throws Exception {
    Path folder = ROOT.resolve("build/conformance");
    Process prepare =
        new ProcessBuilder(ROOT.resolve("tests/conformance/prepare").toString(), folder.toString())
            .inheritIO()
            .start();
    if (prepare.waitFor() != 0) {
      throw new AssertionError("tests/conformance/prepare failed");
    }
    suite = new Suite(folder);
    engine = Engine.builder().pluginPath(suite.plugins()).create();
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  @TestFactory
  Stream<DynamicTest> arrays() throws IOException {
    return tests(false);
  }

  @TestFactory
  Stream<DynamicTest> nativeMemory() throws IOException {
    return tests(true);
  }

  private Stream<DynamicTest> tests(boolean inArena) throws IOException {
    return Suite.cases(ROOT.resolve("tests/conformance/cases")).stream()
        .map(
            node ->
                DynamicTest.dynamicTest(node.get("name").asText(), () -> runCase(node, inArena)));
  }

  private void runCase(JsonNode node, boolean inArena) throws Exception {
    String name = node.get("name").asText();
    skip(name);
    for (JsonNode need : node.path("needs")) {
      skip(need.asText());
    }
    Path folder = Files.createTempDirectory(scratch, "case");
    try (Arena arena = Arena.ofShared();
        CaseRunner runner = new CaseRunner(suite, engine, folder, inArena ? arena : null)) {
      int number = 0;
      for (JsonNode step : node.get("steps")) {
        ++number;
        try {
          runner.run(step);
        } catch (Throwable e) {
          throw new AssertionError("step " + number + ", " + step + ": " + e, e);
        }
      }
    }
  }

  private static void skip(String lacking) {
    if (LACKING.containsKey(lacking)) {
      abort(lacking + ": " + LACKING.get(lacking));
    }
  }
}

package org.mirra;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How a process ends, and how it grows. */
class ProcessTest {
  @TempDir Path folder;

  private List<String> run(int status, ProcessBuilder program) throws Exception {
    Path output = folder.resolve("output.txt");
    Process process = program.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    assertTrue(process.waitFor(4, TimeUnit.MINUTES), "the program does not end");
    assertEquals(status, process.exitValue(), Files.readString(output));
    return Files.readAllLines(output);
  }

  private static ProcessBuilder program(String name) throws IOException {
    String classes =
        Path.of("target/classes").toAbsolutePath()
            + ":"
            + Path.of("target/test-classes").toAbsolutePath();
    return new ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-Xms64m",
        "-Xmx64m",
        "-XX:+AlwaysPreTouch",
        "-cp",
        classes,
        "org.mirra.Programs",
        name);
  }

  @ParameterizedTest
  @CsvSource({"exit-in-job,3", "exit-in-run,3", "return-in-job,0"})
  void endsInTheMiddleOfWork(String name, int status) throws Exception {
    run(status, program(name));
  }

  @Test
  void missingLibraryIsSaidEachTime() throws Exception {
    ProcessBuilder program = program("missing-library");
    program.environment().put("MIRRA_PREFIX", folder.toString());
    List<String> lines = run(0, program);
    assertEquals(2, lines.size());
    assertEquals(lines.get(0), lines.get(1));
    assertTrue(lines.getFirst().contains(folder + "/lib/libmirra.so.1 could not be loaded"));
  }

  @Test
  void memoryStaysFlat() throws Exception {
    List<String> lines = run(0, program("memory"));
    System.out.println("growth in KiB: " + lines);
    for (String line : lines) {
      assertTrue(Long.parseLong(line.split(" ")[1]) < 1 << 10, line);
    }
  }
}

package org.mirra;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs of a user's: each runs in a Java of its own. */
class ExamplesTest {
  @TempDir Path folder;

  static Process java(Path output, Object... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(Path.of("target", "classes").toAbsolutePath().toString());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
  }

  private Path output() {
    return folder.resolve("output.txt");
  }

  private void assertEnds(Process program, int status) throws Exception {
    assertTrue(program.waitFor(2, TimeUnit.MINUTES), "the program does not end");
    assertEquals(status, program.exitValue(), Files.readString(output()));
  }

  private Path noisy(Path file, int width, int height) throws IOException {
    ImageIO.write(
        Fixtures.noisy(width, height, BufferedImage.TYPE_3BYTE_BGR), "png", file.toFile());
    return file;
  }

  @Test
  void readmeDenoisesPicture() throws Exception {
    String readme = Files.readString(Path.of("README.md"));
    Path program = folder.resolve("Denoise.java");
    Files.writeString(program, readme.split("```java\n", 2)[1].split("```", 2)[0]);
    Path noisy = noisy(folder.resolve("noisy.png"), 64, 64);
    Path clean = folder.resolve("clean.png");
    assertEnds(java(output(), program, noisy, clean), 0);
    assertTrue(noise(clean) < noise(noisy) / 2);
  }

  private static double noise(Path file) {
    try (Picture picture = Picture.read(file)) {
      return picture.view().estimateNoise();
    }
  }

  @Test
  void folderIsDenoised() throws Exception {
    Path results = folder.resolve("results");
    Path pictures = Files.createDirectory(folder.resolve("pictures"));
    noisy(pictures.resolve("a.png"), 64, 64);
    noisy(pictures.resolve("b.png"), 48, 64);
    Files.writeString(pictures.resolve("c.png"), "no picture");
    Files.writeString(pictures.resolve("notes.txt"), "no picture");
    Process program = java(output(), "examples/DenoiseFolder.java", pictures, results);
    assertEnds(program, 1);
    assertTrue(noise(results.resolve("a.png")) < noise(pictures.resolve("a.png")) / 2);
    assertTrue(noise(results.resolve("b.png")) < noise(pictures.resolve("b.png")) / 2);
    assertTrue(Files.readString(output()).contains("c.png: "));
    try (var files = Files.list(results)) {
      assertEquals(2, files.count());
    }
  }

  @Test
  void folderStopsAtInterrupt() throws Exception {
    Path results = folder.resolve("results");
    Path pictures = Files.createDirectory(folder.resolve("pictures"));
    noisy(pictures.resolve("large.png"), 3000, 3000);
    Process program = java(output(), "examples/DenoiseFolder.java", pictures, results);
    while (!Files.readString(output()).contains("%") && program.isAlive()) {
      Thread.sleep(20);
    }
    new ProcessBuilder("kill", "-INT", Long.toString(program.pid())).start().waitFor();
    long start = System.nanoTime();
    assertEnds(program, 130);
    assertTrue(System.nanoTime() - start < 5e9, "it took too long to stop");
    assertTrue(Files.readString(output()).contains("large.png: stopped"));
    try (var files = Files.list(results)) {
      assertEquals(0, files.count());
    }
  }
}

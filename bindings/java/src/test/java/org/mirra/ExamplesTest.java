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

  private static List<String> java(Path... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(Path.of("target", "classes").toAbsolutePath().toString());
    for (Path argument : arguments) {
      command.add(argument.toString());
    }
    return command;
  }

  private Process start(List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output().toFile())
        .start();
  }

  private Path output() {
    return folder.resolve("output.txt");
  }

  private void assertEnds(Process program, int status) throws Exception {
    assertTrue(program.waitFor(5, TimeUnit.MINUTES), "the program does not end");
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
    assertEnds(start(java(program, noisy, clean)), 0);
    assertTrue(noise(clean) < noise(noisy) / 2);
  }

  private static double noise(Path file) {
    try (Picture picture = Picture.read(file)) {
      return picture.view().estimateNoise();
    }
  }

  @Test
  void folderIsDenoisedAsInEveryLanguage() throws Exception {
    List<String> check = java(Path.of("examples/DenoiseFolder.java"));
    check.addFirst("../../tests/hosts/check_folder_program");
    assertEnds(start(check), 0);
  }
}

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
import java.util.regex.Pattern;
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
        .directory(folder.toFile())
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
    String ending = file.toString().endsWith(".jpg") ? "jpg" : "png";
    ImageIO.write(
        Fixtures.noisy(width, height, BufferedImage.TYPE_3BYTE_BGR), ending, file.toFile());
    return file;
  }

  /** The Java code of the README, block by block. */
  private static List<String> readme() throws IOException {
    return Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
        .matcher(Files.readString(Path.of("README.md")))
        .results()
        .map(block -> block.group(1))
        .toList();
  }

  /** A block sees what the text before it speaks of, and has a session of its own. */
  private static final String SNIPPETS =
      """
      import java.awt.image.BufferedImage;
      import java.nio.file.Path;
      import java.util.Map;
      import org.mirra.*;

      public class Snippets {
        static final Engine engine = Engine.create();
        static BufferedImage noisy = new BufferedImage(64, 48, BufferedImage.TYPE_3BYTE_BGR);
        static javax.swing.BoundedRangeModel bar = new javax.swing.DefaultBoundedRangeModel();

        static void show(BufferedImage image) {}

        public static void main(String[] arguments) throws Exception {
          try (engine) {
            %s
          }
        }

        %s
      }
      """;

  @Test
  void readmeSnippetsRun() throws Exception {
    List<String> blocks = readme();
    StringBuilder calls = new StringBuilder();
    StringBuilder methods = new StringBuilder();
    for (int i = 1; i < blocks.size(); ++i) {
      calls.append("try (Session own = engine.session(\"denoise\")) { block" + i + "(own); }\n");
      methods.append(
          "static void block"
              + i
              + "(Session session) throws Exception {\n"
              + blocks.get(i)
              + "}\n");
    }
    Path program = folder.resolve("Snippets.java");
    Files.writeString(program, SNIPPETS.formatted(calls, methods));
    noisy(folder.resolve("noisy.jpg"), 64, 48);
    assertEnds(start(java(program)), 0);
    assertTrue(blocks.size() > 4);
    assertTrue(Files.exists(folder.resolve("clean.jpg")));
  }

  @Test
  void readmeDenoisesPicture() throws Exception {
    Path program = folder.resolve("Denoise.java");
    Files.writeString(program, readme().getFirst());
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
    List<String> check = java(Path.of("examples/DenoiseFolder.java").toAbsolutePath());
    check.addFirst(Path.of("../../tests/hosts/check_folder_program").toAbsolutePath().toString());
    assertEnds(start(check), 0);
  }
}

package org.mirra;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Engines whose sessions run in a process of their own. */
class IsolationTest {
  @BeforeAll
  static void libraryHasIt() throws Exception {
    Path header = Path.of(System.getenv("MIRRA_PREFIX"), "include/mirra/mirra.h");
    assumeTrue(
        Files.readString(header).contains("mirra_engine_process"), "an older Mirra is installed");
  }

  @Test
  void resultsAreTheSameAndTheProcessComesBack() {
    BufferedImage noisy = Fixtures.noisy(64, 48, BufferedImage.TYPE_3BYTE_BGR);
    try (Engine engine = Engine.builder().isolated().create();
        Session session =
            engine.newSession("denoise").quality("fast").threads(1).set("sigma", 20).create();
        Session other = Fixtures.denoiser()) {
      int[] expected = other.run(noisy).getRGB(0, 0, 64, 48, null, 0, 64);
      assertArrayEquals(expected, session.run(noisy).getRGB(0, 0, 64, 48, null, 0, 64));
      long first = engine.process().orElseThrow();
      assertTrue(ProcessHandle.of(first).orElseThrow().destroyForcibly());
      ProcessHandle.of(first).ifPresent(process -> process.onExit().join());
      assertArrayEquals(expected, session.run(noisy).getRGB(0, 0, 64, 48, null, 0, 64));
      assertTrue(engine.process().orElseThrow() != first);
    }
  }

  @Test
  void itsEndIsAnError() {
    BufferedImage noisy = Fixtures.noisy(512, 512, BufferedImage.TYPE_3BYTE_BGR);
    try (Engine engine = Engine.builder().isolated().create();
        Session session = engine.newSession("denoise").quality("best").threads(1).create()) {
      Run run =
          session
              .newRun()
              .input("image", noisy)
              .progress(
                  progress ->
                      engine
                          .process()
                          .ifPresent(
                              process ->
                                  ProcessHandle.of(process)
                                      .ifPresent(ProcessHandle::destroyForcibly)));
      MirraException e = assertThrows(MirraException.class, run::run);
      assertEquals(ErrorCode.PLUGIN, e.code());
    }
  }
}

package org.mirra;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SessionTest {
  @Test
  void denoisesBufferedImage() {
    BufferedImage noisy = Fixtures.noisy(64, 48, BufferedImage.TYPE_3BYTE_BGR);
    try (Session session = Fixtures.denoiser()) {
      BufferedImage clean = session.run(noisy);
      assertEquals(noisy.getType(), clean.getType());
      assertTrue(Image.of(clean).estimateNoise() < Image.of(noisy).estimateNoise() / 2);
    }
  }

  @Test
  void parametersFollowTheSchema() {
    try (Session session = Fixtures.ENGINE.session("denoise")) {
      assertEquals("auto", session.get("sigma"));
      session.set("sigma", 12.5).set("strength", 1);
      assertEquals(12.5, session.get("sigma"));
      session.setAll(Map.of("sigma", "auto", "strength", 0.25f));
      assertEquals("auto", session.get("sigma"));
      assertEquals(0.25, session.getAll().get("strength"));
      assertEquals(session.task().params().size(), session.getAll().size());
      session.reset();
      assertEquals(1.0, session.get("strength"));
    }
  }

  @Test
  void errorsSayWhatAndWhy() {
    try (Session session = Fixtures.ENGINE.session("denoise")) {
      MirraException e = assertThrows(MirraException.class, () -> session.set("sigma", 1000));
      assertEquals(ErrorCode.INVALID_ARGUMENT, e.code());
      assertEquals("sigma", e.subject());
      assertTrue(e.getMessage().startsWith(e.sentence()) && !e.sentence().isEmpty());
    }
    Path missing = Path.of("missing.png");
    MirraException e = assertThrows(MirraException.class, () -> Picture.read(missing));
    assertEquals("missing.png: the file does not exist (check the path)", e.getMessage());
    assertEquals("the file does not exist", e.sentence());
  }

  @Test
  void useAfterCloseIsAnError() {
    Session session = Fixtures.ENGINE.session("denoise");
    session.close();
    session.close();
    assertThrows(IllegalStateException.class, () -> session.get("sigma"));
    assertThrows(
        IllegalStateException.class,
        () -> session.run(Fixtures.noisy(32, 32, BufferedImage.TYPE_INT_RGB)));
  }

  @Test
  void jobsGiveTheSameAsRuns() {
    BufferedImage noisy = Fixtures.noisy(64, 48, BufferedImage.TYPE_INT_RGB);
    try (Session session = Fixtures.denoiser()) {
      BufferedImage first = session.run(noisy);
      BufferedImage second = session.submit(noisy).join().bufferedImage();
      assertArrayEquals(
          first.getRGB(0, 0, 64, 48, null, 0, 64), second.getRGB(0, 0, 64, 48, null, 0, 64));
    }
  }
}

package org.mirra;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.awt.image.BufferedImage;
import java.util.Random;
import org.mirra.internal.Registry;

/** Pictures for tests, and one engine for all of them. */
final class Fixtures {
  static final Engine ENGINE = Engine.create();

  private Fixtures() {}

  /** A picture of any type that is smooth, with noise on it. */
  static BufferedImage noisy(int width, int height, int type) {
    BufferedImage image = new BufferedImage(width, height, type);
    Random random = new Random(7);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        int red = level(255 * x / width, random);
        int green = level(255 * y / height, random);
        int blue = level(128, random);
        image.setRGB(x, y, 0xff000000 | red << 16 | green << 8 | blue);
      }
    }
    return image;
  }

  private static int level(int mean, Random random) {
    return Math.clamp(Math.round(mean + 20 * random.nextGaussian()), 0, 255);
  }

  static Session denoiser() {
    return ENGINE.newSession("denoise").quality("fast").threads(1).set("sigma", 20).create();
  }

  /** A session whose runs go on until they are stopped. */
  static Session endless() {
    return ENGINE
        .newSession("invert")
        .threads(1)
        .set("method", "optimize")
        .set("iterations", 1_000_000)
        .set("patience", 1_000_000)
        .set("tolerance", 0)
        .create();
  }

  /** Waits until nothing but that is registered: the last thing that a job does, after its end. */
  static void awaitRegistered(int count) {
    long end = System.nanoTime() + 5_000_000_000L;
    while (Registry.size() != count && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    assertEquals(count, Registry.size(), "something stays registered");
  }
}

package org.mirra;

import java.awt.image.BufferedImage;
import java.util.Random;

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
    return ENGINE.newSession("denoise").quality("fast").threads(1).set("sigma", 20).open();
  }
}

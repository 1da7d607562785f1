package org.mirra;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static org.mirra.raw.ImagesFunctions.mirra_image_add_noise;
import static org.mirra.raw.ImagesFunctions.mirra_image_compare;
import static org.mirra.raw.ImagesFunctions.mirra_image_estimate_noise;

import java.lang.foreign.MemorySegment;
import java.util.function.BiFunction;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraComparison;

/** Calls of the library on images alone. */
final class Imaging {
  private Imaging() {}

  /** Calls something that gives a status while pixels are held, and frees their copies. */
  static void call(BiFunction<Pixels, Frame, java.util.function.IntSupplier> call) {
    Pixels pixels = new Pixels(false);
    try (Frame frame = new Frame()) {
      java.util.function.IntSupplier function = call.apply(pixels, frame);
      int[] status = new int[1];
      pixels.hold(() -> status[0] = function.getAsInt());
      MirraException.check(status[0], frame);
      pixels.copyBack();
    } finally {
      pixels.free();
    }
  }

  static void addNoise(Image image, double sigma, long seed) {
    call(
        (pixels, frame) -> {
          MemorySegment s = pixels.describe(frame.arena(), image, Pixels.Access.WRITE);
          return () -> mirra_image_add_noise(s, sigma, seed, frame.error());
        });
  }

  static double estimateNoise(Image image) {
    double[] sigma = new double[1];
    call(
        (pixels, frame) -> {
          MemorySegment s = pixels.describe(frame.arena(), image, Pixels.Access.READ);
          MemorySegment number = frame.number();
          return () -> {
            int status = mirra_image_estimate_noise(s, number, frame.error());
            sigma[0] = number.get(JAVA_DOUBLE, 0);
            return status;
          };
        });
    return sigma[0];
  }

  static Comparison compare(Image a, Image b) {
    Comparison[] comparison = new Comparison[1];
    call(
        (pixels, frame) -> {
          MemorySegment first = pixels.describe(frame.arena(), a, Pixels.Access.READ);
          MemorySegment second = pixels.describe(frame.arena(), b, Pixels.Access.READ);
          MemorySegment s = MirraComparison.allocate(frame.arena());
          return () -> {
            int status = mirra_image_compare(first, second, s, frame.error());
            comparison[0] = new Comparison(MirraComparison.psnr(s), MirraComparison.ssim(s));
            return status;
          };
        });
    return comparison[0];
  }
}

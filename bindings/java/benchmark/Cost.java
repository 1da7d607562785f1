import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Arrays;
import org.mirra.Channels;
import org.mirra.Engine;
import org.mirra.Image;
import org.mirra.ImageSpec;
import org.mirra.SampleFormat;
import org.mirra.Session;

/**
 * What a run costs by this package: the fastest of N, in microseconds; on native memory, on a
 * BufferedImage, and as a job.
 */
public final class Cost {
  private Cost() {}

  /** Arguments: plugins, task, size, runs. */
  public static void main(String[] arguments) {
    int size = Integer.parseInt(arguments[2]);
    int runs = Integer.parseInt(arguments[3]);
    try (Engine engine = Engine.builder().pluginPath(Path.of(arguments[0])).create();
        Session session = engine.newSession(arguments[1]).threads(1).create()) {
      ImageSpec spec = new ImageSpec(size, size, SampleFormat.U8, Channels.RGB);
      Image in = Image.allocate(spec);
      var pixels = in.planes().getFirst().memory();
      for (int i = 0; i < 3 * size * size; ++i) {
        pixels.set(java.lang.foreign.ValueLayout.JAVA_BYTE, i, (byte) (i * 7919 >> 3));
      }
      Image out = Image.allocate(spec);
      BufferedImage buffered = in.toBufferedImage();
      var run = session.newRun().input("image", in).output("output", out);
      System.out.printf(
          "%.1f %.1f %.1f%n",
          fastest(runs, run::run),
          fastest(runs, () -> session.run(buffered)),
          fastest(runs, () -> run.submit().join()));
    }
  }

  private static double fastest(int runs, Runnable run) {
    double[] times = new double[runs];
    for (int warm = 0; warm < runs; ++warm) {
      run.run();
    }
    for (int i = 0; i < runs; ++i) {
      long start = System.nanoTime();
      run.run();
      times[i] = (System.nanoTime() - start) / 1e3;
    }
    return Arrays.stream(times).min().orElseThrow();
  }
}

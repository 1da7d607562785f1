import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.mirra.CancelToken;
import org.mirra.Engine;
import org.mirra.ErrorCode;
import org.mirra.MirraException;
import org.mirra.Picture;
import org.mirra.Progress;
import org.mirra.Session;

/**
 * Denoises all pictures of a folder into another one, with progress. Ctrl-C stops within 100 ms and
 * leaves no half-written file.
 */
public final class DenoiseFolder {
  private static final AtomicBoolean FAILED = new AtomicBoolean();

  private DenoiseFolder() {}

  /** Arguments: a folder with pictures, and the folder for the results. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      System.err.println("usage: java DenoiseFolder.java PICTURES RESULTS");
      System.exit(2);
    }
    Path results = Files.createDirectories(Path.of(arguments[1]));
    CountDownLatch finished = new CountDownLatch(1);
    CancelToken cancel = new CancelToken();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(cancel, finished)));
    try (Engine engine = Engine.create();
        Session session = engine.session("denoise")) {
      for (Path picture : pictures(Path.of(arguments[0]))) {
        if (cancel.isRequested()) {
          break;
        }
        denoise(session, cancel, picture, results.resolve(picture.getFileName()));
      }
    } finally {
      finished.countDown();
    }
    System.exit(FAILED.get() ? 1 : 0);
  }

  /** Runs when the program ends, also by Ctrl-C: the work must have ended before. */
  private static void stop(CancelToken cancel, CountDownLatch finished) {
    cancel.request();
    try {
      finished.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static List<Path> pictures(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().toLowerCase().matches(".*\\.(png|jpe?g)"))
          .sorted()
          .toList();
    }
  }

  private static void denoise(Session session, CancelToken cancel, Path from, Path to) {
    String name = from.getFileName().toString();
    try (Picture noisy = Picture.read(from)) {
      var run =
          session
              .newRun()
              .input("image", noisy)
              .progress(progress -> show(name, progress))
              .cancel(cancel);
      try (Picture clean = run.run().picture()) {
        clean.write(to, noisy, org.mirra.WriteOptions.DEFAULT);
      }
      System.out.printf("\r%s: done%n", name);
    } catch (MirraException e) {
      if (e.code() == ErrorCode.CANCELLED) {
        System.out.printf("\r%s: stopped%n", name);
        return;
      }
      FAILED.set(true);
      System.err.printf("\r%s: %s%n", name, e.getMessage());
    }
  }

  private static void show(String name, Progress progress) {
    System.out.printf("\r%s: %3.0f %%", name, 100 * progress.fraction());
    System.out.flush();
  }
}

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.mirra.CancelToken;
import org.mirra.Engine;
import org.mirra.MirraException;
import org.mirra.Picture;
import org.mirra.Session;
import org.mirra.WriteOptions;

/** Takes the noise out of the pictures of a folder: java DenoiseFolder.java PICTURES CLEAN. */
public final class DenoiseFolder {
  private DenoiseFolder() {}

  /** Arguments: a folder with pictures, and one for the results. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      System.err.println("usage: java DenoiseFolder.java PICTURES CLEAN");
      System.exit(2);
    }
    Path from = Path.of(arguments[0]);
    Path to = Files.createDirectories(Path.of(arguments[1]));
    CancelToken cancel = new CancelToken();
    CountDownLatch finished = new CountDownLatch(1);
    // Java runs this at Ctrl-C, and ends with 130 when it returns.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(cancel, finished)));
    int failed = 0;
    try (Engine engine = Engine.create();
        Session session = engine.session("denoise")) {
      for (Path picture : pictures(from)) {
        if (!cancel.isRequested() && !denoise(session, cancel, picture, to)) {
          ++failed;
        }
      }
    } finally {
      finished.countDown();
    }
    System.exit(failed > 0 ? 1 : 0);
  }

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
          .filter(file -> file.toString().matches("(?i).*\\.(png|jpe?g)"))
          .sorted()
          .toList();
    }
  }

  /** Returns whether it went well. The result is written at the end: whole, or not at all. */
  private static boolean denoise(Session session, CancelToken cancel, Path from, Path folder) {
    String name = from.getFileName().toString();
    try (Picture noisy = Picture.read(from)) {
      var run = session.newRun().input("image", noisy).cancel(cancel);
      run.progress(now -> System.err.printf("\r%s %3.0f %%", name, 100 * now.fraction()));
      try (Picture clean = run.run().picture()) {
        clean.write(folder.resolve(name), noisy, WriteOptions.DEFAULT);
      }
      System.err.println();
      return true;
    } catch (MirraException e) {
      System.err.printf("\r%s: %s%n", name, e.getMessage());
      return false;
    }
  }
}

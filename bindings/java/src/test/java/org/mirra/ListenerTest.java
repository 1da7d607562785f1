package org.mirra;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mirra.internal.Registry;

/** What listeners see, and what comes of what they throw. */
class ListenerTest {
  private final BufferedImage noisy = Fixtures.noisy(64, 48, BufferedImage.TYPE_3BYTE_BGR);
  private Session session;
  private int registered;

  @BeforeEach
  void open() {
    session = Fixtures.denoiser();
    registered = Registry.size();
  }

  @AfterEach
  void close() {
    session.close();
    Fixtures.awaitRegistered(registered);
  }

  private Run newRun() {
    return session.newRun().input("image", noisy);
  }

  @Test
  void progressGoesFromZeroToOne() {
    List<Double> fractions = new ArrayList<>();
    newRun().progress(progress -> fractions.add(progress.fraction())).run();
    assertEquals(fractions.stream().sorted().toList(), fractions);
    assertEquals(1, fractions.getLast());
  }

  @Test
  void tilesAreTheOutput() {
    try (Session small =
        Fixtures.ENGINE
            .newSession("denoise")
            .quality("fast")
            .tileSize(200)
            .set("sigma", 20)
            .create()) {
      BufferedImage large = Fixtures.noisy(210, 150, BufferedImage.TYPE_3BYTE_BGR);
      long[] pixels = new long[1];
      List<Rect> tiles = new ArrayList<>();
      Result result =
          small
              .newRun()
              .input("image", large)
              .tiles(
                  (rect, part) -> {
                    tiles.add(rect);
                    pixels[0] += (long) part.width() * part.height();
                  })
              .run();
      assertEquals(210 * 150, pixels[0]);
      assertTrue(tiles.size() > 1 && result.info().tileCount() > 1);
    }
  }

  @Test
  void pixelsOfATileAreGoneAfterTheCall() {
    AtomicReference<Image> kept = new AtomicReference<>();
    newRun().tiles((rect, pixels) -> kept.set(pixels)).run();
    assertThrows(IllegalStateException.class, () -> kept.get().estimateNoise());
    assertThrows(
        IllegalStateException.class,
        () ->
            kept.get()
                .planes()
                .getFirst()
                .memory()
                .get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0));
  }

  @Test
  void exceptionsComeOutOfRuns() {
    RuntimeException thrown = new RuntimeException("mine");
    ProgressListener throwing =
        progress -> {
          throw thrown;
        };
    assertSame(
        thrown, assertThrows(RuntimeException.class, () -> newRun().progress(throwing).run()));
    Error error = new StackOverflowError("mine");
    TileListener failing =
        (rect, pixels) -> {
          throw error;
        };
    assertSame(error, assertThrows(Error.class, () -> newRun().tiles(failing).run()));
    IOException checked = new IOException("mine");
    TileListener full =
        (rect, pixels) -> {
          throw checked;
        };
    assertSame(
        checked,
        assertThrows(UncheckedIOException.class, () -> newRun().tiles(full).run()).getCause());
    newRun().run();
  }

  @Test
  void exceptionsComeOutOfJobs() {
    RuntimeException thrown = new RuntimeException("mine");
    Job job =
        newRun()
            .progress(
                progress -> {
                  throw thrown;
                })
            .submit();
    assertSame(thrown, assertThrows(CompletionException.class, job::join).getCause());
    assertTrue(job.isCompletedExceptionally() && !job.isCancelled());
  }

  @Test
  void interruptStopsTheRun() throws Exception {
    try (Session slow = Fixtures.endless()) {
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      AtomicReference<Boolean> flag = new AtomicReference<>();
      Thread thread =
          new Thread(
              () -> {
                thrown.set(assertThrows(MirraException.class, () -> slow.run(noisy)));
                flag.set(Thread.currentThread().isInterrupted());
              });
      thread.start();
      Thread.sleep(300);
      thread.interrupt();
      assertTrue(thread.join(Duration.ofSeconds(20)));
      assertEquals(ErrorCode.CANCELLED, ((MirraException) thrown.get()).code());
      assertTrue(flag.get());
    }
  }

  @Test
  void listenersCannotWaitForThemselves() {
    List<Throwable> refused = new ArrayList<>();
    AtomicReference<Job> job = new AtomicReference<>();
    Run run =
        newRun()
            .progress(
                progress -> {
                  refused.add(assertThrows(MirraException.class, () -> session.run(noisy)));
                  while (job.get() == null) {
                    Thread.onSpinWait();
                  }
                  assertThrows(IllegalStateException.class, () -> job.get().join());
                  assertThrows(IllegalStateException.class, () -> job.get().get());
                  assertThrows(
                      IllegalStateException.class, () -> job.get().awaitEnd(Duration.ofSeconds(1)));
                });
    job.set(run.submit());
    job.get().join();
    refused.forEach(e -> assertEquals(ErrorCode.BUSY, ((MirraException) e).code()));
    assertFalse(refused.isEmpty());
  }

  @Test
  void logListenersMayThrow() {
    RuntimeException mine = new IllegalStateException("of a listener");
    List<String> messages = new ArrayList<>();
    List<Throwable> told = new ArrayList<>();
    Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> told.add(thrown));
    try (Engine engine =
        Engine.builder()
            .log(
                LogLevel.DEBUG,
                (level, message) -> {
                  messages.add(message);
                  throw mine;
                })
            .create()) {
      assertFalse(messages.isEmpty());
      assertFalse(engine.tasks().isEmpty());
    } finally {
      Thread.currentThread().setUncaughtExceptionHandler(null);
    }
    assertEquals(Collections.nCopies(messages.size(), mine), told);
  }

  @Test
  void loadingIsTold() {
    List<String> files = new ArrayList<>();
    Engine.builder().loading(files::add).create().close();
    assertTrue(files.stream().anyMatch(file -> file.endsWith("denoiser.so")));
    RuntimeException thrown = new RuntimeException("mine");
    EngineBuilder throwing =
        Engine.builder()
            .loading(
                file -> {
                  throw thrown;
                });
    assertSame(thrown, assertThrows(RuntimeException.class, throwing::create));
  }
}

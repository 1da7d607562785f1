package org.mirra;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.mirra.internal.Registry;

/** 16 threads with 8 sessions each, of mixed tasks, with cancels and closes at random. */
class StressTest {
  private static final int THREADS = 16;
  private static final int SESSIONS = 8;
  private static final BufferedImage NOISY = Fixtures.noisy(24, 20, BufferedImage.TYPE_3BYTE_BGR);

  private final List<int[]> expected = new ArrayList<>();
  private final AtomicLong compared = new AtomicLong();
  private final AtomicLong stopped = new AtomicLong();

  private static Session open(int kind) {
    return switch (kind) {
      case 0 -> Fixtures.denoiser();
      case 1 -> Fixtures.denoiser().set("strength", 0.5);
      case 2 -> Fixtures.ENGINE.newSession("invert").threads(1).create();
      default ->
          Fixtures.ENGINE
              .newSession("invert")
              .threads(1)
              .set("method", "optimize")
              .set("iterations", 2)
              .create();
    };
  }

  private static int[] pixels(BufferedImage image) {
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  @Test
  void resultsEqualTheSerialOnes() throws Exception {
    String seconds = System.getenv().getOrDefault("MIRRA_TEST_SECONDS", "30");
    for (int kind = 0; kind < 4; ++kind) {
      try (Session session = open(kind)) {
        expected.add(pixels(session.run(NOISY)));
      }
    }
    int registered = Registry.size();
    long end = System.nanoTime() + (long) (Double.parseDouble(seconds) * 1e9);
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<?>> work = new ArrayList<>();
      for (int i = 0; i < THREADS; ++i) {
        Random random = new Random(i);
        work.add(threads.submit(() -> work(random, end)));
      }
      for (Future<?> part : work) {
        part.get();
      }
    }
    System.out.println("stress: " + compared + " results, " + stopped + " stopped");
    assertTrue(compared.get() > THREADS && stopped.get() > 0);
    Fixtures.awaitRegistered(registered);
  }

  private void work(Random random, long end) {
    Session[] sessions = new Session[SESSIONS];
    while (System.nanoTime() < end) {
      int place = random.nextInt(SESSIONS);
      int kind = place % expected.size();
      if (sessions[place] == null) {
        sessions[place] = open(kind);
      }
      act(random.nextInt(6), sessions, place, expected.get(kind));
    }
    for (Session session : sessions) {
      if (session != null) {
        session.close();
      }
    }
  }

  private void act(int what, Session[] sessions, int place, int[] expected) {
    Session session = sessions[place];
    switch (what) {
      case 0 -> check(expected, session.run(NOISY));
      case 1 -> check(expected, session.submit(NOISY).join().bufferedImage());
      case 2 -> stop(session.submit(NOISY));
      case 3 -> {
        Job job = session.submit(NOISY);
        session.close();
        sessions[place] = null;
        check(expected, job.join().bufferedImage());
      }
      case 4 -> {
        try (Session copy = session.copy()) {
          check(expected, copy.run(NOISY));
        }
      }
      default -> runStopped(session);
    }
  }

  private void check(int[] expected, BufferedImage given) {
    assertArrayEquals(expected, pixels(given));
    compared.incrementAndGet();
  }

  private void stop(Job job) {
    job.close();
    assertTrue(job.isDone());
    stopped.incrementAndGet();
  }

  private void runStopped(Session session) {
    try (CancelToken cancel = new CancelToken()) {
      session
          .newRun()
          .input("image", NOISY)
          .cancel(cancel)
          .progress(progress -> cancel.request())
          .run();
    } catch (MirraException e) {
      assertEquals(ErrorCode.CANCELLED, e.code());
      stopped.incrementAndGet();
    }
  }
}

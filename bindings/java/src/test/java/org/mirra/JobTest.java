package org.mirra;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** Jobs as futures. */
class JobTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  private final BufferedImage noisy = Fixtures.noisy(64, 48, BufferedImage.TYPE_3BYTE_BGR);

  private static int[] pixels(BufferedImage image) {
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  @Test
  void cancelStopsIt() throws Exception {
    try (Session session = Fixtures.endless()) {
      Job job = session.submit(noisy);
      assertThrows(TimeoutException.class, () -> job.get(50, TimeUnit.MILLISECONDS));
      assertFalse(job.isDone());
      assertTrue(job.cancel(true));
      assertTrue(job.isCancelled());
      assertThrows(CancellationException.class, job::join);
      assertTrue(job.awaitEnd(LONG));
      session.set("iterations", 2);
      session.run(noisy);
    }
  }

  @Test
  void imagesAndPicturesAreSubmittedAsTheyAre() {
    try (Session session = Fixtures.denoiser();
        Picture picture = Picture.create(64, 48, SampleFormat.U16, Channels.RGB)) {
      Image image = Image.of(noisy);
      Image clean = session.submit(image).join().image();
      assertEquals(image.spec(), clean.spec());
      try (Picture made = session.submit(picture).join().picture()) {
        assertEquals(16, made.info().bitDepth());
      }
    }
  }

  @Test
  void timeoutsStopItToo() throws Exception {
    try (Session session = Fixtures.endless()) {
      Job job = session.submit(noisy);
      job.orTimeout(50, TimeUnit.MILLISECONDS);
      ExecutionException e = assertThrows(ExecutionException.class, job::get);
      assertInstanceOf(TimeoutException.class, e.getCause());
      assertTrue(job.awaitEnd(LONG));
    }
  }

  @Test
  void tokensStopSeveral() {
    try (Session first = Fixtures.endless();
        Session second = first.copy();
        CancelToken cancel = new CancelToken()) {
      Job one = first.newRun().input("image", noisy).cancel(cancel).submit();
      Job two = second.newRun().input("image", noisy).cancel(cancel).submit();
      cancel.request();
      for (Job job : new Job[] {one, two}) {
        CompletionException e = assertThrows(CompletionException.class, job::join);
        assertEquals(ErrorCode.CANCELLED, ((MirraException) e.getCause()).code());
      }
    }
  }

  @Test
  void closeWaits() {
    try (Session session = Fixtures.endless()) {
      try (Job job = session.submit(noisy)) {
        assertFalse(job.isDone());
      }
      session.set("iterations", 2);
    }
  }

  @Test
  void dependentsMaySubmitTheNext() {
    try (Session session = Fixtures.denoiser()) {
      BufferedImage once = session.run(noisy);
      CompletableFuture<BufferedImage> twice =
          session
              .submit(noisy)
              .thenCompose(result -> session.submit(result.bufferedImage()))
              .thenApply(Result::bufferedImage);
      int[] expected = pixels(twice.join());
      assertArrayEquals(expected, pixels(session.run(once)));
    }
  }

  @Test
  void everythingElseMayBeClosed() throws Exception {
    Engine engine = Engine.create();
    Session session = engine.newSession("denoise").quality("fast").set("sigma", 20).create();
    Picture picture = Picture.create(64, 48, SampleFormat.U8, Channels.RGB);
    CountDownLatch closed = new CountDownLatch(1);
    Job job = session.newRun().input("image", picture).progress(progress -> await(closed)).submit();
    picture.close();
    session.close();
    engine.close();
    closed.countDown();
    try (Picture result = job.join().picture()) {
      assertEquals(64, result.view().width());
    }
    assertEquals(1, job.progress().fraction());
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void forgottenJobsEnd() throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    try (Session session = Fixtures.denoiser()) {
      session
          .newRun()
          .input("image", noisy)
          .progress(progress -> System.gc())
          .submit()
          .whenComplete((result, thrown) -> done.countDown());
      assertTrue(done.await(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void shutdownEndsJobs() {
    try (Engine engine = Engine.create();
        Session session =
            engine
                .newSession("invert")
                .set("method", "optimize")
                .set("iterations", 1_000_000)
                .set("patience", 1_000_000)
                .set("tolerance", 0)
                .create()) {
      Job job = session.submit(noisy);
      engine.shutdown(LONG);
      assertTrue(job.isDone());
      CompletionException e = assertThrows(CompletionException.class, job::join);
      assertEquals(ErrorCode.CANCELLED, ((MirraException) e.getCause()).code());
    }
  }

  @Test
  void sessionsAreBusyMeanwhile() {
    try (Session session = Fixtures.endless();
        Job job = session.submit(noisy)) {
      assertEquals(
          ErrorCode.BUSY, assertThrows(MirraException.class, () -> session.run(noisy)).code());
      assertEquals(
          ErrorCode.BUSY, assertThrows(MirraException.class, () -> session.submit(noisy)).code());
      assertFalse(job.isDone());
      assertEquals("invert", session.info().task());
    }
  }
}

package org.mirra;

import static org.mirra.raw.JobsFunctions.mirra_job_cancel;
import static org.mirra.raw.JobsFunctions.mirra_job_destroy;
import static org.mirra.raw.JobsFunctions.mirra_job_poll;
import static org.mirra.raw.JobsFunctions.mirra_job_wait;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.mirra.internal.Frame;
import org.mirra.internal.Handle;
import org.mirra.raw.MirraJobStatus;

/**
 * A run on a thread of the library's, as a future. No thread of Java's waits for it.
 *
 * <p>It keeps its images, its session and all else that it needs: they may be closed or forgotten
 * while it runs. {@link #cancel} stops it, and so does completing it in any other way, such as
 * {@link #orTimeout}. It then goes on for up to 100 ms, in which the session is busy; {@link
 * #awaitEnd} waits for that.
 *
 * <p>What depends on it by methods without "Async" runs on the job's own thread, when the session
 * is free for the next run.
 */
public final class Job extends CompletableFuture<Result> implements AutoCloseable {
  private final RunState state;
  private final CountDownLatch ended = new CountDownLatch(1);

  /** The call that begins it, and its end: the later one finishes. */
  private final AtomicInteger parts = new AtomicInteger(2);

  private Map<String, Object> images = Map.of();

  /** Pictures that the run made: nobody's until it succeeds. */
  private List<Picture> made = List.of();

  private volatile Handle handle;
  private volatile Progress last;

  Job(ProgressListener progress, TileListener tile) {
    state = new RunState(progress, tile, null, this::part);
  }

  RunState runState() {
    return state;
  }

  void giveImages(Map<String, Object> outputs, List<Picture> pictures) {
    images = outputs;
    made = List.copyOf(pictures);
  }

  /** The job holds its session, and by that its engine. */
  void begun(MemorySegment pointer, Handle session) {
    session.hold();
    handle = new Handle(pointer, "job", p -> destroy(p, session));
    whenComplete((result, thrown) -> stop());
    part();
  }

  private static void destroy(MemorySegment pointer, Handle session) {
    mirra_job_destroy(pointer);
    session.release();
  }

  private void part() {
    if (parts.decrementAndGet() == 0) {
      finish();
    }
  }

  private void finish() {
    Result result = null;
    Throwable failure = null;
    MemorySegment pointer = handle.acquire();
    try (Frame frame = new Frame()) {
      last = poll(pointer);
      MemorySegment given = frame.pointer();
      int status = mirra_job_wait(pointer, -1, given, frame.error());
      result = RunCall.finish(status, given, frame, state, images);
    } catch (Throwable thrown) {
      failure = thrown;
    }
    handle.release();
    handle.close();
    state.free();
    ended.countDown();
    boolean taken = failure == null ? complete(result) : completeExceptionally(failure);
    if (failure != null || !taken) {
      made.forEach(Picture::close);
    }
  }

  private void stop() {
    try {
      MemorySegment pointer = handle.acquire();
      mirra_job_cancel(pointer);
      handle.release();
    } catch (IllegalStateException e) {
      // It has ended.
    }
  }

  private static Progress poll(MemorySegment pointer) {
    try (Frame frame = new Frame()) {
      MemorySegment status = MirraJobStatus.allocate(frame.arena());
      MirraException.check(mirra_job_poll(pointer, status, frame.error()), frame);
      return Progress.ofJob(status);
    }
  }

  /**
   * How far it is, at once.
   *
   * @return after its end, how far it came
   */
  public Progress progress() {
    MemorySegment pointer;
    try {
      pointer = handle.acquire();
    } catch (IllegalStateException e) {
      return last;
    }
    try {
      return poll(pointer);
    } finally {
      handle.release();
    }
  }

  /**
   * Waits until it no longer runs, also where it was cancelled.
   *
   * @param timeout how long at most
   * @return false if it still runs
   * @throws InterruptedException if this thread is interrupted; the job goes on
   */
  public boolean awaitEnd(Duration timeout) throws InterruptedException {
    checkWait();
    return ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  /**
   * Stops it, if it still runs, and waits until it no longer does. In a listener of the job it does
   * not wait. If this thread is interrupted, it waits all the same, and the flag stays set.
   */
  @Override
  public void close() {
    cancel(true);
    boolean interrupted = false;
    while (!state.isCalling() && ended.getCount() > 0) {
      try {
        ended.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public Result get() throws InterruptedException, ExecutionException {
    checkWait();
    return super.get();
  }

  @Override
  public Result get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    checkWait();
    return super.get(timeout, unit);
  }

  @Override
  public Result join() {
    checkWait();
    return super.join();
  }

  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new CompletableFuture<>();
  }

  private void checkWait() {
    if (state.isCalling()) {
      throw new IllegalStateException("a listener of the job cannot wait for its end");
    }
  }
}

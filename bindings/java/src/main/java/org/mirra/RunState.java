package org.mirra;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.mirra.internal.Registry;

/** What a run needs until it has ended. C knows it, which keeps it alive. */
final class RunState {
  /** A source or sink of a run; the other is null. */
  record Piece(RunState run, ImageSource source, ImageSink sink) {}

  /** Something that a listener does. */
  interface Attempt {
    void run() throws Exception;
  }

  private static final ThreadLocal<RunState> CURRENT = new ThreadLocal<>();

  private final ProgressListener progress;
  private final TileListener tile;
  private final Thread caller;
  private final Pixels pixels;
  private final Runnable ended;
  private final List<MemorySegment> users = new ArrayList<>();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  /**
   * caller: whose interruption stops the run; null for a job. ended: called once when a job has
   * ended; null for a run.
   */
  RunState(ProgressListener progress, TileListener tile, Thread caller, Runnable ended) {
    this.progress = progress;
    this.tile = tile;
    this.caller = caller;
    this.ended = ended;
    this.pixels = new Pixels(caller == null);
  }

  Pixels pixels() {
    return pixels;
  }

  boolean wantsProgress() {
    return progress != null || caller != null;
  }

  TileListener tileListener() {
    return tile;
  }

  /** A `user` for a source or sink. */
  MemorySegment addPiece(ImageSource source, ImageSink sink) {
    MemorySegment user = Registry.add(new Piece(this, source, sink));
    users.add(user);
    return user;
  }

  Runnable end() {
    return ended;
  }

  /** Whether something went well. What is thrown first is kept. */
  boolean attempt(Attempt attempt) {
    RunState outer = CURRENT.get();
    CURRENT.set(this);
    try {
      attempt.run();
      return true;
    } catch (Throwable thrown) {
      failure.compareAndSet(null, thrown);
      return false;
    } finally {
      CURRENT.set(outer);
    }
  }

  /** Whether this thread is in a listener of the run, which cannot wait for the run's end. */
  boolean isCalling() {
    return CURRENT.get() == this;
  }

  /** What progress and tile callbacks return. */
  int orStop(boolean done) {
    return done && (caller == null || !caller.isInterrupted()) ? 0 : 1;
  }

  void report(MemorySegment s) {
    if (progress != null) {
      progress.progress(Progress.of(s));
    }
  }

  /** Throws what a listener threw. */
  void rethrow() {
    switch (failure.get()) {
      case null -> {}
      case RuntimeException unchecked -> throw unchecked;
      case Error error -> throw error;
      case IOException checked -> throw new UncheckedIOException(checked);
      case Throwable other -> throw new UndeclaredThrowableException(other);
    }
  }

  /** When C calls nothing of it any more, and touches none of its memory. */
  void free() {
    users.forEach(Registry::remove);
    users.clear();
    pixels.free();
  }
}

package org.mirra;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import org.mirra.internal.Frame;
import org.mirra.internal.Memory;
import org.mirra.internal.Registry;
import org.mirra.raw.Callbacks;
import org.mirra.raw.Constants;
import org.mirra.raw.MirraProgress;

/**
 * The functions that C calls. There is one of each for all runs: `user` names the object, by {@link
 * Registry}. Nothing is thrown into C: what a listener throws is kept and comes out of the run.
 */
final class Upcalls {
  static final MemorySegment PROGRESS = stub("progress", Callbacks.MIRRA_RUN_OPTIONS_PROGRESS);
  static final MemorySegment TILE = stub("tile", Callbacks.MIRRA_RUN_OPTIONS_TILE);
  static final MemorySegment DONE = stub("done", Callbacks.MIRRA_RUN_OPTIONS_DONE);
  static final MemorySegment FORGET = stub("forget", Callbacks.MIRRA_RUN_OPTIONS_USER_FREE);
  static final MemorySegment READ = stub("read", Callbacks.MIRRA_SOURCE_READ);
  static final MemorySegment WRITE = stub("write", Callbacks.MIRRA_SINK_WRITE);
  static final MemorySegment LOG = stub("log", Callbacks.MIRRA_ENGINE_OPTIONS_LOG);
  static final MemorySegment LOADING = stub("loading", Callbacks.MIRRA_ENGINE_OPTIONS_LOADING);
  static final MemorySegment NOTE = stub("note", Callbacks.MIRRA_WRITE_OPTIONS_LOG);

  private Upcalls() {}

  private static MemorySegment stub(String method, FunctionDescriptor descriptor) {
    return Memory.stub(MethodHandles.lookup(), method, descriptor);
  }

  private static int progress(MemorySegment user, MemorySegment progress) {
    RunState run = Registry.get(user, RunState.class);
    return run.orStop(run.attempt(() -> run.report(progress.reinterpret(MirraProgress.SIZE))));
  }

  private static int tile(MemorySegment user, MemorySegment rect, MemorySegment pixels) {
    RunState run = Registry.get(user, RunState.class);
    return run.orStop(run.attempt(() -> withView(rect, pixels, run.tileListener()::tile)));
  }

  private static void done(MemorySegment user, int status) {
    guarded(() -> Registry.get(user, RunState.class).end().run());
  }

  private static void forget(MemorySegment user) {
    Registry.remove(user);
  }

  private static int read(MemorySegment user, MemorySegment rect, MemorySegment pixels) {
    RunState.Piece piece = Registry.get(user, RunState.Piece.class);
    ImageSource source = piece.source();
    return status(piece.run().attempt(() -> withView(rect, pixels, source::read)));
  }

  private static int write(MemorySegment user, MemorySegment rect, MemorySegment pixels) {
    RunState.Piece piece = Registry.get(user, RunState.Piece.class);
    ImageSink sink = piece.sink();
    return status(piece.run().attempt(() -> withView(rect, pixels, sink::write)));
  }

  private static int status(boolean done) {
    return done ? Constants.MIRRA_OK : Constants.MIRRA_E_IO;
  }

  private static void withView(MemorySegment rect, MemorySegment pixels, TileListener listener)
      throws java.io.IOException {
    try (Arena arena = Arena.ofConfined()) {
      listener.tile(Rect.of(rect), NativeImages.view(pixels, arena));
    }
  }

  private static void log(MemorySegment user, int level, MemorySegment message) {
    guarded(
        () -> Registry.get(user, LogListener.class).log(LogLevel.of(level), Frame.text(message)));
  }

  private static void guarded(Runnable action) {
    try {
      action.run();
    } catch (Throwable thrown) {
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
    }
  }

  private static void loading(MemorySegment user, MemorySegment path) {
    Registry.get(user, NoteListener.class).accept(Frame.text(path));
  }

  private static void note(MemorySegment user, int level, MemorySegment sentence) {
    Registry.get(user, NoteListener.class).accept(Frame.text(sentence));
  }
}

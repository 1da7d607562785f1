package org.mirra;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import org.mirra.internal.Frame;
import org.mirra.internal.Handle;

/** An object of the library's, which is closed at most once. */
abstract class NativeObject implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  /** Something done with an open object. */
  interface Use<T> {
    T apply(MemorySegment pointer, Frame frame);
  }

  private final Handle handle;
  private final Cleaner.Cleanable cleanable;

  NativeObject(Handle handle) {
    this.handle = handle;
    this.cleanable = CLEANER.register(this, handle::close);
  }

  /** The object stays for as long as `use` runs, even where another thread closes it. */
  final <T> T use(Use<T> use) {
    MemorySegment pointer = handle.acquire();
    try (Frame frame = new Frame()) {
      return use.apply(pointer, frame);
    } finally {
      handle.release();
      Reference.reachabilityFence(this);
    }
  }

  final Handle handle() {
    return handle;
  }

  /** For a second owner of the object: runs `action` when `owner` is no longer reachable. */
  static Cleaner.Cleanable whenUnreachable(Object owner, Runnable action) {
    return CLEANER.register(owner, action);
  }

  /**
   * Gives the object back. A second call does nothing; every other method throws {@link
   * IllegalStateException} from now on. Calls of other threads that are under way end as if it were
   * open. Who forgets to close leaves it to the garbage collector, which is late.
   */
  @Override
  public void close() {
    cleanable.clean();
  }
}

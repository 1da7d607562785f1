package org.mirra.internal;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * An object of the library's. It is destroyed once: when it was closed and no call uses it any
 * more.
 */
public final class Handle {
  private final MemorySegment pointer;
  private final String name;
  private final Consumer<MemorySegment> destroy;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicInteger uses = new AtomicInteger(1);

  /** name: what it is, for messages ("session"). */
  public Handle(MemorySegment pointer, String name, Consumer<MemorySegment> destroy) {
    this.pointer = pointer;
    this.name = name;
    this.destroy = destroy;
  }

  /** The pointer, which is good until {@link #release}. */
  public MemorySegment acquire() {
    for (int count = uses.get(); count > 0 && !closed.get(); count = uses.get()) {
      if (uses.compareAndSet(count, count + 1)) {
        return pointer;
      }
    }
    throw new IllegalStateException("this " + name + " is closed");
  }

  /** As {@link #acquire}, also where it was closed; false if it was destroyed. */
  public boolean hold() {
    for (int count = uses.get(); count > 0; count = uses.get()) {
      if (uses.compareAndSet(count, count + 1)) {
        return true;
      }
    }
    return false;
  }

  /** The pointer, for who holds it. */
  public MemorySegment held() {
    return pointer;
  }

  /** Ends a use. */
  public void release() {
    if (uses.decrementAndGet() == 0) {
      destroy.accept(pointer);
    }
  }

  /** Allows no further use. */
  public void close() {
    if (closed.compareAndSet(false, true)) {
      release();
    }
  }

  /** Whether it was closed. */
  public boolean isClosed() {
    return closed.get();
  }
}

package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static org.mirra.raw.SessionsFunctions.mirra_cancel_create;
import static org.mirra.raw.SessionsFunctions.mirra_cancel_destroy;
import static org.mirra.raw.SessionsFunctions.mirra_cancel_request;
import static org.mirra.raw.SessionsFunctions.mirra_cancel_requested;

import java.lang.foreign.MemorySegment;
import org.mirra.internal.Frame;
import org.mirra.internal.Handle;

/**
 * Stops runs. Once requested, every run that has it stops, now and later. Any thread may use it.
 *
 * <p>A run stops before the next node of its network: within 100 ms for all shipped tasks.
 */
public final class CancelToken extends NativeObject {
  /** Makes one that nobody has requested. */
  public CancelToken() {
    super(new Handle(create(), "cancel token", p -> mirra_cancel_destroy(p)));
  }

  private static MemorySegment create() {
    try (Frame frame = new Frame()) {
      MemorySegment cancel = frame.pointer();
      MirraException.check(mirra_cancel_create(cancel, frame.error()), frame);
      return cancel.get(ADDRESS, 0);
    }
  }

  /** Asks all runs that have it to stop; does not wait. */
  public void request() {
    this.<Void>use(
        (pointer, frame) -> {
          mirra_cancel_request(pointer);
          return null;
        });
  }

  /**
   * Whether it was requested.
   *
   * @return true once it was
   */
  public boolean isRequested() {
    return use((pointer, frame) -> mirra_cancel_requested(pointer) != 0);
  }
}

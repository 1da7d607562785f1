package org.mirra;

import static org.mirra.raw.EngineFunctions.mirra_engine_shutdown;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.mirra.internal.Frame;
import org.mirra.internal.Handle;

/**
 * Stops all work as the JVM ends: the libraries under it are taken apart then, and a thread that
 * still computes would crash.
 */
final class ShutdownHook {
  /** A run in a listener that ends the JVM waits for the hook; the hook does not wait for it. */
  private static final double SECONDS = 2;

  /** Engines by their addresses. */
  private static final Map<Long, Handle> ENGINES = new ConcurrentHashMap<>();

  static {
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(ShutdownHook::stop, "mirra-shutdown"));
    } catch (IllegalStateException e) {
      // The JVM ends already.
    }
  }

  private ShutdownHook() {}

  static void add(Handle engine) {
    ENGINES.put(engine.held().address(), engine);
  }

  /** Before it is destroyed. */
  static void remove(MemorySegment engine) {
    ENGINES.remove(engine.address());
  }

  private static void stop() {
    ENGINES.values().forEach(engine -> stop(engine, 0));
    long start = System.nanoTime();
    for (Handle engine : ENGINES.values()) {
      stop(engine, Math.max(0, SECONDS - (System.nanoTime() - start) / 1e9));
    }
  }

  private static void stop(Handle engine, double seconds) {
    if (engine.hold()) {
      try (Frame frame = new Frame()) {
        MirraException.check(mirra_engine_shutdown(engine.held(), seconds, frame.error()), frame);
      } catch (MirraException e) {
        // It has not ended in time.
      } finally {
        engine.release();
      }
    }
  }
}

package org.mirra.internal;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Objects that C names by a `void *user`: a number instead of an address. What is registered stays
 * alive.
 */
public final class Registry {
  private static final Map<Long, Object> OBJECTS = new ConcurrentHashMap<>();
  private static final AtomicLong LAST = new AtomicLong();

  private Registry() {}

  /** Registers an object. */
  public static MemorySegment add(Object object) {
    long key = LAST.incrementAndGet();
    OBJECTS.put(key, object);
    return MemorySegment.ofAddress(key);
  }

  /** The object of a `user`. */
  public static <T> T get(MemorySegment user, Class<T> type) {
    return type.cast(OBJECTS.get(user.address()));
  }

  /** Forgets an object; NULL is taken. */
  public static void remove(MemorySegment user) {
    OBJECTS.remove(user.address());
  }

  /** How many there are. */
  public static int size() {
    return OBJECTS.size();
  }
}

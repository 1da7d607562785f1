package org.mirra.internal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Memory of one call: its structs, strings and outputs. */
public final class Frame implements AutoCloseable {
  private final Arena arena = Arena.ofConfined();

  /** Where the call's error goes. */
  private final MemorySegment error = arena.allocate(ADDRESS);

  /** Throws {@link UnsatisfiedLinkError} if there is no library. */
  public Frame() {
    Library.require();
  }

  /** What structs are allocated from. */
  public Arena arena() {
    return arena;
  }

  /** Where the call's error goes. */
  public MemorySegment error() {
    return error;
  }

  /** The error that the call gave. */
  public MemorySegment errorObject() {
    return error.get(ADDRESS, 0);
  }

  /** Room for a pointer that the call gives. */
  public MemorySegment pointer() {
    return arena.allocate(ADDRESS);
  }

  /** Room for a number that the call gives. */
  public MemorySegment number() {
    return arena.allocate(JAVA_LONG);
  }

  /** A text for the call; NULL for null. */
  public MemorySegment string(String text) {
    if (text == null) {
      return MemorySegment.NULL;
    }
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("a text has a NUL character: " + text.replace('\0', '?'));
    }
    return arena.allocateFrom(text);
  }

  /** Bytes for the call. */
  public MemorySegment bytes(byte[] bytes) {
    MemorySegment copy = arena.allocate(Math.max(bytes.length, 1));
    MemorySegment.copy(bytes, 0, copy, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, bytes.length);
    return copy;
  }

  /** A text that the library gave; "" for NULL. */
  public static String text(MemorySegment pointer) {
    return isNull(pointer) ? "" : pointer.reinterpret(Long.MAX_VALUE).getString(0);
  }

  /** Several texts. */
  public static List<String> texts(MemorySegment pointers, int count) {
    List<String> texts = new ArrayList<>(count);
    MemorySegment sized = pointers.reinterpret(count * ADDRESS.byteSize());
    for (int i = 0; i < count; ++i) {
      texts.add(text(sized.getAtIndex(ADDRESS, i)));
    }
    return List.copyOf(texts);
  }

  /** Whether a pointer is NULL. */
  public static boolean isNull(MemorySegment pointer) {
    return pointer.address() == 0;
  }

  @Override
  public void close() {
    arena.close();
  }
}

package org.mirra.internal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;

/** What the foreign-function API leaves open about memory. */
public final class Memory {
  private static final MethodHandle MALLOC =
      Library.standard("malloc", FunctionDescriptor.of(ADDRESS, JAVA_LONG));
  private static final MethodHandle FREE =
      Library.standard("free", FunctionDescriptor.ofVoid(ADDRESS));
  private static final MethodHandle BSEARCH =
      Library.standard(
          "bsearch",
          FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS));
  private static final MemorySegment COMPARE = compareStub();
  private static final ThreadLocal<Deque<Runnable>> HELD = ThreadLocal.withInitial(ArrayDeque::new);

  /** Scopes of memory that nobody can free while it is reachable. Other names cost a copy. */
  private static final Set<String> LASTING =
      Set.of("GlobalSession", "GlobalSession$HeapSession", "ImplicitSession");

  private Memory() {}

  /**
   * Memory that holds anything and belongs to nobody: {@link #free} it. An arena would clear it.
   */
  public static MemorySegment allocate(long bytes) {
    try {
      MemorySegment memory = (MemorySegment) MALLOC.invokeExact(Math.max(bytes, 1));
      if (memory.equals(MemorySegment.NULL)) {
        throw new OutOfMemoryError("no memory for " + bytes + " bytes of pixels");
      }
      return memory.reinterpret(bytes);
    } catch (Throwable thrown) {
      throw Library.rethrow(thrown);
    }
  }

  /** Frees what {@link #allocate} gave. */
  public static void free(MemorySegment memory) {
    try {
      FREE.invokeExact(memory);
    } catch (Throwable thrown) {
      throw Library.rethrow(thrown);
    }
  }

  /** Whether native memory stays as long as it is reachable: no arena that can be closed has it. */
  public static boolean isLasting(MemorySegment memory) {
    String name = memory.scope().getClass().getName();
    return LASTING.contains(name.substring(name.lastIndexOf('.') + 1));
  }

  /**
   * Runs something during which the arenas of native memory cannot be closed.
   *
   * <p>Only a call into C holds the arenas of its arguments; the struct of an image has addresses.
   * So the memory goes through a call of C that calls back, in pairs: bsearch over one element.
   */
  public static void hold(List<MemorySegment> memories, Runnable body) {
    if (memories.isEmpty()) {
      body.run();
      return;
    }
    MemorySegment first = memories.getFirst();
    MemorySegment second = memories.size() > 1 ? memories.get(1) : first;
    List<MemorySegment> rest = memories.subList(Math.min(2, memories.size()), memories.size());
    Throwable[] failure = new Throwable[1];
    HELD.get()
        .push(
            () -> {
              try {
                hold(rest, body);
              } catch (Throwable thrown) {
                failure[0] = thrown;
              }
            });
    int depth = HELD.get().size();
    try {
      var unused = (MemorySegment) BSEARCH.invokeExact(first, second, 1L, 1L, COMPARE);
    } catch (Throwable thrown) {
      failure[0] = thrown;
    }
    if (HELD.get().size() == depth) {
      HELD.get().pop();
    }
    if (failure[0] != null) {
      throw Library.rethrow(failure[0]);
    }
  }

  private static int compare(MemorySegment first, MemorySegment second) {
    HELD.get().pop().run();
    return 0;
  }

  private static MemorySegment compareStub() {
    return stub(
        MethodHandles.lookup(), "compare", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
  }

  /** A pointer to a static method, which lives for ever. */
  public static MemorySegment stub(
      MethodHandles.Lookup lookup, String method, FunctionDescriptor descriptor) {
    try {
      MethodType type = descriptor.toMethodType();
      return Linker.nativeLinker()
          .upcallStub(
              lookup.findStatic(lookup.lookupClass(), method, type), descriptor, Arena.global());
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }
}

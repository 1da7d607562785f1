package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_add;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_count;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_create;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_destroy;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_get_versioned;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_name;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import org.mirra.internal.Frame;
import org.mirra.internal.Library;
import org.mirra.raw.Callbacks;
import org.mirra.raw.DLManagedTensorVersioned;

/** Maps of tensors to and from the library's sets. */
final class TensorSet {
  private TensorSet() {}

  /** A new set, to be destroyed. */
  static MemorySegment create(Frame frame, Map<String, Tensor> tensors) {
    MemorySegment pointer = frame.pointer();
    MirraException.check(mirra_tensors_create(pointer, frame.error()), frame);
    MemorySegment set = pointer.get(ADDRESS, 0);
    try {
      tensors.forEach((name, tensor) -> add(frame, set, name, tensor));
      return set;
    } catch (Throwable thrown) {
      mirra_tensors_destroy(set);
      throw thrown;
    }
  }

  private static void add(Frame frame, MemorySegment set, String name, Tensor tensor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = tensor.toNative(arena);
      MirraException.check(mirra_tensors_add(set, frame.string(name), s, frame.error()), frame);
    }
  }

  /** Copies of all tensors of a set, which is destroyed. */
  static Map<String, Tensor> take(Frame frame, MemorySegment set) {
    try {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (int i = 0; i < mirra_tensors_count(set); ++i) {
        MemorySegment name = mirra_tensors_name(set, i);
        tensors.put(Frame.text(name), copy(frame, set, name));
      }
      return tensors;
    } finally {
      mirra_tensors_destroy(set);
    }
  }

  private static Tensor copy(Frame frame, MemorySegment set, MemorySegment name) {
    MemorySegment pointer = frame.pointer();
    MirraException.check(mirra_tensors_get_versioned(set, name, pointer, frame.error()), frame);
    MemorySegment managed = pointer.get(ADDRESS, 0).reinterpret(DLManagedTensorVersioned.SIZE);
    try {
      return Tensor.of(DLManagedTensorVersioned.dl_tensor(managed));
    } finally {
      delete(managed);
    }
  }

  private static final class Deleter {
    static final java.lang.invoke.MethodHandle CALL =
        Linker.nativeLinker().downcallHandle(Callbacks.DLMANAGEDTENSORVERSIONED_DELETER);
  }

  private static void delete(MemorySegment managed) {
    try {
      Deleter.CALL.invokeExact(DLManagedTensorVersioned.deleter(managed), managed);
    } catch (Throwable thrown) {
      throw Library.rethrow(thrown);
    }
  }
}

package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.mirra.raw.StringsFunctions.mirra_memory_free;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_destroy;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_read;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_read_memory;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_write;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_write_memory;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import org.mirra.internal.Frame;

/** Tensors in safetensors files. Values become fp32, whatever the file has. */
public final class Tensors {
  private Tensors() {}

  /**
   * Reads a file.
   *
   * @param file a safetensors file
   * @return its tensors in alphabetical order
   * @throws MirraException NOT_FOUND, IO, CORRUPT, UNSUPPORTED for integers
   */
  public static Map<String, Tensor> read(Path file) {
    try (Frame frame = new Frame()) {
      MemorySegment set = frame.pointer();
      MirraException.check(
          mirra_tensors_read(frame.string(file.toString()), set, frame.error()), frame);
      return TensorSet.take(frame, set.get(ADDRESS, 0));
    }
  }

  /**
   * Reads a file's content.
   *
   * @param content of a safetensors file
   * @return its tensors in alphabetical order
   * @throws MirraException CORRUPT, UNSUPPORTED for integers
   */
  public static Map<String, Tensor> read(byte[] content) {
    try (Frame frame = new Frame()) {
      MemorySegment set = frame.pointer();
      MirraException.check(
          mirra_tensors_read_memory(frame.bytes(content), content.length, set, frame.error()),
          frame);
      return TensorSet.take(frame, set.get(ADDRESS, 0));
    }
  }

  /**
   * Writes a file. Readers see the old content or the new, never a part.
   *
   * @param tensors by name
   * @param file to write
   * @throws MirraException IO
   */
  public static void write(Map<String, Tensor> tensors, Path file) {
    try (Frame frame = new Frame()) {
      MemorySegment set = TensorSet.create(frame, tensors);
      try {
        MirraException.check(
            mirra_tensors_write(set, frame.string(file.toString()), frame.error()), frame);
      } finally {
        mirra_tensors_destroy(set);
      }
    }
  }

  /**
   * A file's content.
   *
   * @param tensors by name
   * @return what a safetensors file would hold
   */
  public static byte[] toBytes(Map<String, Tensor> tensors) {
    try (Frame frame = new Frame()) {
      MemorySegment set = TensorSet.create(frame, tensors);
      try {
        MemorySegment bytes = frame.pointer();
        MemorySegment size = frame.number();
        MirraException.check(mirra_tensors_write_memory(set, bytes, size, frame.error()), frame);
        return takeBytes(bytes.get(ADDRESS, 0), size.get(JAVA_LONG, 0));
      } finally {
        mirra_tensors_destroy(set);
      }
    }
  }

  /** A copy of bytes that the library gave, which are freed. */
  static byte[] takeBytes(MemorySegment bytes, long size) {
    try {
      return bytes.reinterpret(size).toArray(JAVA_BYTE);
    } finally {
      mirra_memory_free(bytes);
    }
  }
}

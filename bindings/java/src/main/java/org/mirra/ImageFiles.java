package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.mirra.raw.ImagesFunctions.mirra_image_check_write;
import static org.mirra.raw.ImagesFunctions.mirra_image_write;
import static org.mirra.raw.ImagesFunctions.mirra_image_write_memory;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.BiFunction;
import org.mirra.internal.Frame;
import org.mirra.internal.Registry;
import org.mirra.raw.MirraWriteOptions;

/**
 * Writes picture files with metadata, safely: readers see the old file or the new, never a part.
 */
public final class ImageFiles {
  private ImageFiles() {}

  /**
   * Writes a file; its ending says which format.
   *
   * @param file to write
   * @param image its pixels. JPEG has no alpha: the image is laid over white
   * @param metadata the picture whose metadata and, if the image has no profile, colour tags go
   *     along; null: none
   * @param options how
   * @throws MirraException IO; UNSUPPORTED for linear light that the tags contradict
   */
  public static void write(Path file, Image image, Picture metadata, WriteOptions options) {
    call(
        options,
        image,
        metadata,
        (call, frame) ->
            mirra_image_write(
                frame.string(file.toString()),
                call.image,
                call.metadata,
                call.options,
                frame.error()));
  }

  /**
   * A file's content.
   *
   * @param image its pixels
   * @param metadata as for a file
   * @param options how; they name the format
   * @return the file
   * @throws MirraException as for a file
   */
  public static byte[] toBytes(Image image, Picture metadata, WriteOptions options) {
    byte[][] content = new byte[1][];
    call(
        options,
        image,
        metadata,
        (call, frame) -> {
          MemorySegment bytes = frame.pointer();
          MemorySegment size = frame.number();
          int status =
              mirra_image_write_memory(
                  call.image, call.metadata, call.options, bytes, size, frame.error());
          if (status == 0) {
            content[0] = Tensors.takeBytes(bytes.get(ADDRESS, 0), size.get(JAVA_LONG, 0));
          }
          return status;
        });
    return content[0];
  }

  /**
   * Says before long work what {@link #write} would refuse for the path, the format and the size
   * alone.
   *
   * @param file to write later
   * @param spec what the image is; null: not known yet
   * @param options how
   * @throws MirraException IO, INVALID_ARGUMENT, UNSUPPORTED, LIMIT
   */
  public static void checkWritable(Path file, ImageSpec spec, WriteOptions options) {
    Imaging.call(
        (pixels, frame) -> {
          MemorySegment image =
              spec == null
                  ? MemorySegment.NULL
                  : pixels.describe(frame.arena(), Image.allocate(spec), Pixels.Access.READ);
          MemorySegment how = nativeOptions(frame, options);
          return () ->
              mirra_image_check_write(frame.string(file.toString()), image, how, frame.error());
        });
  }

  /** The arguments of a call that writes. */
  private record Call(MemorySegment image, MemorySegment metadata, MemorySegment options) {}

  private static void call(
      WriteOptions options,
      Image image,
      Picture metadata,
      BiFunction<Call, Frame, Integer> function) {
    NoteListener notes = new NoteListener(options.notes());
    MemorySegment user = Registry.add(notes);
    try {
      if (metadata == null) {
        call(options, image, MemorySegment.NULL, user, function);
      } else {
        metadata.<Void>readColors(
            (picture, unused) -> {
              call(options, image, picture, user, function);
              return null;
            });
      }
    } finally {
      Registry.remove(user);
    }
    notes.rethrow();
  }

  private static void call(
      WriteOptions options,
      Image image,
      MemorySegment metadata,
      MemorySegment user,
      BiFunction<Call, Frame, Integer> function) {
    Imaging.call(
        (pixels, frame) -> {
          MemorySegment described = pixels.describe(frame.arena(), image, Pixels.Access.READ);
          MemorySegment how = nativeOptions(frame, options);
          if (options.notes() != null) {
            MirraWriteOptions.log(how, Upcalls.NOTE);
            MirraWriteOptions.log_user(how, user);
          }
          return () -> function.apply(new Call(described, metadata, how), frame);
        });
  }

  private static MemorySegment nativeOptions(Frame frame, WriteOptions options) {
    MemorySegment s = MirraWriteOptions.allocate(frame.arena());
    MirraWriteOptions.format(s, frame.string(options.format()));
    MirraWriteOptions.jpeg_quality(s, options.jpegQuality());
    MirraWriteOptions.bit_depth(s, options.bitDepth());
    return s;
  }
}

package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static org.mirra.raw.FilesFunctions.mirra_file_check_write;
import static org.mirra.raw.FilesFunctions.mirra_file_write;
import static org.mirra.raw.StringsFunctions.mirra_string_free;
import static org.mirra.raw.StringsFunctions.mirra_text_printable;
import static org.mirra.raw.VersionFunctions.mirra_abi_version;
import static org.mirra.raw.VersionFunctions.mirra_version_string;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.mirra.internal.Frame;
import org.mirra.internal.Library;

/** What belongs to no object: versions, files, texts. */
public final class Mirra {
  private Mirra() {}

  /**
   * The version of the library that runs.
   *
   * @return "0.1.0", for instance
   */
  public static String version() {
    Library.require();
    return Frame.text(mirra_version_string());
  }

  /**
   * The ABI version of the library that runs.
   *
   * @return the number in libmirra.so.1
   */
  public static int abiVersion() {
    Library.require();
    return mirra_abi_version();
  }

  /**
   * A text that came from a file as it may go to a terminal or a log: what is dangerous there
   * becomes escapes.
   *
   * @param text any
   * @return the text with escapes
   */
  public static String printable(String text) {
    try (Frame frame = new Frame()) {
      MemorySegment printable = frame.pointer();
      MirraException.check(
          mirra_text_printable(frame.string(text), printable, frame.error()), frame);
      return takeString(printable.get(ADDRESS, 0));
    }
  }

  /**
   * Writes a file as Mirra writes all files: readers see the old content or the new, never a part,
   * and on failure the old one stays.
   *
   * @param file to write
   * @param content its new content
   * @throws MirraException IO
   */
  public static void writeFile(Path file, byte[] content) {
    try (Frame frame = new Frame()) {
      MirraException.check(
          mirra_file_write(
              frame.string(file.toString()), frame.bytes(content), content.length, frame.error()),
          frame);
    }
  }

  /**
   * Says before long work what {@link #writeFile} would refuse for the path alone.
   *
   * @param file to write later
   * @throws MirraException IO
   */
  public static void checkWritable(Path file) {
    try (Frame frame = new Frame()) {
      MirraException.check(
          mirra_file_check_write(frame.string(file.toString()), frame.error()), frame);
    }
  }

  /** A copy of a string that the library gave, which is freed. */
  static String takeString(MemorySegment text) {
    try {
      return Frame.text(text);
    } finally {
      mirra_string_free(text);
    }
  }
}

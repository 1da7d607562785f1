package org.mirra.internal;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds libmirra and its functions. */
public final class Library {
  private static final String FILE =
      switch (System.getProperty("os.name").split(" ")[0]) {
        case "Windows" -> "mirra.dll";
        case "Mac" -> "libmirra.1.dylib";
        default -> "libmirra.so.1";
      };
  private static final Opened OPENED = Opened.open();

  private Library() {}

  /** The library, or why there is none. */
  private record Opened(SymbolLookup symbols, UnsatisfiedLinkError failure) {
    static Opened open() {
      try {
        return new Opened(Library.open(), null);
      } catch (UnsatisfiedLinkError e) {
        return new Opened(null, e);
      }
    }
  }

  /**
   * Says at each call what is wrong if there is no library: a class whose initialisation failed
   * says it only once.
   */
  public static void require() {
    if (OPENED.failure != null) {
      var error = new UnsatisfiedLinkError(OPENED.failure.getMessage());
      error.initCause(OPENED.failure.getCause());
      throw error;
    }
  }

  /** A function of the library that can be called. */
  public static MethodHandle function(String name, FunctionDescriptor descriptor) {
    return Linker.nativeLinker()
        .downcallHandle(
            OPENED
                .symbols
                .find(name)
                .orElseThrow(
                    () -> new UnsatisfiedLinkError("libmirra is too old: it has no " + name)),
            descriptor);
  }

  /** A function of the C library that can be called. */
  public static MethodHandle standard(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), descriptor);
  }

  /** What a call threw: it declares nothing, so that it is unchecked. */
  public static RuntimeException rethrow(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    return (RuntimeException) thrown;
  }

  private static SymbolLookup open() {
    String named = System.getProperty("org.mirra.library");
    if (named != null) {
      return load(Path.of(named));
    }
    String prefix = System.getenv("MIRRA_PREFIX");
    if (prefix != null && !prefix.isEmpty()) {
      return load(Path.of(prefix, "lib", FILE));
    }
    for (String folder : System.getProperty("java.library.path", "").split(File.pathSeparator)) {
      Path file = Path.of(folder.isEmpty() ? "." : folder, FILE);
      if (Files.exists(file)) {
        return load(file);
      }
    }
    try {
      return SymbolLookup.libraryLookup(FILE, Arena.global());
    } catch (IllegalArgumentException e) {
      throw missing(FILE + " was not found", e);
    }
  }

  private static SymbolLookup load(Path file) {
    try {
      return SymbolLookup.libraryLookup(file, Arena.global());
    } catch (IllegalArgumentException e) {
      throw missing(file + " could not be loaded", e);
    }
  }

  private static UnsatisfiedLinkError missing(String what, Throwable cause) {
    var error =
        new UnsatisfiedLinkError(
            what
                + "; set the environment's MIRRA_PREFIX to the folder where Mirra is installed, or"
                + " the property org.mirra.library to the file");
    error.initCause(cause);
    return error;
  }
}

package org.mirra;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.mirra.raw.VersionFunctions;

/** The raw layer against the library that runs; generate.py --check compares it with the header. */
class RawLayerTest {
  private static List<Class<?>> classes() throws Exception {
    Path folder =
        Path.of(VersionFunctions.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (Stream<Path> files = Files.list(folder.resolve("org/mirra/raw"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".class"))
          .<Class<?>>map(name -> load("org.mirra.raw." + name.replace(".class", "")))
          .toList();
    }
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name, false, RawLayerTest.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  /** A library may be older than this package: it has the functions of its own header. */
  @Test
  void functionsAreThoseOfTheLibrary() throws Exception {
    Path prefix = Path.of(System.getenv("MIRRA_PREFIX"));
    String header = Files.readString(prefix.resolve("include/mirra/mirra.h"));
    TreeSet<String> functions = new TreeSet<>();
    for (Class<?> type : classes()) {
      String name = type.getSimpleName();
      boolean declared = header.contains(" " + name + "(") || header.contains("*" + name + "(");
      if (name.startsWith("mirra_") && declared) {
        Field handle = type.getDeclaredField("H");
        handle.setAccessible(true);
        assertNotNull((MethodHandle) handle.get(null));
        functions.add(name);
      }
    }
    assertEquals(exported(prefix.resolve("lib/libmirra.so.1")), functions);
  }

  private static TreeSet<String> exported(Path library) throws IOException {
    Process nm =
        new ProcessBuilder("nm", "-D", "--defined-only", library.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    TreeSet<String> names = new TreeSet<>();
    nm.inputReader()
        .lines()
        .map(line -> line.replaceAll("^.* |@.*$", ""))
        .filter(name -> name.startsWith("mirra_"))
        .forEach(names::add);
    return names;
  }

  @Test
  void layoutsHaveTheirSizes() throws Exception {
    int structs = 0;
    for (Class<?> type : classes()) {
      if (Stream.of(type.getFields()).anyMatch(field -> field.getName().equals("LAYOUT"))) {
        MemoryLayout layout = (MemoryLayout) type.getField("LAYOUT").get(null);
        assertEquals(type.getField("SIZE").getLong(null), layout.byteSize(), type.getName());
        ++structs;
      }
    }
    assertTrue(structs > 25);
  }
}

package org.mirra.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.mirra.Engine;
import org.mirra.MirraException;

/** What the steps of one case share: objects by name, its folder, and how it ends. */
final class CaseRunner implements AutoCloseable {
  /** A step of a kind. */
  interface Step {
    void run(Fields step) throws Exception;
  }

  final Suite suite;
  final Expect expect;
  final Engine engine;
  final Path folder;
  final Map<String, byte[]> memories = new HashMap<>();

  /** Pixels that the runner allocates; null: in arrays. */
  final Arena arena;

  private final Map<String, Object> objects = new HashMap<>();
  private final List<AutoCloseable> open = new ArrayList<>();
  private final Map<String, Step> steps = new HashMap<>();

  CaseRunner(Suite suite, Engine engine, Path folder, Arena arena) {
    this.suite = suite;
    this.engine = engine;
    this.folder = folder;
    this.arena = arena;
    expect = new Expect(suite);
    new ObjectSteps(this).addTo(steps);
    new SessionSteps(this).addTo(steps);
    new PictureSteps(this).addTo(steps);
    new RunSteps(this).addTo(steps);
  }

  void run(JsonNode node) throws Exception {
    Fields fields = new Fields(node);
    String op = fields.text("op");
    Step step = steps.get(op);
    if (step == null) {
      throw new AssertionError("the runner does not know the op '" + op + "'");
    }
    if (!fields.has("error")) {
      step.run(fields);
      fields.checkAllRead();
      return;
    }
    Fields error = fields.object("error");
    try {
      step.run(fields);
    } catch (AssertionError e) {
      throw e;
    } catch (Exception e) {
      checkError(error, unwrapped(e));
      // A step that fails comes to neither.
      fields.get("as");
      fields.get("expect");
      fields.checkAllRead();
      return;
    }
    throw new AssertionError("no error came");
  }

  private static Throwable unwrapped(Throwable thrown) {
    boolean wrapper = thrown instanceof CompletionException || thrown instanceof ExecutionException;
    return wrapper ? thrown.getCause() : thrown;
  }

  private void checkError(Fields error, Throwable thrown) {
    String code =
        switch (thrown) {
          case MirraException e -> e.code().name().toLowerCase();
          case CancellationException e -> "cancelled";
          case TimeoutException e -> "timeout";
          case IllegalStateException e -> "closed";
          default -> throw new AssertionError("another kind of error came", thrown);
        };
    if (!error.text("code").equals(code)) {
      throw new AssertionError("the error has the code " + code, thrown);
    }
    if (error.has("subject")) {
      String subject = ((MirraException) thrown).subject();
      if (!subject.equals(word(error.text("subject")))) {
        throw new AssertionError("the error's subject is '" + subject + "'", thrown);
      }
    }
  }

  /** A path of the index or of the case's folder, or the word itself. */
  String word(String word) {
    return word.startsWith("@") || word.startsWith("%") ? path(word).toString() : word;
  }

  Path path(String word) {
    if (word.startsWith("@")) {
      return suite.file(word.substring(1));
    }
    return word.equals("%") ? folder : folder.resolve(word.substring(1));
  }

  byte[] memory(String word) {
    return word.startsWith("@") ? Suite.bytes(path(word)) : memories.get(word);
  }

  void put(String name, Object object) {
    objects.put(name, object);
    if (object instanceof AutoCloseable closeable) {
      open.add(closeable);
    }
  }

  <T> T object(String name, Class<T> type) {
    return type.cast(objects.get(name));
  }

  Engine engineOf(Fields step) {
    return step.has("engine") ? object(step.text("engine"), Engine.class) : engine;
  }

  @Override
  public void close() {
    for (AutoCloseable closeable : open) {
      try {
        closeable.close();
      } catch (Exception e) {
        throw new AssertionError("an object does not close", e);
      }
    }
  }
}

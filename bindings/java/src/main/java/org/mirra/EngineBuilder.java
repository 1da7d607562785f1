package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static org.mirra.raw.EngineFunctions.mirra_engine_create;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.mirra.internal.Frame;
import org.mirra.internal.Registry;
import org.mirra.raw.Constants;
import org.mirra.raw.MirraEngineOptions;

/** What an engine is made of. */
public final class EngineBuilder {
  private final List<Path> pluginPath = new ArrayList<>();
  private final List<Path> bundlePath = new ArrayList<>();
  private final List<String> pluginSkip = new ArrayList<>();
  private Path runtimeModule;
  private Path libtorchPath;
  private int flags;
  private LogListener log;
  private LogLevel level = LogLevel.INFO;
  private Consumer<String> loading;

  EngineBuilder() {}

  /**
   * Folders and files that are searched first for plugins. Then come the environment's
   * MIRRA_PLUGIN_PATH, ~/.local/share/mirra/plugins, and mirra/plugins beside the library.
   *
   * @param paths of a folder, FILE.so and NAME/plugin.so are taken
   * @return this
   */
  public EngineBuilder pluginPath(Path... paths) {
    pluginPath.addAll(List.of(paths));
    return this;
  }

  /**
   * Looks for plugins in {@link #pluginPath} only.
   *
   * @return this
   */
  public EngineBuilder pluginPathOnly() {
    flags |= Constants.MIRRA_PLUGIN_PATH_ONLY;
    return this;
  }

  /**
   * Loads each plugin in a process of its own first, and passes over one that ends or blocks it.
   *
   * @return this
   */
  public EngineBuilder scanPlugins() {
    flags |= Constants.MIRRA_PLUGIN_SCAN_PROCESS;
    return this;
  }

  /**
   * Loads the plugins into a process of its own, and runs all sessions and graphs there. If that
   * process ends (a plugin that crashes), the calls under way throw PLUGIN, sessions stay, and the
   * next call starts another process.
   *
   * @return this
   */
  public EngineBuilder isolated() {
    flags |= Constants.MIRRA_ISOLATION_PROCESS;
    return this;
  }

  /**
   * Does as {@link #isolated} if another LibTorch is in this process already.
   *
   * @return this
   */
  public EngineBuilder isolatedBesideLibtorch() {
    flags |= Constants.MIRRA_ISOLATION_AUTO;
    return this;
  }

  /**
   * Plugins that are passed over.
   *
   * @param plugins names of files ("gain.so"), paths, or ids ("org.example.gain")
   * @return this
   */
  public EngineBuilder skipPlugins(String... plugins) {
    pluginSkip.addAll(List.of(plugins));
    return this;
  }

  /**
   * Folders that are searched for the tasks' default bundles, behind the folder of the task's own
   * plugin.
   *
   * @param folders in the order of the search
   * @return this
   */
  public EngineBuilder bundlePath(Path... folders) {
    bundlePath.addAll(List.of(folders));
    return this;
  }

  /**
   * The file of the module that runs networks.
   *
   * @param file found by itself by default
   * @return this
   */
  public EngineBuilder runtimeModule(Path file) {
    runtimeModule = file;
    return this;
  }

  /**
   * The folder of the LibTorch that the module runs on.
   *
   * @param folder found by itself by default
   * @return this
   */
  public EngineBuilder libtorchPath(Path folder) {
    libtorchPath = folder;
    return this;
  }

  /**
   * Who receives messages.
   *
   * @param level the least that is received
   * @param listener receives them
   * @return this
   */
  public EngineBuilder log(LogLevel level, LogListener listener) {
    this.level = Objects.requireNonNull(level, "level");
    log = listener;
    return this;
  }

  /**
   * Who is told of each plugin's file before anything of it runs. What it throws comes out of
   * {@link #create}.
   *
   * @param listener receives paths
   * @return this
   */
  public EngineBuilder loading(Consumer<String> listener) {
    loading = listener;
    return this;
  }

  /**
   * Makes the engine. A plugin that cannot be loaded is no error here: see {@link Engine#plugins}.
   *
   * @return the engine
   * @throws MirraException INVALID_ARGUMENT
   * @throws UnsatisfiedLinkError if libmirra is not found
   */
  public Engine create() {
    NoteListener told = new NoteListener(loading);
    MemorySegment toldUser = Registry.add(told);
    try (Frame frame = new Frame()) {
      MemorySegment engine = frame.pointer();
      MirraException.check(
          mirra_engine_create(options(frame, toldUser), engine, frame.error()), frame);
      Engine created = new Engine(engine.get(ADDRESS, 0));
      try {
        told.rethrow();
        return created;
      } catch (Throwable thrown) {
        created.close();
        throw thrown;
      }
    } finally {
      Registry.remove(toldUser);
    }
  }

  private MemorySegment options(Frame frame, MemorySegment toldUser) {
    MemorySegment s = MirraEngineOptions.allocate(frame.arena());
    MirraEngineOptions.flags(s, flags);
    MirraEngineOptions.plugin_path(s, joined(frame, pluginPath));
    MirraEngineOptions.bundle_path(s, joined(frame, bundlePath));
    MirraEngineOptions.plugin_skip(s, joined(frame, pluginSkip));
    MirraEngineOptions.runtime_module(s, path(frame, runtimeModule));
    MirraEngineOptions.libtorch_path(s, path(frame, libtorchPath));
    if (log != null) {
      MirraEngineOptions.log(s, Upcalls.LOG);
      MirraEngineOptions.log_user(s, Registry.add(log));
      MirraEngineOptions.log_user_free(s, Upcalls.FORGET);
      MirraEngineOptions.log_level(s, level.value());
    }
    if (loading != null) {
      MirraEngineOptions.loading(s, Upcalls.LOADING);
      MirraEngineOptions.loading_user(s, toldUser);
    }
    return s;
  }

  private static MemorySegment path(Frame frame, Path path) {
    return frame.string(path == null ? null : path.toString());
  }

  private static MemorySegment joined(Frame frame, Collection<?> parts) {
    String all = parts.stream().map(Object::toString).collect(Collectors.joining(":"));
    return frame.string(parts.isEmpty() ? null : all);
  }
}

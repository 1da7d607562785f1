package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static org.mirra.raw.BundlesFunctions.mirra_engine_find_bundle;
import static org.mirra.raw.DevicesFunctions.*;
import static org.mirra.raw.EngineFunctions.*;
import static org.mirra.raw.IntrospectionFunctions.*;
import static org.mirra.raw.TensorsFunctions.mirra_graph_run;
import static org.mirra.raw.TensorsFunctions.mirra_tensors_destroy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.mirra.internal.Frame;
import org.mirra.internal.Handle;
import org.mirra.raw.MirraBundleRecord;
import org.mirra.raw.MirraDeviceInfo;
import org.mirra.raw.MirraGraphOptions;
import org.mirra.raw.MirraParamInfo;
import org.mirra.raw.MirraPluginRecord;
import org.mirra.raw.MirraPortInfo;
import org.mirra.raw.MirraRuntimeInfo;
import org.mirra.raw.MirraTaskInfo;

/**
 * Owns the plugins, the devices and the cache of compiled networks. A program makes one. Any thread
 * may use it, and it may be closed before its sessions.
 *
 * <p>When the JVM ends, all runs and jobs are stopped first, as {@link #shutdown} does.
 */
public final class Engine extends NativeObject {
  private final Map<String, Task> tasks = new ConcurrentHashMap<>();

  Engine(MemorySegment pointer) {
    super(new Handle(pointer, "engine", Engine::destroy));
    ShutdownHook.add(handle());
  }

  private static void destroy(MemorySegment pointer) {
    ShutdownHook.remove(pointer);
    mirra_engine_destroy(pointer);
  }

  /**
   * An engine with the defaults.
   *
   * @return the engine
   * @throws UnsatisfiedLinkError if libmirra is not found
   */
  public static Engine create() {
    return builder().create();
  }

  /**
   * An engine to be configured.
   *
   * @return the defaults
   */
  public static EngineBuilder builder() {
    return new EngineBuilder();
  }

  /** Calls something that fills a struct with a description. */
  private interface Ask {
    int ask(MemorySegment engine, MemorySegment info, MemorySegment error);
  }

  private static MemorySegment fill(
      MemorySegment pointer, Frame frame, MemorySegment info, Ask ask) {
    MirraException.check(ask.ask(pointer, info, frame.error()), frame);
    return info;
  }

  /** Descriptions of `count` things. */
  private static <T> List<T> list(int count, Function<Integer, T> one) {
    List<T> all = new ArrayList<>(count);
    for (int i = 0; i < count; ++i) {
      all.add(one.apply(i));
    }
    return List.copyOf(all);
  }

  /**
   * All tasks that the plugins brought.
   *
   * @return with ports and parameters
   */
  public List<Task> tasks() {
    return use(
        (pointer, frame) ->
            list(
                mirra_engine_task_count(pointer),
                i ->
                    taskOf(
                        pointer,
                        frame,
                        fill(
                            pointer,
                            frame,
                            MirraTaskInfo.allocate(frame.arena()),
                            (engine, info, error) -> mirra_engine_task(engine, i, info, error)))));
  }

  /**
   * A task by name.
   *
   * @param name "denoise", or with the id of its plugin "org.mirra.denoiser:denoise"
   * @return with ports and parameters
   * @throws MirraException NOT_FOUND; the hint lists the tasks
   */
  public Task task(String name) {
    return use(
        (pointer, frame) -> {
          Task known = name == null ? null : tasks.get(name);
          if (known != null) {
            return known;
          }
          MemorySegment found =
              fill(
                  pointer,
                  frame,
                  MirraTaskInfo.allocate(frame.arena()),
                  (engine, info, error) ->
                      mirra_engine_find_task(engine, frame.string(name), info, error));
          Task task = taskOf(pointer, frame, found);
          tasks.put(name, task);
          return task;
        });
  }

  private static Task taskOf(MemorySegment pointer, Frame frame, MemorySegment s) {
    MemorySegment name = MirraTaskInfo.name(s);
    int flags = MirraTaskInfo.flags(s);
    return new Task(
        Frame.text(name),
        Frame.text(MirraTaskInfo.label(s)),
        Frame.text(MirraTaskInfo.doc(s)),
        Frame.text(MirraTaskInfo.default_bundle(s)),
        Frame.text(MirraTaskInfo.plugin_id(s)),
        Frame.text(MirraTaskInfo.plugin_version(s)),
        Frame.texts(MirraTaskInfo.qualities(s), MirraTaskInfo.quality_count(s)),
        (flags & org.mirra.raw.Constants.MIRRA_TASK_GLOBAL_STATISTICS) != 0,
        (flags & org.mirra.raw.Constants.MIRRA_TASK_NO_NETWORK) == 0,
        (flags & org.mirra.raw.Constants.MIRRA_TASK_CONCURRENT_TILES) != 0,
        list(
            MirraTaskInfo.port_count(s),
            i ->
                Port.of(
                    fill(
                        pointer,
                        frame,
                        MirraPortInfo.allocate(frame.arena()),
                        (engine, info, error) -> mirra_engine_port(engine, name, i, info, error)))),
        list(
            MirraTaskInfo.param_count(s),
            i ->
                Param.of(
                    fill(
                        pointer,
                        frame,
                        MirraParamInfo.allocate(frame.arena()),
                        (engine, info, error) ->
                            mirra_engine_param(engine, name, i, info, error)))));
  }

  /**
   * All tasks with ports and parameters.
   *
   * @return a JSON document
   */
  public String schemaJson() {
    return use((pointer, frame) -> Frame.text(mirra_engine_schema_json(pointer)));
  }

  /**
   * The bundles in the engine's folders. The first call looks.
   *
   * @return in the order of the search
   */
  public List<BundleFile> bundles() {
    return use(
        (pointer, frame) ->
            list(
                mirra_engine_bundle_count(pointer),
                i ->
                    BundleFile.of(
                        fill(
                            pointer,
                            frame,
                            MirraBundleRecord.allocate(frame.arena()),
                            (engine, info, error) ->
                                mirra_engine_bundle(engine, i, info, error)))));
  }

  /**
   * The files that were looked at in the search for plugins.
   *
   * @return in the order of the search
   */
  public List<PluginFile> plugins() {
    return use(
        (pointer, frame) ->
            list(
                mirra_engine_plugin_count(pointer),
                i ->
                    PluginFile.of(
                        fill(
                            pointer,
                            frame,
                            MirraPluginRecord.allocate(frame.arena()),
                            (engine, info, error) ->
                                mirra_engine_plugin(engine, i, info, error)))));
  }

  /**
   * Processors and cards. "cpu" is the first.
   *
   * @return also those that cannot be used, with the reason
   */
  public List<Device> devices() {
    return use(
        (pointer, frame) ->
            list(
                mirra_engine_device_count(pointer),
                i ->
                    Device.of(
                        fill(
                            pointer,
                            frame,
                            MirraDeviceInfo.allocate(frame.arena()),
                            (engine, info, error) ->
                                mirra_engine_device(engine, i, info, error)))));
  }

  /**
   * Loads the module that runs networks, if that has not been done.
   *
   * @return what came of it; a missing module is no error here
   */
  public RuntimeModule runtime() {
    return use(
        (pointer, frame) ->
            RuntimeModule.of(
                fill(
                    pointer,
                    frame,
                    MirraRuntimeInfo.allocate(frame.arena()),
                    (engine, info, error) -> mirra_engine_runtime(engine, info, error))));
  }

  /**
   * The process that runs the sessions of an {@link EngineBuilder#isolated} engine.
   *
   * @return its number; empty where it is this process, or there is none at the moment
   */
  public OptionalLong process() {
    long process = use((pointer, frame) -> mirra_engine_process(pointer));
    return process == 0 ? OptionalLong.empty() : OptionalLong.of(process);
  }

  /**
   * The path of a bundle.
   *
   * @param name without a slash it is looked for in the engine's folders; with one it is a path
   * @return a file
   * @throws MirraException NOT_FOUND
   */
  public Path findBundle(String name) {
    return use(
        (pointer, frame) -> {
          MemorySegment path = frame.pointer();
          MirraException.check(
              mirra_engine_find_bundle(pointer, frame.string(name), path, frame.error()), frame);
          return Path.of(Mirra.takeString(path.get(ADDRESS, 0)));
        });
  }

  /**
   * A session with the defaults.
   *
   * @param task its name
   * @return the session
   * @throws MirraException as {@link Session.Builder#create}
   */
  public Session session(String task) {
    return newSession(task).create();
  }

  /**
   * A session to be configured.
   *
   * @param task its name
   * @return the defaults
   */
  public Session.Builder newSession(String task) {
    return new Session.Builder(this, task);
  }

  /**
   * Runs a network of a bundle as it is: no tiles, no colour, no alignment. A repeated call at the
   * same size only computes.
   *
   * @param bundle has the network
   * @param graph its name
   * @param inputs a tensor N, C, H, W for each input of the graph
   * @param options how
   * @return the outputs by name
   * @throws MirraException NOT_FOUND, MISMATCH, BUDGET, DEVICE
   */
  public Map<String, Tensor> runGraph(
      Bundle bundle, String graph, Map<String, Tensor> inputs, GraphOptions options) {
    return use(
        (pointer, frame) ->
            bundle.use(
                (opened, unused) -> {
                  MemorySegment how = MirraGraphOptions.allocate(frame.arena());
                  MirraGraphOptions.device(how, frame.string(options.device()));
                  MirraGraphOptions.precision(how, options.precision().value());
                  MirraGraphOptions.memory_limit(how, options.memoryLimit());
                  MirraGraphOptions.threads(how, options.threads());
                  MemorySegment given = TensorSet.create(frame, inputs);
                  try {
                    MemorySegment outputs = frame.pointer();
                    MirraException.check(
                        mirra_graph_run(
                            pointer,
                            opened,
                            frame.string(graph),
                            how,
                            given,
                            outputs,
                            frame.error()),
                        frame);
                    return TensorSet.take(frame, outputs.get(ADDRESS, 0));
                  } finally {
                    mirra_tensors_destroy(given);
                  }
                }));
  }

  /**
   * Ends the work of the engine: all of its runs and jobs stop with CANCELLED, and none begins any
   * more. It is still to be closed.
   *
   * @param timeout how long to wait for their end
   * @throws MirraException TIMEOUT if they have not ended by then; BUSY in a listener of one of
   *     them
   */
  public void shutdown(Duration timeout) {
    this.<Void>use(
        (pointer, frame) -> {
          MirraException.check(
              mirra_engine_shutdown(pointer, timeout.toNanos() / 1e9, frame.error()), frame);
          return null;
        });
  }
}

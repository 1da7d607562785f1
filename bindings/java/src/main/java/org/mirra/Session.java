package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static org.mirra.raw.SessionsFunctions.*;

import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mirra.internal.Frame;
import org.mirra.internal.Handle;
import org.mirra.raw.MirraParamInfo;
import org.mirra.raw.MirraPlan;
import org.mirra.raw.MirraRect;
import org.mirra.raw.MirraSessionInfo;
import org.mirra.raw.MirraSessionOptions;
import org.mirra.raw.MirraValue;

/**
 * A task, with its bundle, on a device, with its parameters set.
 *
 * <p>It does one thing at a time: a call while a run or job of the session is under way throws
 * {@link MirraException} with BUSY at once. Different sessions run at the same time; {@link #copy}
 * makes one for another thread, and shares the networks. It may be closed while a job of its runs,
 * and after its engine.
 */
public final class Session extends NativeObject {
  private final Task task;

  /** A text of a parameter must be copied before another thread sets the parameter. */
  private final Object parameters = new Object();

  /** The engine's, which the session holds: what runs is stopped by its engine as the JVM ends. */
  private final Handle engine;

  private Session(MemorySegment pointer, Task task, Handle engine) {
    super(new Handle(pointer, "session", p -> destroy(p, engine)));
    engine.hold();
    this.task = task;
    this.engine = engine;
  }

  private static void destroy(MemorySegment pointer, Handle engine) {
    mirra_session_destroy(pointer);
    engine.release();
  }

  /** What a session is made of. */
  public static final class Builder {
    private final Engine engine;
    private final String task;
    private final Map<String, Object> parameters = new LinkedHashMap<>();
    private Bundle bundle;
    private String quality;
    private String device;
    private Precision precision = Precision.AUTO;
    private long memoryLimit;
    private int threads;
    private int tileSize;

    Builder(Engine engine, String task) {
      this.engine = engine;
      this.task = task;
    }

    /**
     * The networks to use.
     *
     * @param bundle for the task; null: the task's default
     * @return this
     */
    public Builder bundle(Bundle bundle) {
      this.bundle = bundle;
      return this;
    }

    /**
     * A quality in place of a bundle.
     *
     * @param quality one of {@link Task#qualities}: "fast", "balanced", "best"
     * @return this
     */
    public Builder quality(String quality) {
      this.quality = quality;
      return this;
    }

    /**
     * Where it computes. There is no falling back to another device.
     *
     * @param device "cpu", "cuda:0", or several: "cuda:0,1", "cuda:all"; null: "cpu"
     * @return this
     */
    public Builder device(String device) {
      this.device = device;
      return this;
    }

    /**
     * The numbers that networks compute in.
     *
     * @param precision AUTO by default
     * @return this
     */
    public Builder precision(Precision precision) {
      this.precision = precision;
      return this;
    }

    /**
     * The most that the session may add to the process. It is kept by smaller tiles.
     *
     * @param bytes 0: no limit
     * @return this
     */
    public Builder memoryLimit(long bytes) {
      this.memoryLimit = bytes;
      return this;
    }

    /**
     * Threads of the processor's kernels.
     *
     * @param threads at most 1024; 0: as many as the process may use
     * @return this
     */
    public Builder threads(int threads) {
      this.threads = threads;
      return this;
    }

    /**
     * The largest height and width of a tile, overlap included.
     *
     * @param pixels 0: chosen
     * @return this
     */
    public Builder tileSize(int pixels) {
      this.tileSize = pixels;
      return this;
    }

    /**
     * Sets a parameter once the session is there: see {@link Session#set}.
     *
     * @param name of the parameter
     * @param value its value
     * @return this
     */
    public Builder set(String name, Object value) {
      parameters.put(name, value);
      return this;
    }

    /**
     * Makes the session. The first one loads the runtime.
     *
     * @return the session
     * @throws MirraException NOT_FOUND, MISMATCH, UNSUPPORTED, DEVICE, BUDGET, PLUGIN;
     *     INVALID_ARGUMENT for a parameter
     */
    public Session create() {
      Session session = engine.use(this::createBare);
      try {
        parameters.forEach(session::set);
        return session;
      } catch (Throwable thrown) {
        session.close();
        throw thrown;
      }
    }

    private Session createBare(MemorySegment pointer, Frame frame) {
      if (bundle == null) {
        return createBare(pointer, frame, MemorySegment.NULL);
      }
      return bundle.use((opened, unused) -> createBare(pointer, frame, opened));
    }

    private Session createBare(MemorySegment pointer, Frame frame, MemorySegment opened) {
      MemorySegment options = MirraSessionOptions.allocate(frame.arena());
      MirraSessionOptions.task(options, frame.string(task));
      MirraSessionOptions.bundle(options, opened);
      MirraSessionOptions.quality(options, frame.string(quality));
      MirraSessionOptions.device(options, frame.string(device));
      MirraSessionOptions.precision(options, precision.value());
      MirraSessionOptions.memory_limit(options, memoryLimit);
      MirraSessionOptions.threads(options, threads);
      MirraSessionOptions.tile_size(options, tileSize);
      MemorySegment session = frame.pointer();
      MirraException.check(mirra_session_create(pointer, options, session, frame.error()), frame);
      return new Session(session.get(ADDRESS, 0), engine.task(task), engine.handle());
    }
  }

  /** Calls something that gives a status. */
  private void call(Use<Integer> call) {
    this.<Void>use(
        (pointer, frame) -> {
          MirraException.check(call.apply(pointer, frame), frame);
          return null;
        });
  }

  /**
   * Sets a parameter. A refused value leaves it as it was.
   *
   * @param name of a parameter of the task, whichever plugin brought it
   * @param value Boolean, any number, or a String; {@link java.nio.file.Path} for a FILE, {@link
   *     java.awt.Color} for a COLOR. A String for a number that has that choice: "auto"
   * @return this
   * @throws MirraException NOT_FOUND, INVALID_ARGUMENT; the subject is the parameter. BUSY
   */
  public Session set(String name, Object value) {
    synchronized (parameters) {
      call(
          (pointer, frame) ->
              mirra_session_set(
                  pointer, frame.string(name), Values.toNative(frame, name, value), frame.error()));
    }
    return this;
  }

  /**
   * Sets a parameter from text, as a person writes it: "auto", "12.5", "true".
   *
   * @param name of the parameter
   * @param text its value
   * @return this
   * @throws MirraException as {@link #set}
   */
  public Session setText(String name, String text) {
    synchronized (parameters) {
      call(
          (pointer, frame) ->
              mirra_session_set_text(
                  pointer, frame.string(name), frame.string(text), frame.error()));
    }
    return this;
  }

  /**
   * Sets parameters: all of them or, where one is refused, none.
   *
   * @param values by name, as {@link #set} takes them
   * @return this
   * @throws MirraException as {@link #set}
   */
  public Session setAll(Map<String, ?> values) {
    return setJson(Values.json(values));
  }

  /**
   * Sets parameters from a JSON object: all of them or, where one is refused, none.
   *
   * @param json {"sigma": 12.5, "detail": 0.5}
   * @return this
   * @throws MirraException as {@link #set}
   */
  public Session setJson(String json) {
    synchronized (parameters) {
      call((pointer, frame) -> mirra_session_set_json(pointer, frame.string(json), frame.error()));
    }
    return this;
  }

  /**
   * The value of a parameter.
   *
   * @param name of the parameter
   * @return Boolean, Long, Double or String; a String also for a number that stands at a choice
   * @throws MirraException NOT_FOUND, BUSY
   */
  public Object get(String name) {
    synchronized (parameters) {
      return use(
          (pointer, frame) -> {
            MemorySegment value = MirraValue.allocate(frame.arena());
            MirraException.check(
                mirra_session_get(pointer, frame.string(name), value, frame.error()), frame);
            return Values.of(value);
          });
    }
  }

  /**
   * All parameters, in the order of the task.
   *
   * @return values as {@link #get} gives them
   * @throws MirraException BUSY
   */
  public Map<String, Object> getAll() {
    Map<String, Object> values = new LinkedHashMap<>();
    synchronized (parameters) {
      task.params().forEach(param -> values.put(param.name(), get(param.name())));
    }
    return values;
  }

  /**
   * All parameters, in the order of the task.
   *
   * @return a JSON object
   * @throws MirraException BUSY
   */
  public String getJson() {
    return use(
        (pointer, frame) -> {
          MemorySegment json = frame.pointer();
          MirraException.check(mirra_session_get_json(pointer, json, frame.error()), frame);
          return Mirra.takeString(json.get(ADDRESS, 0));
        });
  }

  /**
   * Gives a parameter the value that it had at first.
   *
   * @param name of the parameter
   * @return this
   * @throws MirraException NOT_FOUND, BUSY
   */
  public Session reset(String name) {
    return resetNamed(java.util.Objects.requireNonNull(name, "name"));
  }

  /**
   * Gives all parameters the values that they had at first.
   *
   * @return this
   * @throws MirraException BUSY
   */
  public Session reset() {
    return resetNamed(null);
  }

  private Session resetNamed(String name) {
    synchronized (parameters) {
      call((pointer, frame) -> mirra_session_reset(pointer, frame.string(name), frame.error()));
    }
    return this;
  }

  /**
   * The task as data.
   *
   * @return its ports and parameters
   */
  public Task task() {
    return task;
  }

  /**
   * The parameters with what the session's bundle says: defaults, ranges and choices.
   *
   * @return in the order of the task
   */
  public List<Param> params() {
    return use(
        (pointer, frame) -> {
          List<Param> params = new ArrayList<>();
          for (int i = 0; i < task.params().size(); ++i) {
            MemorySegment info = MirraParamInfo.allocate(frame.arena());
            MirraException.check(mirra_session_param(pointer, i, info, frame.error()), frame);
            params.add(Param.of(info));
          }
          return List.copyOf(params);
        });
  }

  /**
   * What the session is made of, also while it runs.
   *
   * @return a description
   */
  public SessionInfo info() {
    return use(
        (pointer, frame) -> {
          MemorySegment info = MirraSessionInfo.allocate(frame.arena());
          MirraException.check(mirra_session_get_info(pointer, info, frame.error()), frame);
          return SessionInfo.of(info);
        });
  }

  /**
   * What a run would do, without doing it.
   *
   * @param width of the input image, in pixels
   * @param height of the input image, in pixels
   * @return tiles, memory, size of the output
   * @throws MirraException INVALID_ARGUMENT, BUSY
   */
  public Plan plan(int width, int height) {
    return use(
        (pointer, frame) -> {
          MemorySegment plan = MirraPlan.allocate(frame.arena());
          MirraException.check(
              mirra_session_plan(pointer, width, height, plan, frame.error()), frame);
          return Plan.of(plan);
        });
  }

  /**
   * The part of the input that a part of the output depends on.
   *
   * @param width of the input image, in pixels
   * @param height of the input image, in pixels
   * @param region of the output
   * @return what a run of that region reads
   * @throws MirraException INVALID_ARGUMENT for a region that is not within the output; BUSY
   */
  public Rect required(int width, int height, Rect region) {
    return use(
        (pointer, frame) -> {
          MemorySegment required = MirraRect.allocate(frame.arena());
          MirraException.check(
              mirra_session_required(
                  pointer, width, height, region.toNative(frame.arena()), required, frame.error()),
              frame);
          return Rect.of(required);
        });
  }

  /**
   * Another session with the same options and parameters, for a thread of its own.
   *
   * @return shares the networks
   * @throws MirraException BUSY
   */
  public Session copy() {
    return use(
        (pointer, frame) -> {
          MemorySegment clone = frame.pointer();
          MirraException.check(mirra_session_clone(pointer, clone, frame.error()), frame);
          return new Session(clone.get(ADDRESS, 0), task, engine);
        });
  }

  /**
   * A run to be prepared, for all but the simplest cases.
   *
   * @return has no inputs yet
   */
  public Run newRun() {
    return new Run(this);
  }

  /**
   * Runs the task on an image.
   *
   * @param image the first input; it is copied
   * @return the output, of the same type where it can be
   * @throws MirraException as {@link Run#run}
   */
  public BufferedImage run(BufferedImage image) {
    return newRun().input(firstName(), image).run().bufferedImage();
  }

  /**
   * Runs the task on an image.
   *
   * @param image the first input; native memory is used in place
   * @return the output, in native memory
   * @throws MirraException as {@link Run#run}
   */
  public Image run(Image image) {
    return newRun().input(firstName(), image).run().image();
  }

  /**
   * Runs the task on a picture.
   *
   * @param picture the first input
   * @return the output, with the picture's colour tags; to be closed
   * @throws MirraException as {@link Run#run}
   */
  public Picture run(Picture picture) {
    return newRun().input(firstName(), picture).run().picture();
  }

  /**
   * Begins a run on an image and returns at once.
   *
   * @param image the first input; it is copied
   * @return a future
   * @throws MirraException as {@link Run#submit}
   */
  public Job submit(BufferedImage image) {
    return newRun().input(firstName(), image).submit();
  }

  /**
   * Begins a run on an image and returns at once.
   *
   * @param image the first input; native memory is used in place
   * @return a future
   * @throws MirraException as {@link Run#submit}
   */
  public Job submit(Image image) {
    return newRun().input(firstName(), image).submit();
  }

  /**
   * Begins a run on a picture and returns at once.
   *
   * @param picture the first input; the job keeps its pixels
   * @return a future
   * @throws MirraException as {@link Run#submit}
   */
  public Job submit(Picture picture) {
    return newRun().input(firstName(), picture).submit();
  }

  /** The port of the first input image. */
  Optional<Port> firstImage() {
    return task.ports().stream()
        .filter(port -> port.input() && port.type() == Type.IMAGE)
        .findFirst();
  }

  private String firstName() {
    return firstImage()
        .map(Port::name)
        .orElseThrow(
            () -> new UnsupportedOperationException(task.name() + " takes no image; use newRun"));
  }
}

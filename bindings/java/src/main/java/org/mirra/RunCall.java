package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static org.mirra.raw.JobsFunctions.mirra_session_submit;
import static org.mirra.raw.SessionsFunctions.mirra_result_destroy;
import static org.mirra.raw.SessionsFunctions.mirra_session_plan;
import static org.mirra.raw.SessionsFunctions.mirra_session_run;

import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mirra.internal.Frame;
import org.mirra.internal.Registry;
import org.mirra.raw.MirraPlan;
import org.mirra.raw.MirraPortValue;
import org.mirra.raw.MirraRunOptions;
import org.mirra.raw.MirraSink;
import org.mirra.raw.MirraSource;

/** A run as C takes it. */
final class RunCall implements AutoCloseable {
  /** An output that was asked for without saying where it goes. */
  static final Object WANTED =
      new Object() {
        @Override
        public String toString() {
          return "wanted";
        }
      };

  private final Run run;
  private final MemorySegment session;
  private final Frame frame;
  private final RunState state;
  private final Map<String, Object> outputs;
  private final List<Picture> made = new ArrayList<>();
  private final List<NativeObject> used = new ArrayList<>();
  private MemorySegment values;
  private MemorySegment options;
  private long count;

  private RunCall(Run run, MemorySegment session, Frame frame, RunState state) {
    this.run = run;
    this.session = session;
    this.frame = frame;
    this.state = state;
    this.outputs = new LinkedHashMap<>(run.outputs);
  }

  static Result run(Run run) {
    return run.session.use(
        (session, frame) -> {
          RunState state = new RunState(run.progress, run.tile, Thread.currentThread(), null);
          MemorySegment user = Registry.add(state);
          try (RunCall call = new RunCall(run, session, frame, state)) {
            return call.succeed(call.runNow(user));
          } finally {
            Registry.remove(user);
            state.free();
          }
        });
  }

  static Job submit(Run run) {
    return run.session.use(
        (session, frame) -> {
          Job job = new Job(run.progress, run.tile);
          try (RunCall call = new RunCall(run, session, frame, job.runState())) {
            return call.succeed(call.begin(job));
          } catch (Throwable thrown) {
            job.runState().free();
            throw thrown;
          }
        });
  }

  private Result runNow(MemorySegment user) {
    prepare(user, false);
    MemorySegment result = frame.pointer();
    int[] status = new int[1];
    state
        .pixels()
        .hold(
            () ->
                status[0] =
                    mirra_session_run(session, values, count, options, result, frame.error()));
    return finish(status[0], result, frame, state, images());
  }

  private Job begin(Job job) {
    MemorySegment user = Registry.add(state);
    try {
      prepare(user, true);
    } catch (Throwable thrown) {
      Registry.remove(user);
      throw thrown;
    }
    MemorySegment pointer = frame.pointer();
    job.giveImages(images(), made);
    MirraException.check(
        mirra_session_submit(session, values, count, options, pointer, frame.error()), frame);
    job.begun(pointer.get(ADDRESS, 0), run.session.handle());
    return job;
  }

  /** What a run or job that has ended gave: what a listener threw comes before C's error. */
  static Result finish(
      int status, MemorySegment result, Frame frame, RunState state, Map<String, Object> images) {
    try {
      MirraException.check(status, frame);
    } catch (MirraException e) {
      state.rethrow();
      throw e;
    }
    try {
      state.rethrow();
      state.pixels().copyBack();
    } catch (Throwable thrown) {
      mirra_result_destroy(result.get(ADDRESS, 0));
      throw thrown;
    }
    return Result.take(frame, result.get(ADDRESS, 0), images);
  }

  /** What the run made is the caller's from here on. */
  private <T> T succeed(T value) {
    made.clear();
    return value;
  }

  @Override
  public void close() {
    used.forEach(object -> object.handle().release());
    made.forEach(Picture::close);
    Reference.reachabilityFence(run);
  }

  private MemorySegment use(NativeObject object) {
    MemorySegment pointer = object.handle().acquire();
    used.add(object);
    return pointer;
  }

  private Map<String, Object> images() {
    Map<String, Object> images = new LinkedHashMap<>(outputs);
    images.values().removeIf(value -> value == WANTED || value instanceof ImageSink);
    return images;
  }

  private void prepare(MemorySegment user, boolean job) {
    makeOutputs();
    count = run.inputs.size() + outputs.size();
    values = frame.arena().allocate(MirraPortValue.LAYOUT, Math.max(count, 1));
    long[] index = new long[1];
    run.inputs.forEach((name, value) -> fill(index[0]++, name, value, Pixels.Access.READ));
    outputs.forEach((name, value) -> fill(index[0]++, name, value, Pixels.Access.WRITE));
    options = MirraRunOptions.allocate(frame.arena());
    MirraRunOptions.user(options, user);
    if (state.wantsProgress()) {
      MirraRunOptions.progress(options, Upcalls.PROGRESS);
    }
    if (run.tile != null) {
      MirraRunOptions.tile(options, Upcalls.TILE);
    }
    if (job) {
      MirraRunOptions.done(options, Upcalls.DONE);
      MirraRunOptions.user_free(options, Upcalls.FORGET);
    }
    if (run.cancel != null) {
      MirraRunOptions.cancel(options, use(run.cancel));
    }
    if (run.region != null) {
      MirraRunOptions.region(options, run.region.toNative(frame.arena()));
    }
    MirraRunOptions.scale(options, run.scale);
    MirraRunOptions.frame(options, run.frame);
  }

  private void fill(long index, String name, Object value, Pixels.Access access) {
    MemorySegment s = values.asSlice(index * MirraPortValue.SIZE, MirraPortValue.SIZE);
    MirraPortValue.struct_size(s, (int) MirraPortValue.SIZE);
    MirraPortValue.name(s, frame.string(name));
    switch (value) {
      case BufferedImage image -> fillImage(s, Image.of(image), access);
      case Image image -> fillImage(s, image, access);
      case Picture picture -> MirraPortValue.picture(s, use(picture));
      case ImageSource source when access == Pixels.Access.READ -> {
        MemorySegment struct = MirraSource.allocate(frame.arena());
        MirraSource.image(struct, state.pixels().describe(frame.arena(), source.spec()));
        MirraSource.read(struct, Upcalls.READ);
        MirraSource.user(struct, state.addPiece(source, null));
        MirraPortValue.source(s, struct);
      }
      case ImageSink sink when access == Pixels.Access.WRITE -> {
        MemorySegment struct = MirraSink.allocate(frame.arena());
        MirraSink.image(struct, state.pixels().describe(frame.arena(), sink.spec()));
        MirraSink.write(struct, Upcalls.WRITE);
        MirraSink.user(struct, state.addPiece(null, sink));
        MirraPortValue.sink(s, struct);
      }
      case Tensor tensor -> MirraPortValue.tensor(s, tensor.toNative(frame.arena()));
      default -> {
        if (value != WANTED) {
          MirraPortValue.value(s, Values.toNative(frame, name, value));
        }
      }
    }
  }

  private void fillImage(MemorySegment s, Image image, Pixels.Access access) {
    MirraPortValue.image(s, state.pixels().describe(frame.arena(), image, access));
  }

  /** Makes the output images that the caller left to the run. */
  private void makeOutputs() {
    Object first = run.session.firstImage().map(port -> run.inputs.get(port.name())).orElse(null);
    for (Port port : run.session.task().ports()) {
      boolean image = !port.input() && port.type() == Type.IMAGE;
      Object given = outputs.get(port.name());
      if (image && first != null && (given == WANTED || given == null && !port.optional())) {
        outputs.put(port.name(), makeOutput(first, port.colored()));
      }
    }
  }

  private Object makeOutput(Object model, boolean colored) {
    if (model instanceof BufferedImage image) {
      ImageSpec size = outputSpec(image.getWidth(), image.getHeight());
      return BufferedImages.like(image, size.width(), size.height(), colored);
    }
    ImageSpec spec =
        switch (model) {
          case Image image -> image.spec();
          case Picture picture -> picture.view().spec();
          case ImageSource source -> source.spec();
          default -> throw new IllegalArgumentException("the first image is no image: " + model);
        };
    ImageSpec size = outputSpec(spec.width(), spec.height());
    if (colored && spec.channels().count() < 3) {
      spec = spec.withChannels(Channels.RGB).withIcc(null);
    }
    spec = spec.withSize(size.width(), size.height());
    if (model instanceof Picture source) {
      Picture picture = Picture.create(spec.width(), spec.height(), spec.format(), spec.channels());
      made.add(picture);
      if (!colored) {
        picture.copyColorFrom(source);
      }
      return picture;
    }
    return Image.allocate(spec);
  }

  /** Only its size counts. */
  private ImageSpec outputSpec(int width, int height) {
    ImageSpec spec = new ImageSpec(width, height, SampleFormat.U8, Channels.GRAY);
    if (run.region != null) {
      return spec.withSize(
          Math.toIntExact(run.region.width()), Math.toIntExact(run.region.height()));
    }
    if (run.scale > 0 && run.scale < 1) {
      spec = spec.withSize((int) Math.ceil(width * run.scale), (int) Math.ceil(height * run.scale));
    }
    MemorySegment plan = MirraPlan.allocate(frame.arena());
    MirraException.check(
        mirra_session_plan(session, spec.width(), spec.height(), plan, frame.error()), frame);
    return spec.withSize(
        Math.toIntExact(MirraPlan.output_width(plan)),
        Math.toIntExact(MirraPlan.output_height(plan)));
  }
}

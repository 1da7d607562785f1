package org.mirra.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.mirra.CancelToken;
import org.mirra.Channels;
import org.mirra.Image;
import org.mirra.ImageSpec;
import org.mirra.Job;
import org.mirra.Picture;
import org.mirra.Progress;
import org.mirra.Rect;
import org.mirra.Result;
import org.mirra.Run;
import org.mirra.SampleFormat;
import org.mirra.Session;

/** Runs and jobs. */
final class RunSteps {
  /** What must hold of a result. */
  private interface Check {
    void accept(Result result);
  }

  private final CaseRunner run;
  private final Map<Job, List<Check>> jobChecks = new HashMap<>();

  RunSteps(CaseRunner run) {
    this.run = run;
  }

  void addTo(Map<String, CaseRunner.Step> steps) {
    steps.put(
        "run",
        step -> {
          List<Check> checks = new ArrayList<>();
          Result result = prepare(step, checks).run();
          checks.forEach(check -> check.accept(result));
        });
    steps.put(
        "submit",
        step -> {
          List<Check> checks = new ArrayList<>();
          Job job = prepare(step, checks).submit();
          jobChecks.put(job, checks);
          run.put(step.text("as"), job);
        });
    steps.put("wait", this::await);
    steps.put("poll", this::poll);
  }

  static Rect rect(JsonNode node) {
    return new Rect(
        node.get(0).asLong(), node.get(1).asLong(), node.get(2).asLong(), node.get(3).asLong());
  }

  private void await(Fields step) throws Exception {
    Job job = run.object(step.text("job"), Job.class);
    Result result =
        step.has("seconds")
            ? job.get((long) (1e9 * step.get("seconds").asDouble()), TimeUnit.NANOSECONDS)
            : job.get();
    jobChecks.get(job).forEach(check -> check.accept(result));
  }

  private void poll(Fields step) {
    Job job = run.object(step.text("job"), Job.class);
    String state =
        !job.isDone()
            ? "running"
            : job.isCancelled() ? "cancelled" : job.isCompletedExceptionally() ? "failed" : "done";
    run.expect.fields(
        step.get("expect"), Map.of("state", state, "fraction", job.progress().fraction()));
  }

  private Run prepare(Fields step, List<Check> checks) {
    Run prepared = run.object(step.text("session"), Session.class).newRun();
    Map<String, Layout> inputs = new HashMap<>();
    step.objects("inputs").forEach((port, input) -> input(prepared, port, input, inputs));
    step.objects("outputs")
        .forEach((port, output) -> output(prepared, port, output, inputs, checks));
    if (step.has("results")) {
      results(prepared, step.object("results"), checks);
    }
    if (step.has("region")) {
      prepared.region(rect(step.get("region")));
    }
    prepared.scale(step.get("scale").asDouble());
    if (step.has("cancel")) {
      prepared.cancel(run.object(step.text("cancel"), CancelToken.class));
    }
    if (step.has("stop_after")) {
      stopAfter(prepared, step.get("stop_after").asInt());
    }
    if (step.get("progress").asBoolean()) {
      List<Double> fractions = new ArrayList<>();
      prepared.progress(progress -> fractions.add(progress.fraction()));
      checks.add(result -> checkProgress(fractions));
    }
    return prepared;
  }

  private void stopAfter(Run prepared, int calls) {
    CancelToken token = new CancelToken();
    run.put("token of progress", token);
    int[] count = new int[1];
    prepared.cancel(token);
    prepared.progress(
        (Progress progress) -> {
          if (++count[0] == calls) {
            token.request();
          }
        });
  }

  private static void checkProgress(List<Double> fractions) {
    List<Double> sorted = fractions.stream().sorted().toList();
    if (fractions.isEmpty() || !fractions.equals(sorted) || fractions.getLast() != 1) {
      throw new AssertionError("progress went " + fractions);
    }
  }

  private void input(Run prepared, String port, Fields input, Map<String, Layout> inputs) {
    if (input.has("held")) {
      prepared.input(port, run.object(input.text("held"), Picture.class));
    } else if (input.has("tensor")) {
      prepared.input(port, run.suite.tensor(input.text("tensor")));
    } else {
      Suite.Picture picture = run.suite.picture(input.text("picture"));
      Layout layout = new Layout(input, picture.spec(), run.arena);
      layout.fill(picture.samples());
      inputs.put(port, layout);
      prepared.input(port, layout.image);
    }
  }

  private void output(
      Run prepared, String port, Fields output, Map<String, Layout> inputs, List<Check> checks) {
    double tolerance = output.get("tolerance").asDouble();
    if (output.has("held")) {
      Picture picture = run.object(output.text("held"), Picture.class);
      Suite.Picture expected = run.suite.picture(output.text("equals"));
      prepared.output(port, picture);
      checks.add(result -> PictureSteps.checkEqual(picture, expected, tolerance));
    } else if (output.has("in_place")) {
      Layout layout = inputs.get(output.text("in_place"));
      byte[] expected = run.suite.picture(output.text("equals")).samples();
      prepared.output(port, layout.image);
      checks.add(result -> layout.check(expected, tolerance));
    } else if (output.has("equals")) {
      Suite.Picture expected = cropped(output, run.suite.picture(output.text("equals")));
      Layout layout = new Layout(output, expected.spec(), run.arena);
      prepared.output(port, layout.image);
      checks.add(result -> layout.check(expected.samples(), tolerance));
    } else {
      ImageSpec spec =
          new ImageSpec(
              output.get("width").asInt(),
              output.get("height").asInt(),
              SampleFormat.valueOf(output.text("format").toUpperCase()),
              Channels.valueOf(output.text("color").toUpperCase()));
      prepared.output(port, new Layout(output, spec, run.arena).image);
    }
  }

  private static Suite.Picture cropped(Fields output, Suite.Picture picture) {
    if (!output.has("crop")) {
      return picture;
    }
    Image whole = Image.of(picture.spec(), java.nio.ByteBuffer.wrap(picture.samples()));
    Image part = whole.view(rect(output.get("crop")));
    return new Suite.Picture(part.spec(), Layout.samples(part));
  }

  private void results(Run prepared, Fields results, List<Check> checks) {
    JsonNode values = results.get("values");
    JsonNode tensors = results.get("tensors");
    tensors.fieldNames().forEachRemaining(prepared::output);
    checks.add(
        result -> {
          run.expect.fields(values, result.values());
          run.expect.tensors(tensors, result.tensors());
        });
  }
}

package org.mirra.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.mirra.Channels;
import org.mirra.Comparison;
import org.mirra.Image;
import org.mirra.ImageFiles;
import org.mirra.ImageSpec;
import org.mirra.Metadata;
import org.mirra.Picture;
import org.mirra.SampleFormat;
import org.mirra.WriteOptions;

/** Steps on pictures and images alone. */
final class PictureSteps {
  private final CaseRunner run;

  PictureSteps(CaseRunner run) {
    this.run = run;
  }

  void addTo(Map<String, CaseRunner.Step> steps) {
    steps.put("read", this::read);
    steps.put("create_picture", this::create);
    steps.put("picture_info", this::info);
    steps.put("metadata", this::metadata);
    steps.put("write", this::write);
    steps.put("noise", this::noise);
    steps.put(
        "estimate",
        step ->
            run.expect.value(
                "sigma",
                run.suite.expected(step.get("expect")),
                layout(step, "picture").image.estimateNoise()));
    steps.put(
        "compare",
        step -> {
          Image a = layout(step, "a").image;
          Comparison comparison = a.compare(layout(step, "b").image);
          run.expect.fields(step.get("expect"), Expect.fields(comparison));
        });
  }

  /** A picture of the index, laid out as the step says. */
  private Layout layout(Fields step, String field) {
    Suite.Picture picture = run.suite.picture(step.text(field));
    Layout layout = new Layout(step, picture.spec(), run.arena);
    layout.fill(picture.samples());
    return layout;
  }

  private void read(Fields step) {
    long limit = step.get("max_pixels").asLong();
    Picture picture =
        step.has("memory")
            ? Picture.read(run.memory(step.text("memory")), limit)
            : Picture.read(run.path(step.text("file")), limit);
    run.put(step.text("as"), picture);
    equal(step, picture);
  }

  private void equal(Fields step, Picture picture) {
    if (step.has("equals")) {
      checkEqual(picture, run.suite.picture(step.text("equals")), 0);
    }
  }

  static void checkEqual(Picture picture, Suite.Picture expected, double tolerance) {
    ImageSpec spec = picture.view().spec();
    if (spec.width() != expected.spec().width() || spec.format() != expected.spec().format()) {
      throw new AssertionError("the picture is " + spec);
    }
    Layout.compare(Layout.samples(picture.view()), expected.samples(), spec.format(), tolerance);
  }

  private void create(Fields step) {
    Picture picture =
        Picture.create(
            step.get("width").asInt(),
            step.get("height").asInt(),
            SampleFormat.valueOf(step.text("format").toUpperCase()),
            Channels.valueOf(step.text("color").toUpperCase()));
    run.put(step.text("as"), picture);
    equal(step, picture);
  }

  private Picture held(Fields step, String field) {
    return run.object(step.text(field), Picture.class);
  }

  private void info(Fields step) {
    Picture picture = held(step, "picture");
    Map<String, Object> fields = new HashMap<>(Expect.fields(picture.info()));
    ImageSpec spec = picture.view().spec();
    fields.put("width", spec.width());
    fields.put("height", spec.height());
    fields.put("format", spec.format());
    fields.put("color", spec.channels());
    fields.put("transfer", spec.transfer());
    fields.put("icc_bytes", picture.metadata(Metadata.ICC).map(bytes -> bytes.length).orElse(0));
    fields.put("exif_bytes", picture.metadata(Metadata.EXIF).map(bytes -> bytes.length).orElse(0));
    run.expect.fields(step.get("expect"), fields);
  }

  private void metadata(Fields step) {
    Metadata kind = Metadata.valueOf(step.text("kind").toUpperCase());
    Optional<byte[]> given = held(step, "picture").metadata(kind);
    byte[] expected = step.has("file") ? Suite.bytes(run.path(step.text("file"))) : null;
    if (!Arrays.equals(given.orElse(null), expected)) {
      throw new AssertionError(kind + " has " + given.map(bytes -> bytes.length) + " bytes");
    }
  }

  private void write(Fields step) {
    Image image = step.has("held") ? held(step, "held").view() : layout(step, "picture").image;
    Picture metadata = step.has("metadata") ? held(step, "metadata") : null;
    JsonNode how = step.get("options");
    WriteOptions options =
        WriteOptions.DEFAULT
            .withFormat(how.hasNonNull("format") ? how.get("format").asText() : null)
            .withJpegQuality(how.path("jpeg_quality").asInt())
            .withBitDepth(how.path("bit_depth").asInt());
    if (step.has("memory")) {
      run.memories.put(step.text("memory"), ImageFiles.toBytes(image, metadata, options));
    } else {
      ImageFiles.write(run.path(step.text("file")), image, metadata, options);
    }
  }

  private void noise(Fields step) {
    Layout copy = layout(step, "picture");
    copy.image.addNoise(step.get("sigma").asDouble(), step.get("seed").asLong());
    copy.check(run.suite.picture(step.text("equals")).samples(), 0);
  }
}

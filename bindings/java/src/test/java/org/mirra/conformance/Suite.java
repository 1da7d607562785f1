package org.mirra.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.mirra.Channels;
import org.mirra.ImageSpec;
import org.mirra.SampleFormat;
import org.mirra.Tensor;

/** The folder that tests/conformance/prepare made, and the cases. */
final class Suite {
  static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final JsonNode index;

  /** A picture of the index: its samples are interleaved and packed. */
  record Picture(ImageSpec spec, byte[] samples) {}

  Suite(Path folder) throws IOException {
    this.folder = folder;
    index = JSON.readTree(folder.resolve("index.json").toFile());
  }

  static List<JsonNode> cases(Path folder) throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        JSON.readTree(file.toFile()).get("cases").forEach(cases::add);
      }
    }
    return cases;
  }

  private JsonNode entry(String kind, String name) {
    JsonNode entry = index.get(kind).get(name);
    if (entry == null) {
      throw new AssertionError("the index has no " + name + " among " + kind);
    }
    return entry;
  }

  Path plugins() {
    return folder.resolve(index.get("plugins").asText());
  }

  Path file(String name) {
    return folder.resolve(entry("files", name).asText());
  }

  Picture picture(String name) {
    JsonNode entry = entry("pictures", name);
    ImageSpec spec =
        new ImageSpec(
            entry.get("width").asInt(),
            entry.get("height").asInt(),
            SampleFormat.valueOf(entry.get("format").asText().toUpperCase()),
            Channels.valueOf(entry.get("color").asText().toUpperCase()));
    return new Picture(spec, bytes(folder.resolve(entry.get("file").asText())));
  }

  Tensor tensor(String name) {
    JsonNode entry = entry("tensors", name);
    byte[] content = bytes(folder.resolve(entry.get("file").asText()));
    float[] data = new float[content.length / Float.BYTES];
    ByteBuffer.wrap(content).order(ByteOrder.nativeOrder()).asFloatBuffer().get(data);
    long[] shape =
        StreamSupport.stream(entry.get("shape").spliterator(), false)
            .mapToLong(JsonNode::asLong)
            .toArray();
    return Tensor.of(data, shape);
  }

  /** What is expected: itself, or for {"value": path} that of the index. */
  JsonNode expected(JsonNode node) {
    if (!node.isObject() || !node.has("value")) {
      return node;
    }
    JsonNode found = index.get("values");
    for (String step : node.get("value").asText().split("/")) {
      found = found.isArray() ? found.get(Integer.parseInt(step)) : found.get(step);
    }
    return found;
  }

  static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

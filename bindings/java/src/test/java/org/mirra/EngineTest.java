package org.mirra;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an engine knows, and tensors. */
class EngineTest {
  @TempDir Path folder;

  @Test
  void tasksAreData() {
    Task task = Fixtures.ENGINE.task("denoise");
    assertTrue(Fixtures.ENGINE.tasks().contains(task));
    assertEquals("org.mirra.denoiser", task.pluginId());
    assertTrue(task.qualities().contains("fast"));
    Param sigma = task.param("sigma").orElseThrow();
    assertEquals(Type.FLOAT, sigma.type());
    assertEquals("auto", sigma.defaultValue());
    assertEquals("auto", sigma.choices().getFirst().value());
    assertTrue(task.port("image").orElseThrow().input());
    assertFalse(task.port("output").orElseThrow().input());
    assertTrue(Fixtures.ENGINE.schemaJson().contains("\"denoise\""));
    MirraException e = assertThrows(MirraException.class, () -> Fixtures.ENGINE.task("denoize"));
    assertEquals(ErrorCode.NOT_FOUND, e.code());
    assertTrue(e.hint().contains("denoise"));
  }

  @Test
  void whatIsInstalledIsListed() {
    Engine engine = Fixtures.ENGINE;
    assertTrue(engine.plugins().stream().anyMatch(plugin -> plugin.loaded()));
    assertEquals("cpu", engine.devices().getFirst().id());
    assertTrue(engine.devices().getFirst().precisions().contains(Precision.FP32));
    assertTrue(engine.runtime().usable(), engine.runtime().reason());
    assertTrue(engine.bundles().stream().anyMatch(bundle -> bundle.quality().equals("fast")));
    assertTrue(Files.exists(engine.findBundle("denoiser.mirra")));
  }

  @Test
  void closedEnginesAreErrors() {
    Engine engine = Engine.create();
    Session session = engine.session("denoise");
    engine.close();
    engine.close();
    assertThrows(IllegalStateException.class, engine::tasks);
    assertThrows(IllegalStateException.class, () -> engine.session("denoise"));
    assertEquals("denoise", session.info().task());
    session.close();
  }

  @Test
  void bundlesOpenFromFilesAndMemory() throws Exception {
    Path file = Fixtures.ENGINE.findBundle("denoiser-fast.mirra");
    Bundle bundle = Bundle.open(file);
    try (Bundle same = Bundle.open(Files.readAllBytes(file), "memory")) {
      assertEquals(bundle.info(), same.info());
      assertEquals(bundle.graphs(), same.graphs());
      assertTrue(bundle.manifestJson().contains("denoise"));
    }
    try (Session session = Fixtures.ENGINE.newSession("denoise").bundle(bundle).create()) {
      bundle.close();
      assertThrows(IllegalStateException.class, bundle::info);
      assertEquals("denoiser-fast", session.info().bundleName());
      assertTrue(session.plan(64, 64).fits());
      assertEquals(session.task().params().size(), session.params().size());
    }
  }

  @Test
  void tensorsGoThroughFilesAndGraphs() {
    Tensor image = Tensor.of(new float[3 * 32 * 32], 1, 3, 32, 32);
    image.data()[5] = 0.25f;
    Map<String, Tensor> tensors = Map.of("image", image);
    Path file = folder.resolve("t.safetensors");
    Tensors.write(tensors, file);
    assertArrayEquals(image.data(), Tensors.read(file).get("image").data());
    Tensor back = Tensors.read(Tensors.toBytes(tensors)).get("image");
    assertArrayEquals(image.shape(), back.shape());
    try (Bundle bundle = Bundle.open(Fixtures.ENGINE.findBundle("encoder-resnet18-std.mirra"))) {
      Map<String, Tensor> outputs =
          Fixtures.ENGINE.runGraph(bundle, "encoder", tensors, GraphOptions.DEFAULT);
      assertEquals(1, outputs.get("layer4").shape()[0]);
    }
  }

  @Test
  void tensorsFillTheirShape() {
    float[] data = new float[6];
    assertThrows(IllegalArgumentException.class, () -> Tensor.of(data, 2, 4));
    assertThrows(IllegalArgumentException.class, () -> Tensor.of(data, -2, -3));
    assertThrows(ArithmeticException.class, () -> Tensor.of(data, Long.MAX_VALUE, Long.MAX_VALUE));
    Tensor tensor = Tensor.of(data, 2, 3);
    tensor.shape()[0] = 1000;
    assertEquals(2, tensor.shape()[0]);
    Tensor scalar = Tensor.of(new float[] {7});
    assertEquals(7, Tensors.read(Tensors.toBytes(Map.of("s", scalar))).get("s").data()[0]);
  }
}

package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static org.mirra.raw.BundlesFunctions.mirra_bundle_destroy;
import static org.mirra.raw.BundlesFunctions.mirra_bundle_get_info;
import static org.mirra.raw.BundlesFunctions.mirra_bundle_graph;
import static org.mirra.raw.BundlesFunctions.mirra_bundle_manifest_json;
import static org.mirra.raw.BundlesFunctions.mirra_bundle_open;
import static org.mirra.raw.BundlesFunctions.mirra_bundle_open_memory;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.mirra.internal.Frame;
import org.mirra.internal.Handle;
import org.mirra.raw.MirraBundleInfo;
import org.mirra.raw.MirraGraphInfo;

/**
 * Trained networks: their graphs, weights, defaults and measured quality. Immutable; any thread may
 * use it. It may be closed before the sessions that use it.
 */
public final class Bundle extends NativeObject {
  private Bundle(MemorySegment pointer) {
    super(new Handle(pointer, "bundle", p -> mirra_bundle_destroy(p)));
  }

  /**
   * Reads and verifies a file, whole: what becomes of it afterwards does not matter.
   *
   * @param file a path, which is looked for nowhere else: see {@link Engine#findBundle}
   * @return the bundle
   * @throws MirraException NOT_FOUND, IO, CORRUPT, LIMIT, UNSUPPORTED for a newer format
   */
  public static Bundle open(Path file) {
    try (Frame frame = new Frame()) {
      MemorySegment bundle = frame.pointer();
      MirraException.check(
          mirra_bundle_open(frame.string(file.toString()), bundle, frame.error()), frame);
      return new Bundle(bundle.get(ADDRESS, 0));
    }
  }

  /**
   * Reads and verifies a file's content.
   *
   * @param content of a bundle
   * @param name for messages
   * @return the bundle
   * @throws MirraException CORRUPT, LIMIT, UNSUPPORTED for a newer format
   */
  public static Bundle open(byte[] content, String name) {
    try (Frame frame = new Frame()) {
      MemorySegment bundle = frame.pointer();
      MirraException.check(
          mirra_bundle_open_memory(
              frame.bytes(content), content.length, frame.string(name), bundle, frame.error()),
          frame);
      return new Bundle(bundle.get(ADDRESS, 0));
    }
  }

  /**
   * What it is.
   *
   * @return a description
   */
  public BundleInfo info() {
    return use(
        (pointer, frame) -> {
          MemorySegment info = MirraBundleInfo.allocate(frame.arena());
          MirraException.check(mirra_bundle_get_info(pointer, info, frame.error()), frame);
          return BundleInfo.of(info);
        });
  }

  /**
   * Its networks.
   *
   * @return one for each
   */
  public List<Graph> graphs() {
    int count = info().graphCount();
    return use(
        (pointer, frame) -> {
          List<Graph> graphs = new ArrayList<>(count);
          for (int i = 0; i < count; ++i) {
            MemorySegment info = MirraGraphInfo.allocate(frame.arena());
            MirraException.check(mirra_bundle_graph(pointer, i, info, frame.error()), frame);
            graphs.add(Graph.of(info));
          }
          return List.copyOf(graphs);
        });
  }

  /**
   * The whole manifest.
   *
   * @return a JSON document
   */
  public String manifestJson() {
    return use((pointer, frame) -> Frame.text(mirra_bundle_manifest_json(pointer)));
  }
}

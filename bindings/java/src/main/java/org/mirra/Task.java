package org.mirra;

import java.util.List;
import java.util.Optional;

/**
 * A task as data, from which a program builds its dialogs and options.
 *
 * @param name what callers write: "denoise"
 * @param label what people read: "Denoise"
 * @param doc one paragraph
 * @param defaultBundle file name of the bundle that serves when none is given, or ""
 * @param pluginId id of the plugin that brought it
 * @param pluginVersion version of that plugin
 * @param qualities qualities of the task's bundles, from the fastest; empty where there is one
 *     bundle only
 * @param globalStatistics it goes over the whole image first
 * @param usesNetwork false: sessions load no runtime and take the processor only
 * @param concurrentTiles several tiles at once, each on a thread of its own
 * @param ports its inputs and outputs
 * @param params its parameters
 */
public record Task(
    String name,
    String label,
    String doc,
    String defaultBundle,
    String pluginId,
    String pluginVersion,
    List<String> qualities,
    boolean globalStatistics,
    boolean usesNetwork,
    boolean concurrentTiles,
    List<Port> ports,
    List<Param> params) {

  /**
   * A port by name.
   *
   * @param name of the port
   * @return the port, if there is one of that name
   */
  public Optional<Port> port(String name) {
    return ports.stream().filter(port -> port.name().equals(name)).findFirst();
  }

  /**
   * A parameter by name.
   *
   * @param name of the parameter
   * @return the parameter, if there is one of that name
   */
  public Optional<Param> param(String name) {
    return params.stream().filter(param -> param.name().equals(name)).findFirst();
  }
}

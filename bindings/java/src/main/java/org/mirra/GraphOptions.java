package org.mirra;

import java.util.Objects;

/**
 * How {@link Engine#runGraph} runs a network.
 *
 * @param device "cpu", "cuda:0"
 * @param precision the numbers that it computes in
 * @param memoryLimit in bytes; 0: none
 * @param threads of the processor's kernels; 0: as many as the process may use
 */
public record GraphOptions(String device, Precision precision, long memoryLimit, int threads) {
  /** On the processor. */
  public static final GraphOptions DEFAULT = new GraphOptions("cpu", Precision.AUTO, 0, 0);

  /** Checks that nothing is null. */
  public GraphOptions {
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(precision, "precision");
  }
}

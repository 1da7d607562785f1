package org.mirra;

/** Is told how far a run is. */
@FunctionalInterface
public interface ProgressListener {
  /**
   * Takes a report: at the beginning of each tile and at most every 20 ms, from the thread that
   * runs (a job: one of the library's), one call at a time. The output image may be read meanwhile,
   * where it is native memory. To stop the run, use {@link CancelToken}, {@link Job#cancel} or
   * {@link Thread#interrupt}. What it throws stops the run, and comes out of it.
   *
   * @param progress how far it is
   */
  void progress(Progress progress);
}

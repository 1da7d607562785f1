package org.mirra;

import java.awt.image.BufferedImage;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A run that is being prepared: what goes in, where the results go, how, and who is told.
 *
 * <p>An output image that is not named is made by the run, of the kind of the first input image,
 * and is in the {@link Result}. One thread prepares a run; it can be made several times.
 */
public final class Run {
  final Session session;
  final Map<String, Object> inputs = new LinkedHashMap<>();
  final Map<String, Object> outputs = new LinkedHashMap<>();
  Rect region;
  double scale;
  long frame;
  ProgressListener progress;
  TileListener tile;
  CancelToken cancel;

  Run(Session session) {
    this.session = session;
  }

  private Run put(Map<String, Object> values, String port, Object value) {
    values.put(
        Objects.requireNonNull(port, "port"), Objects.requireNonNull(value, "value of " + port));
    return this;
  }

  /**
   * An image that the run reads.
   *
   * @param port "image", for instance
   * @param image is copied: see {@link Image}
   * @return this
   */
  public Run input(String port, BufferedImage image) {
    return put(inputs, port, image);
  }

  /**
   * An image that the run reads.
   *
   * @param port "image", for instance
   * @param image is used in place where it is native memory
   * @return this
   */
  public Run input(String port, Image image) {
    return put(inputs, port, image);
  }

  /**
   * A picture that the run reads, without a copy.
   *
   * @param port "image", for instance
   * @param picture may be closed while the run goes on
   * @return this
   */
  public Run input(String port, Picture picture) {
    return put(inputs, port, picture);
  }

  /**
   * The first image, read piece by piece.
   *
   * @param port "image", for instance
   * @param source where it comes from
   * @return this
   */
  public Run input(String port, ImageSource source) {
    return put(inputs, port, source);
  }

  /**
   * A tensor that the run reads; it is copied.
   *
   * @param port its name
   * @param tensor its value
   * @return this
   */
  public Run input(String port, Tensor tensor) {
    return put(inputs, port, tensor);
  }

  /**
   * A value that the run reads.
   *
   * @param port its name
   * @param value Boolean, a number, or a String
   * @return this
   */
  public Run value(String port, Object value) {
    return put(inputs, port, value);
  }

  /**
   * Where an output image goes.
   *
   * @param port "output", for instance
   * @param image of the output's size, and a type that Mirra can write; unchanged if the run fails
   * @return this
   * @throws IllegalArgumentException for a type without a layout that Mirra knows
   */
  public Run output(String port, BufferedImage image) {
    BufferedImages.wrap(image)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "an image of type "
                        + image.getType()
                        + " cannot be written; use"
                        + " TYPE_3BYTE_BGR, TYPE_4BYTE_ABGR, TYPE_INT_ARGB or a gray type"));
    return put(outputs, port, image);
  }

  /**
   * Where an output image goes.
   *
   * @param port "output", for instance
   * @param image of the output's size; it may be the first input. Native memory is partly written
   *     if the run fails
   * @return this
   */
  public Run output(String port, Image image) {
    return put(outputs, port, image);
  }

  /**
   * Where an output image goes.
   *
   * @param port "output", for instance
   * @param picture of the output's size; partly written if the run fails
   * @return this
   */
  public Run output(String port, Picture picture) {
    return put(outputs, port, picture);
  }

  /**
   * Where an output image goes, piece by piece.
   *
   * @param port "output", for instance
   * @param sink takes the pieces
   * @return this
   */
  public Run output(String port, ImageSink sink) {
    return put(outputs, port, sink);
  }

  /**
   * Asks for an optional output, or a result that is no image: see {@link Result}.
   *
   * @param port its name
   * @return this
   */
  public Run output(String port) {
    return put(outputs, port, RunCall.WANTED);
  }

  /**
   * Makes a part of the output only, and reads no more of the input than it needs.
   *
   * @param region of the output; the output image is as large
   * @return this
   */
  public Run region(Rect region) {
    this.region = region;
    return this;
  }

  /**
   * Reduces the image first, for a preview.
   *
   * @param scale below 1; 0 and 1: as it is
   * @return this
   */
  public Run scale(double scale) {
    this.scale = scale;
    return this;
  }

  /**
   * The number of the image within a sequence, for tasks that ask for it.
   *
   * @param number from 0
   * @return this
   */
  public Run frame(long number) {
    this.frame = number;
    return this;
  }

  /**
   * Who is told how far the run is.
   *
   * @param listener is called from the thread that runs
   * @return this
   */
  public Run progress(ProgressListener listener) {
    this.progress = listener;
    return this;
  }

  /**
   * Who is given each part of the output as soon as it is final.
   *
   * @param listener is called from a thread of the run
   * @return this
   */
  public Run tiles(TileListener listener) {
    this.tile = listener;
    return this;
  }

  /**
   * What stops the run.
   *
   * @param token may stop several runs
   * @return this
   */
  public Run cancel(CancelToken token) {
    this.cancel = token;
    return this;
  }

  /**
   * Runs the task, and returns when it is done. If the thread is interrupted, the run stops within
   * 100 ms with CANCELLED, and the thread's flag stays set.
   *
   * @return what it gave
   * @throws MirraException BUSY while the session runs already; CANCELLED; BUDGET; INVALID_ARGUMENT
   *     and MISMATCH for values that do not fit
   * @throws IllegalStateException if the session or anything else that it needs is closed
   */
  public Result run() {
    return RunCall.run(this);
  }

  /**
   * Begins the run and returns at once.
   *
   * @return a future
   * @throws MirraException BUSY while the session runs already; INVALID_ARGUMENT and MISMATCH for
   *     values that do not fit
   * @throws IllegalStateException if the session or anything else that it needs is closed
   */
  public Job submit() {
    return RunCall.submit(this);
  }
}

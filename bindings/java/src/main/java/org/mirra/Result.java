package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static org.mirra.raw.SessionsFunctions.mirra_result_destroy;
import static org.mirra.raw.SessionsFunctions.mirra_result_get_info;
import static org.mirra.raw.SessionsFunctions.mirra_result_tensors;
import static org.mirra.raw.SessionsFunctions.mirra_result_value;

import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraResultInfo;
import org.mirra.raw.MirraValue;

/**
 * What a run gave. It is plain data of Java's; only a {@link Picture} among its images needs
 * closing.
 */
public final class Result {
  private final RunInfo info;
  private final Map<String, Object> images;
  private final Map<String, Object> values;
  private final Map<String, Tensor> tensors;

  private Result(
      RunInfo info,
      Map<String, Object> images,
      Map<String, Object> values,
      Map<String, Tensor> tensors) {
    this.info = info;
    this.images = images;
    this.values = Collections.unmodifiableMap(values);
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /** Copies a result, which is destroyed. images: the outputs by port. */
  static Result take(Frame frame, MemorySegment result, Map<String, Object> images) {
    try {
      MemorySegment info = MirraResultInfo.allocate(frame.arena());
      MirraException.check(mirra_result_get_info(result, info, frame.error()), frame);
      Map<String, Object> values = new LinkedHashMap<>();
      MemorySegment name = frame.pointer();
      for (int i = 0; i < MirraResultInfo.value_count(info); ++i) {
        MemorySegment value = MirraValue.allocate(frame.arena());
        MirraException.check(mirra_result_value(result, i, name, value, frame.error()), frame);
        values.put(Frame.text(name.get(ADDRESS, 0)), Values.of(value));
      }
      Map<String, Tensor> tensors = Map.of();
      if (MirraResultInfo.tensor_count(info) > 0) {
        MemorySegment set = frame.pointer();
        MirraException.check(mirra_result_tensors(result, set, frame.error()), frame);
        tensors = TensorSet.take(frame, set.get(ADDRESS, 0));
      }
      return new Result(RunInfo.of(info), images, values, tensors);
    } finally {
      mirra_result_destroy(result);
    }
  }

  /**
   * How the run went.
   *
   * @return time, memory, device
   */
  public RunInfo info() {
    return info;
  }

  /**
   * Values besides images and tensors, such as the noise level that the denoiser found
   * ("sigma_estimated").
   *
   * @return Boolean, Long, Double or String by name
   */
  public Map<String, Object> values() {
    return values;
  }

  /**
   * Tensors by name.
   *
   * @return empty for most tasks
   */
  public Map<String, Tensor> tensors() {
    return tensors;
  }

  /**
   * The only output image, where it is a BufferedImage.
   *
   * @return the image that the run wrote
   * @throws NoSuchElementException if there is none, or more than one
   */
  public BufferedImage bufferedImage() {
    return only(BufferedImage.class);
  }

  /**
   * An output image, where it is a BufferedImage.
   *
   * @param port its name
   * @return the image that the run wrote
   * @throws NoSuchElementException if there is none at that port
   */
  public BufferedImage bufferedImage(String port) {
    return at(port, BufferedImage.class);
  }

  /**
   * The only output image, where it is an Image.
   *
   * @return the image that the run wrote
   * @throws NoSuchElementException if there is none, or more than one
   */
  public Image image() {
    return only(Image.class);
  }

  /**
   * An output image, where it is an Image.
   *
   * @param port its name
   * @return the image that the run wrote
   * @throws NoSuchElementException if there is none at that port
   */
  public Image image(String port) {
    return at(port, Image.class);
  }

  /**
   * The only output image, where it is a Picture.
   *
   * @return the picture that the run wrote
   * @throws NoSuchElementException if there is none, or more than one
   */
  public Picture picture() {
    return only(Picture.class);
  }

  /**
   * An output image, where it is a Picture.
   *
   * @param port its name
   * @return the picture that the run wrote
   * @throws NoSuchElementException if there is none at that port
   */
  public Picture picture(String port) {
    return at(port, Picture.class);
  }

  private <T> T only(Class<T> type) {
    if (images.size() != 1) {
      throw new NoSuchElementException("the run has output images at " + images.keySet());
    }
    return at(images.keySet().iterator().next(), type);
  }

  private <T> T at(String port, Class<T> type) {
    if (!type.isInstance(images.get(port))) {
      throw new NoSuchElementException(
          "the run has no " + type.getSimpleName() + " at '" + port + "', but " + images);
    }
    return type.cast(images.get(port));
  }
}

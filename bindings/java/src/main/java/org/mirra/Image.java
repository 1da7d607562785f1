package org.mirra;

import java.awt.image.BufferedImage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Pixels in memory of the caller's, and what they are. It owns nothing, so it needs no closing.
 *
 * <p>Where the pixels lie decides what a run costs:
 *
 * <ul>
 *   <li>Native memory ({@link #allocate}, a direct buffer, any {@link Arena}) is used as it is. Its
 *       arena cannot be closed while a run uses it.
 *   <li>A {@link Job} uses native memory as it is where no arena can free it: {@link #allocate}, a
 *       direct buffer, {@link Arena#ofAuto} and {@link Arena#global}. Of memory of a shared arena
 *       it makes a copy, and copies the result back when it is done.
 *   <li>An array, such as that of a {@link BufferedImage}, is copied once each way, in the layout
 *       that it has: the garbage collector may move it while a run goes on.
 * </ul>
 *
 * <p>An image is immutable, but for its pixels; any thread may use it.
 */
public final class Image {
  private final ImageSpec spec;
  private final List<Plane> planes;

  private Image(ImageSpec spec, List<Plane> planes) {
    this.spec = Objects.requireNonNull(spec, "spec");
    this.planes = planes;
  }

  /**
   * Pixels without gaps, channels interleaved.
   *
   * @param spec what they are
   * @param pixels their memory, which may be larger
   * @return the image
   */
  public static Image of(ImageSpec spec, MemorySegment pixels) {
    long pixel = spec.pixelBytes();
    return of(spec, new Plane(pixels, 0, pixel, pixel * spec.width()));
  }

  /**
   * Pixels without gaps, channels interleaved.
   *
   * @param spec what they are
   * @param pixels from the buffer's position to its limit; samples of two and four bytes are in the
   *     order of the machine, whatever the buffer says
   * @return the image
   */
  public static Image of(ImageSpec spec, Buffer pixels) {
    return of(spec, MemorySegment.ofBuffer(pixels));
  }

  /**
   * Pixels anywhere.
   *
   * @param spec what they are
   * @param planes one with interleaved channels, or one for each channel in the order R G B A. All
   *     have the same strides. Other orders are planes too: of BGR, those at offsets 2, 1 and 0
   * @return the image
   */
  public static Image of(ImageSpec spec, Plane... planes) {
    if (planes.length != 1 && planes.length != spec.channels().count()) {
      throw new IllegalArgumentException(
          "an image of "
              + spec.channels()
              + " has 1 plane or one for each channel, not "
              + planes.length);
    }
    for (Plane plane : planes) {
      if (plane.pixelStride() != planes[0].pixelStride()
          || plane.rowStride() != planes[0].rowStride()) {
        throw new IllegalArgumentException("the planes of an image have the same strides");
      }
    }
    return new Image(spec, List.of(planes));
  }

  /**
   * The pixels of a BufferedImage, not a copy of them. Types that have no layout which Mirra knows
   * (indexed colours, bits, 555 and 565) are converted: the result is then a copy.
   *
   * <p>Samples are taken as they are. TYPE_BYTE_GRAY and TYPE_USHORT_GRAY are encoded like sRGB, as
   * ImageIO reads them. An ICC profile of the colour model goes along.
   *
   * @param image of any type
   * @return its pixels
   */
  public static Image of(BufferedImage image) {
    return BufferedImages.wrap(image).orElseGet(() -> BufferedImages.wrapConverted(image));
  }

  /**
   * New black (and transparent) pixels in native memory, channels interleaved. The memory is freed
   * when nothing refers to it.
   *
   * @param spec what they are
   * @return the image
   */
  public static Image allocate(ImageSpec spec) {
    long bytes = Math.multiplyExact(spec.pixelBytes() * spec.width(), (long) spec.height());
    return of(spec, Arena.ofAuto().allocate(bytes, spec.format().bytes()));
  }

  /**
   * What the pixels are.
   *
   * @return the description
   */
  public ImageSpec spec() {
    return spec;
  }

  /**
   * Where the pixels are.
   *
   * @return one plane with interleaved channels, or one for each channel
   */
  public List<Plane> planes() {
    return planes;
  }

  /**
   * Width in pixels.
   *
   * @return from 1
   */
  public int width() {
    return spec.width();
  }

  /**
   * Height in pixels.
   *
   * @return from 1
   */
  public int height() {
    return spec.height();
  }

  /**
   * A part of the image, not a copy of it.
   *
   * @param rect within the image
   * @return the part
   * @throws IndexOutOfBoundsException if the rectangle is not within the image
   */
  public Image view(Rect rect) {
    Objects.checkFromIndexSize(rect.x(), rect.width(), (long) width());
    Objects.checkFromIndexSize(rect.y(), rect.height(), (long) height());
    List<Plane> parts = new ArrayList<>();
    for (Plane plane : planes) {
      long offset = plane.offset() + rect.x() * plane.pixelStride() + rect.y() * plane.rowStride();
      parts.add(new Plane(plane.memory(), offset, plane.pixelStride(), plane.rowStride()));
    }
    return new Image(spec.withSize((int) rect.width(), (int) rect.height()), List.copyOf(parts));
  }

  /**
   * A copy as a BufferedImage: TYPE_BYTE_GRAY, TYPE_3BYTE_BGR, TYPE_4BYTE_ABGR (or _PRE),
   * TYPE_USHORT_GRAY, or a custom type of interleaved samples. F16 and F32 become 16 bits. An ICC
   * profile becomes the colour model's.
   *
   * @return the copy
   */
  public BufferedImage toBufferedImage() {
    return BufferedImages.copy(this);
  }

  /**
   * Adds Gaussian noise to the colours in place, to the samples as they are. The result is clipped
   * to 0 ... 1.
   *
   * @param sigma standard deviation in units of 1/255
   * @param seed the same seed gives the same noise, on every machine
   */
  public void addNoise(double sigma, long seed) {
    Imaging.addNoise(this, sigma, seed);
  }

  /**
   * Estimates the noise, as tasks do where sigma is "auto".
   *
   * @return the standard deviation in units of 1/255
   * @throws MirraException INVALID_ARGUMENT for a side below 16 pixels, or where too little is
   *     visible
   */
  public double estimateNoise() {
    return Imaging.estimateNoise(this);
  }

  /**
   * Compares two images of equal size. Formats may differ; alpha is left aside.
   *
   * @param other the other image
   * @return how alike they are
   * @throws MirraException MISMATCH for other sizes, or linear light against encoded
   */
  public Comparison compare(Image other) {
    return Imaging.compare(this, other);
  }
}

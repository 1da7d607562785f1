package org.mirra;

import java.util.Objects;

/**
 * What the pixels of an image are, without the pixels.
 *
 * @param width in pixels, from 1
 * @param height in pixels, from 1
 * @param format what a sample is
 * @param channels which channels there are
 * @param alphaMode what colours beside an alpha channel are
 * @param transfer what samples measure
 * @param icc the ICC profile, or null for sRGB. It is not copied: leave it as it is
 */
public record ImageSpec(
    int width,
    int height,
    SampleFormat format,
    Channels channels,
    AlphaMode alphaMode,
    Transfer transfer,
    byte[] icc) {

  /** Checks that nothing but the profile is null. */
  public ImageSpec {
    Objects.requireNonNull(format, "format");
    Objects.requireNonNull(channels, "channels");
    Objects.requireNonNull(alphaMode, "alphaMode");
    Objects.requireNonNull(transfer, "transfer");
  }

  /**
   * Encoded sRGB with straight alpha, if any.
   *
   * @param width in pixels, from 1
   * @param height in pixels, from 1
   * @param format what a sample is
   * @param channels which channels there are
   */
  public ImageSpec(int width, int height, SampleFormat format, Channels channels) {
    this(width, height, format, channels, AlphaMode.STRAIGHT, Transfer.ENCODED, null);
  }

  /**
   * The same of another size.
   *
   * @param width in pixels
   * @param height in pixels
   * @return the changed description
   */
  public ImageSpec withSize(int width, int height) {
    return new ImageSpec(width, height, format, channels, alphaMode, transfer, icc);
  }

  /**
   * The same with other samples.
   *
   * @param format what a sample is
   * @return the changed description
   */
  public ImageSpec withFormat(SampleFormat format) {
    return new ImageSpec(width, height, format, channels, alphaMode, transfer, icc);
  }

  /**
   * The same with other channels.
   *
   * @param channels which channels there are
   * @return the changed description
   */
  public ImageSpec withChannels(Channels channels) {
    return new ImageSpec(width, height, format, channels, alphaMode, transfer, icc);
  }

  /**
   * The same with another kind of alpha.
   *
   * @param alphaMode what colours beside an alpha channel are
   * @return the changed description
   */
  public ImageSpec withAlphaMode(AlphaMode alphaMode) {
    return new ImageSpec(width, height, format, channels, alphaMode, transfer, icc);
  }

  /**
   * The same with another transfer function.
   *
   * @param transfer what samples measure
   * @return the changed description
   */
  public ImageSpec withTransfer(Transfer transfer) {
    return new ImageSpec(width, height, format, channels, alphaMode, transfer, icc);
  }

  /**
   * The same with another profile.
   *
   * @param icc the ICC profile, or null for sRGB
   * @return the changed description
   */
  public ImageSpec withIcc(byte[] icc) {
    return new ImageSpec(width, height, format, channels, alphaMode, transfer, icc);
  }

  /** Bytes of a pixel without gaps. */
  long pixelBytes() {
    return (long) channels.count() * format.bytes();
  }
}

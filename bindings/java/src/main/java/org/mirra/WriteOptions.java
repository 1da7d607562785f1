package org.mirra;

import java.util.function.Consumer;

/**
 * How a picture is written.
 *
 * @param format "png", "jpeg", "tiff", "webp" or "jxl"; null: the ending of the file's name says it
 * @param jpegQuality of a JPEG, WebP or JPEG XL, 1 ... 100; 0: 95. In WebP and JPEG XL 100 is
 *     lossless
 * @param bitDepth PNG: 8 or 16; TIFF, JPEG XL: also 32; 0: that of the samples. JPEG and WebP: 8 or
 *     0
 * @param notes receives a sentence for all that the metadata's file had and this one lacks; null:
 *     nobody
 */
public record WriteOptions(String format, int jpegQuality, int bitDepth, Consumer<String> notes) {
  /** The defaults: the file's name says the format. */
  public static final WriteOptions DEFAULT = new WriteOptions(null, 0, 0, null);

  /** A PNG. */
  public static final WriteOptions PNG = new WriteOptions("png", 0, 0, null);

  /** A JPEG of quality 95. */
  public static final WriteOptions JPEG = new WriteOptions("jpeg", 0, 0, null);

  /**
   * The same of another format.
   *
   * @param format "png", "jpeg", "tiff", "webp" or "jxl"
   * @return the changed options
   */
  public WriteOptions withFormat(String format) {
    return new WriteOptions(format, jpegQuality, bitDepth, notes);
  }

  /**
   * The same with another quality.
   *
   * @param jpegQuality 1 ... 100
   * @return the changed options
   */
  public WriteOptions withJpegQuality(int jpegQuality) {
    return new WriteOptions(format, jpegQuality, bitDepth, notes);
  }

  /**
   * The same with another depth.
   *
   * @param bitDepth 8, 16 or 32
   * @return the changed options
   */
  public WriteOptions withBitDepth(int bitDepth) {
    return new WriteOptions(format, jpegQuality, bitDepth, notes);
  }

  /**
   * The same with someone who reads notes.
   *
   * @param notes receives sentences
   * @return the changed options
   */
  public WriteOptions withNotes(Consumer<String> notes) {
    return new WriteOptions(format, jpegQuality, bitDepth, notes);
  }
}

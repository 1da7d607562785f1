package org.mirra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.mirra.raw.ImagesFunctions.*;

import java.awt.image.BufferedImage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.mirra.internal.Frame;
import org.mirra.internal.Handle;
import org.mirra.raw.MirraImage;
import org.mirra.raw.MirraPictureInfo;
import org.mirra.raw.MirraReadOptions;

/**
 * Pixels and metadata in memory of the library's: a picture of a file, with its colour profile,
 * EXIF, XMP and IPTC.
 *
 * <p>Runs and jobs use its pixels without a copy, and keep them: it may be closed while a job uses
 * it. Any threads may read it; writing its pixels is the program's affair.
 */
public final class Picture extends NativeObject {
  /** Colours are changed by one thread, and read by none meanwhile. */
  private static final ReadWriteLock COLORS = new ReentrantReadWriteLock();

  private Arena viewArena;
  private Cleaner.Cleanable viewUse;
  private Image view;

  private Picture(MemorySegment pointer) {
    super(new Handle(pointer, "picture", p -> mirra_picture_destroy(p)));
  }

  /**
   * Reads a PNG, JPEG, TIFF, WebP or JPEG XL file. The picture is upright; samples stay as they are
   * encoded.
   *
   * @param file to read
   * @return the picture
   * @throws MirraException NOT_FOUND, IO, CORRUPT, UNSUPPORTED, LIMIT above 2^28 pixels
   */
  public static Picture read(Path file) {
    return read(file, 0);
  }

  /**
   * Reads a picture file of limited size.
   *
   * @param file to read
   * @param maxPixels larger files are refused before anything is allocated; 0: 2^28
   * @return the picture
   * @throws MirraException NOT_FOUND, IO, CORRUPT, UNSUPPORTED, LIMIT
   */
  public static Picture read(Path file, long maxPixels) {
    try (Frame frame = new Frame()) {
      MemorySegment picture = frame.pointer();
      MirraException.check(
          mirra_image_read(
              frame.string(file.toString()), options(frame, maxPixels), picture, frame.error()),
          frame);
      return new Picture(picture.get(ADDRESS, 0));
    }
  }

  /**
   * Reads the content of a picture file.
   *
   * @param content of a file
   * @return the picture
   * @throws MirraException CORRUPT, UNSUPPORTED, LIMIT above 2^28 pixels
   */
  public static Picture read(byte[] content) {
    return read(content, 0);
  }

  /**
   * Reads the content of a picture file of limited size.
   *
   * @param content of a file
   * @param maxPixels larger pictures are refused before anything is allocated; 0: 2^28
   * @return the picture
   * @throws MirraException CORRUPT, UNSUPPORTED, LIMIT
   */
  public static Picture read(byte[] content, long maxPixels) {
    try (Frame frame = new Frame()) {
      MemorySegment picture = frame.pointer();
      MirraException.check(
          mirra_image_read_memory(
              frame.bytes(content),
              content.length,
              options(frame, maxPixels),
              picture,
              frame.error()),
          frame);
      return new Picture(picture.get(ADDRESS, 0));
    }
  }

  private static MemorySegment options(Frame frame, long maxPixels) {
    MemorySegment options = MirraReadOptions.allocate(frame.arena());
    MirraReadOptions.max_pixels(options, maxPixels);
    return options;
  }

  /**
   * A black (and transparent) picture.
   *
   * @param width in pixels, from 1
   * @param height in pixels, from 1
   * @param format what a sample is
   * @param channels which channels there are
   * @return the picture
   */
  public static Picture create(int width, int height, SampleFormat format, Channels channels) {
    try (Frame frame = new Frame()) {
      MemorySegment picture = frame.pointer();
      MirraException.check(
          mirra_picture_create(
              width, height, format.value(), channels.value(), picture, frame.error()),
          frame);
      return new Picture(picture.get(ADDRESS, 0));
    }
  }

  /**
   * Its pixels, not a copy of them. They are there until the picture is closed: then they throw
   * {@link IllegalStateException}. Give a job the picture itself, which it keeps.
   *
   * @return the pixels
   */
  public synchronized Image view() {
    if (view == null) {
      view =
          readColors(
              (pointer, frame) -> {
                MemorySegment s = MirraImage.allocate(frame.arena());
                MirraException.check(mirra_picture_view(pointer, s, frame.error()), frame);
                return NativeImages.view(s, viewArena());
              });
    }
    use((pointer, frame) -> pointer);
    return view;
  }

  /** What limits the life of views; as long as anything refers to one, the pixels stay. */
  private Arena viewArena() {
    if (viewArena == null) {
      handle().acquire();
      viewArena = Arena.ofShared();
      viewUse = whenUnreachable(viewArena.scope(), handle()::release);
    }
    return viewArena;
  }

  /**
   * What the file was.
   *
   * @return a description
   */
  public PictureInfo info() {
    return readColors(
        (pointer, frame) -> {
          MemorySegment info = MirraPictureInfo.allocate(frame.arena());
          MirraException.check(mirra_picture_get_info(pointer, info, frame.error()), frame);
          List<String> notes = new ArrayList<>();
          for (int i = 0; i < MirraPictureInfo.note_count(info); ++i) {
            notes.add(Frame.text(mirra_picture_note(pointer, i)));
          }
          return PictureInfo.of(info, List.copyOf(notes));
        });
  }

  /**
   * What it holds beside its pixels.
   *
   * @param kind what
   * @return a copy, if there is any
   */
  public Optional<byte[]> metadata(Metadata kind) {
    return readColors(
        (pointer, frame) -> {
          MemorySegment bytes = frame.pointer();
          MemorySegment size = frame.number();
          MirraException.check(
              mirra_picture_metadata(pointer, kind.value(), bytes, size, frame.error()), frame);
          MemorySegment data = bytes.get(ADDRESS, 0);
          return Frame.isNull(data)
              ? Optional.empty()
              : Optional.of(data.reinterpret(size.get(JAVA_LONG, 0)).toArray(JAVA_BYTE));
        });
  }

  /**
   * Gives it the colour tags of another picture, and its transfer function; the pixels stay as they
   * are.
   *
   * @param source whose colours the pixels have
   */
  public synchronized void copyColorFrom(Picture source) {
    changeColors(
        (pointer, frame) ->
            source.use((other, unused) -> mirra_picture_copy_color(pointer, other, frame.error())));
  }

  /**
   * Whether the tags of two pictures mean the same colours.
   *
   * @param other the other picture
   * @return false also if it cannot be told
   */
  public boolean hasSameColorAs(Picture other) {
    return readColors(
        (pointer, frame) ->
            other.use((second, unused) -> mirra_picture_same_color(pointer, second) != 0));
  }

  /**
   * Converts the pixels to sRGB, whatever the tags say, and tags them so. Colours that sRGB lacks
   * are clipped.
   *
   * @throws MirraException UNSUPPORTED for a profile that cannot be used, for HDR curves and F16:
   *     the picture is untouched then
   */
  public synchronized void convertToSrgb() {
    changeColors((pointer, frame) -> mirra_picture_to_srgb(pointer, frame.error()));
  }

  private void changeColors(Use<Integer> change) {
    COLORS.writeLock().lock();
    try {
      this.<Void>use(
          (pointer, frame) -> {
            MirraException.check(change.apply(pointer, frame), frame);
            return null;
          });
      view = null;
    } finally {
      COLORS.writeLock().unlock();
    }
  }

  /** Uses the picture while no thread changes colours. */
  <T> T readColors(Use<T> use) {
    COLORS.readLock().lock();
    try {
      return use(use);
    } finally {
      COLORS.readLock().unlock();
    }
  }

  /**
   * Writes it with its metadata; the file's ending says the format.
   *
   * @param file to write: .png, .jpg, .jpeg
   * @throws MirraException IO, UNSUPPORTED
   */
  public void write(Path file) {
    write(file, this, WriteOptions.DEFAULT);
  }

  /**
   * Writes it with metadata of another picture.
   *
   * @param file to write
   * @param metadata whose metadata goes along; null: none
   * @param options how
   * @throws MirraException IO, UNSUPPORTED
   */
  public void write(Path file, Picture metadata, WriteOptions options) {
    ImageFiles.write(file, view(), metadata, options);
  }

  /**
   * A copy of the pixels as Java's own image.
   *
   * @return the copy
   */
  public BufferedImage toBufferedImage() {
    return view().toBufferedImage();
  }

  /**
   * Gives the pixels back as soon as no run or job uses them. Its view is gone at once.
   *
   * @throws IllegalStateException if another thread is in the middle of a call with the view
   */
  @Override
  public synchronized void close() {
    if (viewArena != null && viewArena.scope().isAlive()) {
      viewArena.close();
      viewUse.clean();
    }
    super.close();
  }
}

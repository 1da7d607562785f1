package org.mirra;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures of files, and files. */
class PictureTest {
  @TempDir Path folder;

  private static byte[] png() {
    Image image = Image.of(Fixtures.noisy(40, 30, BufferedImage.TYPE_3BYTE_BGR));
    return ImageFiles.toBytes(image, null, WriteOptions.PNG);
  }

  @Test
  void memoryIsWhatImageioReads() throws Exception {
    BufferedImage read = ImageIO.read(new ByteArrayInputStream(png()));
    BufferedImage noisy = Fixtures.noisy(40, 30, BufferedImage.TYPE_3BYTE_BGR);
    assertEquals(80, Image.of(read).compare(Image.of(noisy)).psnr());
    try (Picture picture = Picture.read(png())) {
      assertEquals(80, picture.view().compare(Image.of(noisy)).psnr());
      assertEquals("png", picture.info().fileFormat());
      assertEquals(80, Image.of(picture.toBufferedImage()).compare(picture.view()).psnr());
    }
  }

  @Test
  void colorsGoAlong() {
    byte[] profile =
        java.awt.color.ICC_Profile.getInstance(java.awt.color.ColorSpace.CS_sRGB).getData();
    Image image = Image.of(Fixtures.noisy(40, 30, BufferedImage.TYPE_3BYTE_BGR));
    ImageSpec spec = image.spec().withIcc(profile);
    Image tagged = Image.of(spec, image.planes().toArray(Plane[]::new));
    byte[] file = ImageFiles.toBytes(tagged, null, WriteOptions.PNG);
    try (Picture picture = Picture.read(file);
        Picture plain = Picture.read(png());
        Session session = Fixtures.denoiser();
        Picture clean = session.run(picture)) {
      assertEquals("icc", picture.info().colorTag());
      assertTrue(clean.hasSameColorAs(picture));
      assertEquals(profile.length, clean.metadata(Metadata.ICC).orElseThrow().length);
      assertTrue(plain.metadata(Metadata.ICC).isEmpty());
      plain.copyColorFrom(picture);
      assertTrue(plain.hasSameColorAs(picture));
      assertNotNull(plain.view().spec().icc());
      plain.convertToSrgb();
      assertEquals("srgb", plain.info().colorTag());
    }
  }

  @Test
  void viewsEndWithThePicture() {
    Picture picture = Picture.read(png());
    Image view = picture.view();
    assertSame(view, picture.view());
    picture.close();
    picture.close();
    assertThrows(IllegalStateException.class, view::estimateNoise);
    assertThrows(IllegalStateException.class, picture::view);
    assertThrows(IllegalStateException.class, picture::info);
    assertThrows(IllegalStateException.class, () -> picture.write(folder.resolve("a.png")));
  }

  @Test
  void pixelsStayAsLongAsAnythingRefersToThem() throws Exception {
    MemorySegment pixels = Picture.read(png()).view().planes().getFirst().memory();
    byte[] before = pixels.toArray(ValueLayout.JAVA_BYTE);
    for (int i = 0; i < 5; ++i) {
      System.gc();
      Thread.sleep(20);
      Picture.create(40, 30, SampleFormat.U8, Channels.RGB).close();
    }
    assertEquals(-1, pixels.mismatch(MemorySegment.ofArray(before)));
  }

  @Test
  void filesAreWrittenWholeOrNotAtAll() throws Exception {
    Path file = folder.resolve("picture.png");
    try (Picture picture = Picture.read(png())) {
      picture.write(file);
      MirraException e =
          assertThrows(
              MirraException.class, () -> picture.write(folder.resolve("no/such/picture.png")));
      assertEquals(ErrorCode.NOT_FOUND, e.code());
      assertEquals(folder.resolve("no/such/picture.png").toString(), e.subject());
    }
    ImageFiles.checkWritable(file, null, WriteOptions.DEFAULT);
    assertThrows(
        MirraException.class,
        () ->
            ImageFiles.checkWritable(
                folder.resolve("no/such.png"),
                new ImageSpec(9, 9, SampleFormat.U8, Channels.RGB),
                WriteOptions.DEFAULT));
    try (Picture back = Picture.read(file)) {
      assertEquals(40, back.view().width());
    }
    Mirra.writeFile(file, new byte[] {1, 2, 3});
    Mirra.checkWritable(file);
    assertEquals(3, Files.size(file));
    assertEquals(
        ErrorCode.LIMIT, assertThrows(MirraException.class, () -> Picture.read(png(), 100)).code());
  }

  @Test
  void notesMayThrow() {
    Image alpha = Image.allocate(new ImageSpec(40, 30, SampleFormat.U8, Channels.RGB));
    RuntimeException thrown = new RuntimeException("mine");
    List<String> notes = new ArrayList<>();
    try (Picture deep = Picture.read(withText())) {
      ImageFiles.toBytes(alpha, deep, WriteOptions.JPEG.withNotes(notes::add));
      WriteOptions throwing =
          WriteOptions.JPEG.withNotes(
              note -> {
                throw thrown;
              });
      if (!notes.isEmpty()) {
        assertSame(
            thrown,
            assertThrows(RuntimeException.class, () -> ImageFiles.toBytes(alpha, deep, throwing)));
      }
    }
  }

  /** A PNG with a chunk of time, which no picture keeps. */
  private static byte[] withText() {
    byte[] png = png();
    byte[] chunk = {0, 0, 0, 7, 't', 'I', 'M', 'E', 7, (byte) 0xea, 1, 2, 3, 4, 5, 0, 0, 0, 0};
    java.util.zip.CRC32 sum = new java.util.zip.CRC32();
    sum.update(chunk, 4, 11);
    java.nio.ByteBuffer.wrap(chunk).putInt(15, (int) sum.getValue());
    java.nio.ByteBuffer all = java.nio.ByteBuffer.allocate(png.length + chunk.length);
    all.put(png, 0, 33).put(chunk).put(png, 33, png.length - 33);
    return all.array();
  }

  @Test
  void textsForTerminals() {
    assertEquals("a\\x1bb", Mirra.printable("a\u001bb"));
    assertThrows(IllegalArgumentException.class, () -> Mirra.printable("a\0b"));
    assertEquals(1, Mirra.abiVersion());
    assertTrue(Mirra.version().matches("\\d+\\.\\d+\\.\\d+"));
  }
}

package org.mirra;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Java's own images in and out. */
class BufferedImageTest {
  private static final int WIDTH = 37;
  private static final int HEIGHT = 29;

  private static Session session;

  @BeforeAll
  static void open() {
    session = Fixtures.denoiser();
  }

  @AfterAll
  static void close() {
    session.close();
  }

  private static int[] pixels(BufferedImage image) {
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  private static BufferedImage converted(BufferedImage image, int type) {
    BufferedImage copy = new BufferedImage(image.getWidth(), image.getHeight(), type);
    Graphics2D graphics = copy.createGraphics();
    graphics.drawImage(image, 0, 0, null);
    graphics.dispose();
    return copy;
  }

  private static BufferedImage noisy() {
    return Fixtures.noisy(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        BufferedImage.TYPE_INT_RGB,
        BufferedImage.TYPE_INT_BGR,
        BufferedImage.TYPE_INT_ARGB,
        BufferedImage.TYPE_INT_ARGB_PRE,
        BufferedImage.TYPE_3BYTE_BGR,
        BufferedImage.TYPE_4BYTE_ABGR,
        BufferedImage.TYPE_4BYTE_ABGR_PRE
      })
  void colorTypesGiveTheSame(int type) {
    BufferedImage clean = session.run(converted(noisy(), type));
    assertEquals(type, clean.getType());
    assertArrayEquals(pixels(session.run(noisy())), pixels(clean));
  }

  @ParameterizedTest
  @ValueSource(ints = {BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_USHORT_GRAY})
  void grayTypesKeepTheirSamples(int type) {
    BufferedImage gray = converted(noisy(), type);
    BufferedImage clean = session.run(gray);
    assertEquals(type, clean.getType());
    Image image = Image.of(gray);
    SampleFormat format = type == BufferedImage.TYPE_BYTE_GRAY ? SampleFormat.U8 : SampleFormat.U16;
    assertEquals(new ImageSpec(WIDTH, HEIGHT, format, Channels.GRAY), image.spec());
    assertEquals(gray.getRaster().getSample(5, 3, 0), new Samples(image, 0).get(5, 3));
    assertTrue(Image.of(clean).estimateNoise() < image.estimateNoise() / 2);
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        BufferedImage.TYPE_BYTE_INDEXED,
        BufferedImage.TYPE_BYTE_BINARY,
        BufferedImage.TYPE_USHORT_565_RGB,
        BufferedImage.TYPE_USHORT_555_RGB
      })
  void otherTypesAreConverted(int type) {
    BufferedImage image = converted(noisy(), type);
    BufferedImage same = converted(image, BufferedImage.TYPE_3BYTE_BGR);
    assertArrayEquals(pixels(session.run(same)), pixels(session.run(image)));
    Run run = session.newRun().input("image", image);
    assertThrows(IllegalArgumentException.class, () -> run.output("output", image));
  }

  @Test
  void transparentPixelsStay() {
    BufferedImage image = converted(noisy(), BufferedImage.TYPE_INT_ARGB);
    image.setRGB(4, 4, 0x00123456);
    image.setRGB(5, 4, 0x80808080);
    BufferedImage clean = session.run(image);
    assertEquals(0x00123456, clean.getRGB(4, 4));
    assertEquals(0x80, clean.getRGB(5, 4) >>> 24);
  }

  @ParameterizedTest
  @ValueSource(ints = {BufferedImage.TYPE_3BYTE_BGR, BufferedImage.TYPE_INT_ARGB})
  void subimagesLeaveWhatIsAround(int type) {
    BufferedImage whole = converted(Fixtures.noisy(64, 64, BufferedImage.TYPE_INT_RGB), type);
    BufferedImage before = converted(whole, type);
    BufferedImage part = whole.getSubimage(7, 9, WIDTH, HEIGHT);
    BufferedImage expected = session.run(converted(part, type));
    session.newRun().input("image", part).output("output", part).run();
    assertArrayEquals(pixels(expected), pixels(part));
    for (int y = 0; y < 64; ++y) {
      for (int x = 0; x < 64; ++x) {
        if (x < 7 || x >= 7 + WIDTH || y < 9 || y >= 9 + HEIGHT) {
          assertEquals(before.getRGB(x, y), whole.getRGB(x, y));
        }
      }
    }
  }

  @Test
  void deepColorsAreACustomType() {
    ImageSpec spec = new ImageSpec(WIDTH, HEIGHT, SampleFormat.U16, Channels.RGBA);
    short[] samples = new short[WIDTH * HEIGHT * 4];
    for (int i = 0; i < samples.length; ++i) {
      samples[i] = (short) (i * 31);
    }
    BufferedImage image = Image.of(spec, MemorySegment.ofArray(samples)).toBufferedImage();
    assertEquals(BufferedImage.TYPE_CUSTOM, image.getType());
    Image wrapped = Image.of(image);
    assertEquals(spec, wrapped.spec());
    assertEquals(1, wrapped.planes().size());
    assertArrayEquals(
        samples,
        wrapped.planes().getFirst().memory().toArray(java.lang.foreign.ValueLayout.JAVA_SHORT));
    assertEquals(BufferedImage.TYPE_CUSTOM, session.run(image).getType());
  }

  @Test
  void halvesBecomeShorts() {
    short[] samples = {Float.floatToFloat16(0.5f), Float.floatToFloat16(2f)};
    ImageSpec spec = new ImageSpec(2, 1, SampleFormat.F16, Channels.GRAY);
    BufferedImage image = Image.of(spec, MemorySegment.ofArray(samples)).toBufferedImage();
    assertEquals(32768, image.getRaster().getSample(0, 0, 0));
    assertEquals(65535, image.getRaster().getSample(1, 0, 0));
  }

  @Test
  void profileGoesAlong() {
    byte[] profile =
        java.awt.color.ICC_Profile.getInstance(java.awt.color.ColorSpace.CS_PYCC).getData();
    byte[] srgb =
        java.awt.color.ICC_Profile.getInstance(java.awt.color.ColorSpace.CS_sRGB).getData();
    ImageSpec spec = new ImageSpec(2, 2, SampleFormat.U8, Channels.RGB).withIcc(srgb);
    Image image = Image.of(Image.allocate(spec).toBufferedImage());
    assertTrue(Arrays.equals(srgb, image.spec().icc()));
    Image other = Image.of(Image.allocate(spec.withIcc(profile)).toBufferedImage());
    assertEquals(3, other.spec().channels().count());
  }

  @Test
  void failedRunLeavesTheOutput() {
    BufferedImage image = noisy();
    BufferedImage output = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    try (CancelToken cancel = new CancelToken()) {
      cancel.request();
      Run run = session.newRun().input("image", image).output("output", output).cancel(cancel);
      MirraException e = assertThrows(MirraException.class, run::run);
      assertEquals(ErrorCode.CANCELLED, e.code());
    }
    assertTrue(Arrays.stream(pixels(output)).allMatch(pixel -> pixel == 0xff000000));
  }
}

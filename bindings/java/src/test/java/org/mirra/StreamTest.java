package org.mirra;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mirra.internal.Registry;

/** Pictures in pieces, and parts of pictures. */
class StreamTest {
  private final Image noisy = Image.of(Fixtures.noisy(64, 48, BufferedImage.TYPE_INT_RGB));
  private Session session;
  private int registered;

  @BeforeEach
  void open() {
    session = Fixtures.denoiser();
    registered = Registry.size();
  }

  @AfterEach
  void close() {
    session.close();
    Fixtures.awaitRegistered(registered);
  }

  /** Pixels of another image, copied channel by channel. */
  private static void copy(Image from, Image to) {
    for (int channel = 0; channel < from.spec().channels().count(); ++channel) {
      Samples source = new Samples(from, channel);
      Samples target = new Samples(to, channel);
      for (int y = 0; y < from.height(); ++y) {
        for (int x = 0; x < from.width(); ++x) {
          target.set(x, y, source.get(x, y));
        }
      }
    }
  }

  private final ImageSource source =
      new ImageSource() {
        @Override
        public ImageSpec spec() {
          return noisy.spec();
        }

        @Override
        public void read(Rect rect, Image pixels) {
          copy(noisy.view(rect), pixels);
        }
      };

  /** Writes into an image. */
  private record Into(Image image) implements ImageSink {
    @Override
    public ImageSpec spec() {
      return image.spec();
    }

    @Override
    public void write(Rect rect, Image pixels) {
      copy(pixels, image.view(rect));
    }
  }

  @Test
  void piecesGiveTheSame() {
    Image expected = session.run(noisy);
    Image given = Image.allocate(noisy.spec());
    session.newRun().input("image", source).output("output", new Into(given)).run();
    assertEquals(80, expected.compare(given).psnr());
    Image whole = session.newRun().input("image", source).run().image();
    assertEquals(80, expected.compare(whole).psnr());
    Image later = Image.allocate(noisy.spec());
    session.newRun().input("image", source).output("output", new Into(later)).submit().join();
    assertEquals(80, expected.compare(later).psnr());
  }

  /** Fails at the first piece. */
  private record Failing(ImageSpec spec, IOException thrown) implements ImageSource, ImageSink {
    @Override
    public void read(Rect rect, Image pixels) throws IOException {
      throw thrown;
    }

    @Override
    public void write(Rect rect, Image pixels) throws IOException {
      throw thrown;
    }
  }

  @Test
  void theirExceptionsComeOut() {
    Failing failing = new Failing(noisy.spec(), new IOException("disk is full"));
    Run reading = session.newRun().input("image", (ImageSource) failing);
    assertSame(failing.thrown(), assertThrows(UncheckedIOException.class, reading::run).getCause());
    Run writing = session.newRun().input("image", noisy).output("output", (ImageSink) failing);
    assertSame(failing.thrown(), assertThrows(UncheckedIOException.class, writing::run).getCause());
    CompletionException e = assertThrows(CompletionException.class, () -> writing.submit().join());
    assertSame(failing.thrown(), e.getCause().getCause());
  }

  @Test
  void regionsAreParts() {
    Rect region = new Rect(10, 8, 20, 16);
    Image part = session.newRun().input("image", noisy).region(region).run().image();
    Image whole = session.run(noisy);
    assertEquals(20, part.width());
    assertEquals(true, whole.view(region).compare(part).psnr() > 60);
    Rect required = session.required(64, 48, region);
    assertEquals(true, required.width() >= 20 && required.height() >= 16);
  }

  @Test
  void previewsAreSmaller() {
    BufferedImage preview =
        session
            .newRun()
            .input("image", Fixtures.noisy(65, 48, BufferedImage.TYPE_BYTE_GRAY))
            .scale(0.5)
            .run()
            .bufferedImage();
    assertEquals(33, preview.getWidth());
    assertEquals(24, preview.getHeight());
  }
}

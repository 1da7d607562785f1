package org.mirra;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** Whose pixels they are, and for how long. */
class MemoryTest {
  private static final ImageSpec SPEC = new ImageSpec(48, 40, SampleFormat.U8, Channels.RGB);
  private static final long BYTES = 48 * 40 * 3;

  private static byte[] samples() {
    BufferedImage noisy = Fixtures.noisy(48, 40, BufferedImage.TYPE_3BYTE_BGR);
    return ((java.awt.image.DataBufferByte) noisy.getRaster().getDataBuffer()).getData();
  }

  private static byte[] expected() {
    try (Session session = Fixtures.denoiser()) {
      Image clean = session.run(Image.of(SPEC, MemorySegment.ofArray(samples())));
      return bytes(clean);
    }
  }

  private static byte[] bytes(Image image) {
    return image.planes().getFirst().memory().toArray(ValueLayout.JAVA_BYTE);
  }

  private static Image in(MemorySegment memory) {
    memory.copyFrom(MemorySegment.ofArray(samples()));
    return Image.of(SPEC, memory);
  }

  /** Where the library saw the output. */
  private static List<Long> addresses(Run run) {
    List<Long> addresses = new ArrayList<>();
    run.tiles((rect, pixels) -> addresses.add(pixels.planes().getFirst().memory().address()));
    return addresses;
  }

  @Test
  void runsUseNativeMemoryInPlace() {
    try (Arena arena = Arena.ofConfined();
        Session session = Fixtures.denoiser()) {
      Image image = in(arena.allocate(BYTES));
      Run run = session.newRun().input("image", image).output("output", image);
      List<Long> addresses = addresses(run);
      run.run();
      assertEquals(image.planes().getFirst().memory().address(), addresses.getFirst());
      assertArrayEquals(expected(), bytes(image));
    }
  }

  @Test
  void runsHoldTheirArenas() {
    try (Session session = Fixtures.denoiser()) {
      Arena shared = Arena.ofShared();
      Arena confined = Arena.ofConfined();
      Image output = Image.of(SPEC, confined.allocate(BYTES));
      List<Throwable> refused = new ArrayList<>();
      session
          .newRun()
          .input("image", in(shared.allocate(BYTES)))
          .output("output", output)
          .progress(
              progress -> {
                refused.add(assertThrows(IllegalStateException.class, shared::close));
                refused.add(assertThrows(IllegalStateException.class, confined::close));
              })
          .run();
      assertTrue(refused.size() >= 2);
      assertArrayEquals(expected(), bytes(output));
      shared.close();
      confined.close();
    }
  }

  @Test
  void closedMemoryIsAnError() {
    Arena arena = Arena.ofShared();
    Image image = in(arena.allocate(BYTES));
    arena.close();
    try (Session session = Fixtures.denoiser()) {
      assertThrows(IllegalStateException.class, () -> session.run(image));
      assertThrows(IllegalStateException.class, image::estimateNoise);
      Run run = session.newRun().input("image", image);
      assertThrows(IllegalStateException.class, run::submit);
    }
  }

  @Test
  void jobsUseLastingMemoryInPlace() {
    try (Session session = Fixtures.denoiser()) {
      for (Image output :
          List.of(
              Image.allocate(SPEC),
              Image.of(SPEC, ByteBuffer.allocateDirect((int) BYTES)),
              Image.of(SPEC, Arena.global().allocate(BYTES)))) {
        Run run =
            session
                .newRun()
                .input("image", in(Arena.ofAuto().allocate(BYTES)))
                .output("output", output);
        List<Long> addresses = addresses(run);
        run.submit().join();
        assertEquals(output.planes().getFirst().memory().address(), addresses.getFirst());
        assertArrayEquals(expected(), bytes(output));
      }
    }
  }

  @Test
  void jobsSurviveTheArenaOfTheirInput() {
    try (Session session = Fixtures.denoiser()) {
      Arena arena = Arena.ofShared();
      Image output = Image.allocate(SPEC);
      Job job =
          session
              .newRun()
              .input("image", in(arena.allocate(BYTES)))
              .output("output", output)
              .submit();
      arena.close();
      job.join();
      assertArrayEquals(expected(), bytes(output));
    }
  }

  @Test
  void jobsSayThatTheirOutputIsGone() {
    try (Session session = Fixtures.denoiser()) {
      Arena arena = Arena.ofShared();
      Run run =
          session
              .newRun()
              .input("image", Image.of(SPEC, MemorySegment.ofArray(samples())))
              .output("output", Image.of(SPEC, arena.allocate(BYTES)))
              .progress(progress -> closeOnce(arena));
      CompletionException e = assertThrows(CompletionException.class, () -> run.submit().join());
      assertInstanceOf(IllegalStateException.class, e.getCause());
    }
  }

  private static void closeOnce(Arena arena) {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  @Test
  void jobsCopySharedMemoryBack() {
    try (Session session = Fixtures.denoiser();
        Arena arena = Arena.ofShared()) {
      Image image = in(arena.allocate(BYTES));
      session.newRun().input("image", image).output("output", image).submit().join();
      assertArrayEquals(expected(), bytes(image));
    }
  }

  @Test
  void jobsRefuseConfinedOutput() {
    try (Session session = Fixtures.denoiser();
        Arena arena = Arena.ofConfined()) {
      Image image = in(arena.allocate(BYTES));
      Run run = session.newRun().input("image", image).output("output", image);
      assertThrows(IllegalArgumentException.class, run::submit);
      assertArrayEquals(expected(), bytes(session.newRun().input("image", image).run().image()));
    }
  }

  @Test
  void jobsKeepMemoryThatNobodyElseKeeps() {
    try (Session session = Fixtures.denoiser()) {
      Job job =
          session
              .newRun()
              .input("image", in(Arena.ofAuto().allocate(BYTES)))
              .progress(progress -> System.gc())
              .submit();
      assertArrayEquals(expected(), bytes(job.join().image()));
    }
  }

  @Test
  void imagesAreWithinTheirMemory() {
    try (Session session = Fixtures.denoiser()) {
      for (MemorySegment memory :
          List.of(MemorySegment.ofArray(new byte[100]), Arena.ofAuto().allocate(100))) {
        assertThrows(IndexOutOfBoundsException.class, () -> session.run(Image.of(SPEC, memory)));
        Plane before = new Plane(memory, 10, 3, -30);
        assertThrows(
            IndexOutOfBoundsException.class,
            () -> Image.of(SPEC.withSize(2, 2), before).estimateNoise());
        Plane far = new Plane(memory, Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE);
        assertThrows(ArithmeticException.class, () -> Image.of(SPEC, far).estimateNoise());
      }
      MirraException e =
          assertThrows(
              MirraException.class,
              () ->
                  session.run(Image.of(SPEC.withSize(0, -1), MemorySegment.ofArray(new byte[1]))));
      assertEquals(ErrorCode.INVALID_ARGUMENT, e.code());
    }
  }

  @Test
  void readOnlyMemoryIsNoOutput() {
    try (Session session = Fixtures.denoiser()) {
      for (MemorySegment memory :
          List.of(
              MemorySegment.ofArray(samples()).asReadOnly(),
              in(Arena.ofAuto().allocate(BYTES)).planes().getFirst().memory().asReadOnly())) {
        Image image = Image.of(SPEC, memory);
        Run run = session.newRun().input("image", image).output("output", image);
        assertThrows(IllegalArgumentException.class, run::run);
        assertThrows(IllegalArgumentException.class, run::submit);
        assertArrayEquals(expected(), bytes(session.run(image)));
      }
    }
  }

  @Test
  void viewsAreParts() {
    Image image = Image.of(SPEC, MemorySegment.ofArray(samples()));
    Image part = image.view(new Rect(8, 4, 32, 20));
    assertEquals(32, part.width());
    assertEquals(80, part.compare(part).psnr());
    assertThrows(IndexOutOfBoundsException.class, () -> image.view(new Rect(40, 0, 9, 9)));
  }

  @Test
  void planesOfOneArrayMayBeSegmentsOfTheirOwn() {
    byte[] array = samples();
    Plane[] planes = new Plane[3];
    for (int channel = 0; channel < 3; ++channel) {
      planes[channel] = new Plane(MemorySegment.ofArray(array), channel, 3, 48 * 3);
    }
    Image image = Image.of(SPEC, planes);
    try (Session session = Fixtures.denoiser()) {
      session.newRun().input("image", image).output("output", image).run();
    }
    assertArrayEquals(expected(), array);
  }
}

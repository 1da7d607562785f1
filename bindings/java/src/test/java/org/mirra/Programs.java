package org.mirra;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** Programs of which each needs a Java of its own. */
final class Programs {
  private Programs() {}

  private static BufferedImage noisy() {
    return Fixtures.noisy(64, 48, BufferedImage.TYPE_3BYTE_BGR);
  }

  /** Arguments: which one. */
  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "exit-in-job" -> exitInJob();
      case "exit-in-run" -> exitInRun();
      case "return-in-job" -> Fixtures.endless().submit(noisy());
      case "missing-library" -> missingLibrary();
      case "memory" -> memory();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void exitInJob() throws InterruptedException {
    CountDownLatch running = new CountDownLatch(2);
    Fixtures.endless()
        .newRun()
        .input("image", noisy())
        .progress(progress -> running.countDown())
        .submit();
    running.await();
    System.exit(3);
  }

  private static void exitInRun() {
    CountDownLatch running = new CountDownLatch(2);
    Fixtures.endless()
        .newRun()
        .input("image", noisy())
        .progress(
            progress -> {
              running.countDown();
              if (running.getCount() == 0) {
                System.exit(3);
              }
            })
        .run();
  }

  private static void missingLibrary() {
    for (int i = 0; i < 2; ++i) {
      try {
        Engine.create();
        throw new AssertionError("there is a library");
      } catch (UnsatisfiedLinkError e) {
        System.out.println(e.getMessage());
      }
    }
  }

  /** Prints by how many KiB the process grows in 2,000 runs, and in 500 sessions. */
  private static void memory() throws Exception {
    BufferedImage small = Fixtures.noisy(16, 16, BufferedImage.TYPE_3BYTE_BGR);
    try (Session session = Fixtures.denoiser()) {
      System.out.println("runs " + growth(2000, () -> session.run(small)));
    }
    System.out.println("sessions " + growth(500, () -> Fixtures.denoiser().close()));
  }

  /**
   * The least growth of several rounds: while the JVM compiles, it grows by itself. A leak is in
   * every round.
   */
  private static long growth(int count, Runnable work) throws Exception {
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 6 && least > 1000; ++round) {
      long before = resident();
      for (int i = 0; i < count; ++i) {
        work.run();
      }
      least = Math.min(least, resident() - before);
    }
    return least;
  }

  private static long resident() throws Exception {
    System.gc();
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}

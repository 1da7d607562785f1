#!/usr/bin/env python3
"""Tries video_denoise: check.py PROGRAM FRAME. FRAME writes one frame of a video as a picture; MIRRA_PREFIX is the SDK."""

import filecmp
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

FRAMES, WIDTH, HEIGHT = 20, 160, 96


def write_video(path):
    """Two scenes of a noisy ramp that moves, as Y4M."""
    noise = [random.Random(n).choices(range(-20, 21), k=WIDTH * HEIGHT) for n in range(3)]
    with path.open("wb") as file:
        file.write(b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C444\n" % (WIDTH, HEIGHT))
        for n in range(FRAMES):
            base = 60 if n * 2 < FRAMES else 150
            gray = bytes(max(16, min(235, base + (x + n) % 64 + jitter)) for x, jitter in enumerate(noise[n % 3]))
            file.write(b"FRAME\n" + gray + bytes([90]) * (WIDTH * HEIGHT) + bytes([170]) * (WIDTH * HEIGHT))


class Check:
    def __init__(self, program, frame, work):
        self.program, self.frame, self.work = program, frame, work
        self.video = work / "a video,\nof two lines.y4m"
        write_video(self.video)

    def run(self, *words, code=0, said="", **more):
        done = subprocess.run([self.program, *words], capture_output=True, text=True, cwd=self.work, **more)
        shown = "%s ended with %d\n%s%s" % (words, done.returncode, done.stdout, done.stderr)
        assert done.returncode == code, shown
        assert said in done.stderr + done.stdout, "%r is missing: %s" % (said, shown)
        return done.stderr

    def start(self, *words):
        return subprocess.Popen([self.program, *words], stderr=subprocess.PIPE, text=True, cwd=self.work)

    def same(self, a, b):
        assert filecmp.cmp(self.work / a, self.work / b, shallow=False), "%s and %s differ" % (a, b)

    def parts_make_the_same_video(self):
        # Every frame of MJPG stands alone: parts must not be seen in the video at all.
        self.run(self.video, "whole.avi", "--part-frames", "1000", said="%d frames" % FRAMES)
        self.run(self.video, "parts.avi", "--part-frames", "3", said="%d frames" % FRAMES)
        self.same("whole.avi", "parts.avi")
        assert not (self.work / "parts.avi.parts").exists()

    def frames_are_those_of_the_command(self):
        mirra = os.environ["MIRRA_PREFIX"] + "/bin/mirra"
        self.run(self.video, "fixed.avi", "--sigma", "12")
        for n in (0, FRAMES - 1):
            for video, picture in ((self.video, "in.png"), (self.work / "fixed.avi", "out.png")):
                subprocess.run([self.frame, video, str(n), self.work / picture], check=True)
            subprocess.run([mirra, "denoise", "in.png", "-o", "wanted.png", "--sigma", "12", "-q"], cwd=self.work, check=True)
            said = subprocess.run([mirra, "compare", "wanted.png", "out.png"], cwd=self.work, check=True, capture_output=True, text=True)
            psnr = float(re.search(r"(?i)psnr\D+([\d.]+)", said.stdout)[1])
            assert psnr > 30, "frame %d is %.1f dB from what the command makes" % (n, psnr)  # JPEG takes its part

    def goes_on_after(self, how, wanted, output, *options):
        """Stops the program each time that a part is done, until it comes to the end."""
        folder, runs, done = self.work / (output + ".parts"), 0, -1
        while not (self.work / output).exists():
            assert (runs := runs + 1) < 2 * FRAMES, "it does not come to an end"
            running = self.start(self.video, output, *options, *(["--resume"] if done >= 0 else []))
            done = len(list(folder.glob("0*"))) if folder.exists() else 0
            while running.poll() is None and (not folder.exists() or len(list(folder.glob("0*"))) <= done):
                time.sleep(0.002)
            running.send_signal(how)
            said = running.communicate()[1]
            assert running.returncode in (0, 130 if how == signal.SIGINT else -how), said
            assert running.returncode or (self.work / output).exists(), said
            if folder.exists() and runs == 1:
                self.run(self.video, output, *options, code=1, said="--resume")
                self.run(self.video, output, *options, "--resume", "--sigma", "3", code=1, said="--sigma")
        assert runs > 1, "it was never stopped"
        self.same(wanted, output)

    def is_resumable(self):
        options = ("--part-frames", "3")
        self.goes_on_after(signal.SIGINT, "whole.avi", "stopped.avi", *options)
        self.goes_on_after(signal.SIGKILL, "whole.avi", "killed.avi", *options)
        for output in ("video.mkv", "video.mp4"):
            codec = ("--codec", "mp4v") if output.endswith("mp4") else ()
            self.run(self.video, output, *options, *codec, said="%d frames" % FRAMES)
            self.goes_on_after(signal.SIGKILL, output, "killed-" + output, *options, *codec)

    def stops_at_once(self):
        with (self.work / "large.y4m").open("wb") as file:
            frame = b"FRAME\n" + os.urandom(960 * 540 * 3)
            file.write(b"YUV4MPEG2 W960 H540 F25:1 Ip A1:1 C444\n")
            for _ in range(60):
                file.write(frame)
        running = self.start(self.work / "large.y4m", "large.avi", "--quality", "best")
        time.sleep(2)
        began = time.monotonic()
        running.send_signal(signal.SIGINT)
        said = running.communicate()[1]
        assert running.returncode == 130, said
        assert time.monotonic() - began < 10, "it took too long to stop"
        assert not (self.work / "large.avi").exists()

    def says_what_is_wrong(self):
        cases = (
            (["--help"], 0, "--resume"),
            ([], 2, "INPUT"),
            ([self.video, "a.avi", "--part-frames", "0"], 2, "--part-frames"),
            (["none.avi", "a.avi"], 1, "there is no file none.avi"),
            ([self.video, "a.xyz"], 1, "Use .mp4"),
            ([self.video, "no/a.avi"], 1, "create the folder"),
            ([self.video, self.video.with_suffix(".avi"), "--codec", "zzzz"], 1, "Try another --codec"),
            ([self.video, "b.avi", "--sigma", "-4"], 1, "from 0 to 100"),
            ([self.video, "c.avi", "--quality", "superb"], 1, "quality"),
            (["text.avi", "d.avi"], 1, "as a video"),
        )
        (self.work / "text.avi").write_text("no video")
        for words, code, said in cases:
            self.run(*words, code=code, said=said)
        cut = self.work / "cut.y4m"
        cut.write_bytes(self.video.read_bytes()[: -WIDTH * HEIGHT * 3 * 7])
        self.run(cut, "cut.avi", said="frames")

    def survives_a_full_disk(self):
        """A limit of the size of files stands for it."""
        limit = "ulimit -f 8; trap '' XFSZ; exec \"$@\""
        command = ["bash", "-c", limit, "bash", self.program, self.video, "full.avi"]
        done = subprocess.run(command, cwd=self.work, capture_output=True, text=True)
        assert done.returncode == 1, done.stderr
        assert "Is the disk full?" in done.stderr, done.stderr
        assert not (self.work / "full.avi").exists()
        self.run(self.video, "full.avi", "--resume")
        self.run(self.video, "roomy.avi")
        self.same("full.avi", "roomy.avi")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        check = Check(*(os.path.abspath(word) for word in sys.argv[1:]), pathlib.Path(folder))
        check.parts_make_the_same_video()
        check.frames_are_those_of_the_command()
        check.is_resumable()
        check.stops_at_once()
        check.says_what_is_wrong()
        check.survives_a_full_disk()


try:
    main()
except AssertionError as error:
    sys.exit("error: %s" % error)

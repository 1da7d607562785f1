#!/usr/bin/env python3
"""Tries contact_sheet: check.py PROGRAM. MIRRA_PREFIX is the SDK."""

import math
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests" / "hosts"))
from pictures import command, names, write_noise  # noqa: E402

CELL, GAP, MARGIN, CAPTION = 64, 4, 16, 24


class Check:
    def __init__(self, program, work):
        self.program, self.work, self.folder = program, work, work / "some pictures"
        self.folder.mkdir()
        for n, name in enumerate(("a.png", "b, \n of two lines.png", "käse.PNG", "d.png", "e.png")):
            write_noise(self.folder / name, 96 + 16 * n, 64)
        (self.folder / "notes.txt").write_text("no picture")

    def run(self, *words, code=0, said=""):
        done = subprocess.run([self.program, *words], capture_output=True, text=True, cwd=self.work)
        shown = "%s ended with %d\n%s%s" % (words, done.returncode, done.stdout, done.stderr)
        assert done.returncode == code, shown
        assert said in done.stderr + done.stdout, "%r is missing: %s" % (said, shown)
        return done

    def size(self, name):
        said = subprocess.run([command(), "info", self.work / name], check=True, capture_output=True, text=True).stdout
        return tuple(int(re.search(what + r": (\d+)", said)[1]) for what in ("width", "height"))

    def psnr(self, a, b):
        said = subprocess.run([command(), "compare", a, b], check=True, capture_output=True, text=True, cwd=self.work)
        return float(re.search(r"(?i)psnr\D+([\d.]+)", said.stdout)[1])

    def makes_sheets(self):
        grid = ("--columns", "2", "--rows", "1", "--cell", str(CELL))
        self.run(self.folder, "sheets.png", *grid)
        assert [name for name in names(self.work) if "sheets" in name] == ["sheets-1.png", "sheets-2.png", "sheets-3.png"]
        wanted = (MARGIN + 2 * (CELL + MARGIN), MARGIN + CELL + CAPTION + MARGIN)
        assert {self.size("sheets-%d.png" % n) for n in (1, 2, 3)} == {wanted}
        self.run(self.folder, "pairs.jpg", *grid, "--task", "denoise", "--sigma", "40")
        assert self.size("pairs-1.jpg")[0] == MARGIN + 2 * (2 * CELL + GAP + MARGIN)

    def shows_what_the_task_makes(self):
        """A sheet of pairs with a task that changes nothing shows every picture twice: it equals one without a change."""
        one = self.work / "one"
        one.mkdir()
        write_noise(one / "a.png", CELL, CELL)
        grid = ("--columns", "1", "--rows", "1", "--cell", str(CELL))
        self.run(one, "same.png", *grid, "--task", "denoise", "--strength", "0")
        self.run(one, "clean.png", *grid, "--task", "denoise", "--strength", "1", "--sigma", "60")
        subprocess.run([command(), "denoise", one / "a.png", "-o", one / "b.png", "--sigma", "60", "-q"], check=True)
        changed, whole = self.psnr(one / "a.png", one / "b.png"), self.psnr("same-1.png", "clean-1.png")
        pixels = self.size("same-1.png")
        share = CELL * CELL / (pixels[0] * pixels[1])
        wanted = changed - 10 * math.log10(share)
        assert abs(whole - wanted) < 0.1, "%.2f dB, not %.2f dB: the pictures are not where they should be" % (whole, wanted)
        self.run(one, "styled.png", "--task", "stylize", "--style", one / "b.png")
        assert self.run(one, "x.png", "--task", "denoise", "--help", said="--strength").returncode == 0

    def goes_on_after_broken_files(self):
        (self.folder / "0 broken.png").write_bytes((self.folder / "a.png").read_bytes()[:3000])
        (self.folder / "1 empty.jpg").write_bytes(b"")
        (self.folder / "gone.png").symlink_to("nowhere")
        done = self.run(self.folder, "broken.png", "--columns", "3", code=1, said="2 of 7 pictures are on no sheet")
        assert "0 broken.png" in done.stderr and "1 empty.jpg" in done.stderr, done.stderr
        assert (self.work / "broken-1.png").exists()

    def says_what_is_wrong(self):
        (self.work / "none").mkdir()
        for words, code, said in (
            (["nowhere", "a.png"], 2, "nowhere"),
            ([self.folder, "a.png", "--columns", "0"], 2, "--columns"),
            ([self.folder, "a.png", "--task", "dennoise"], 1, "denoise"),
            ([self.folder, "a.png", "--task", "denoise", "--sigma", "-1"], 1, "from 0 to 100"),
            ([self.folder, "a.png", "--task", "stylize"], 1, "no style was given"),
            ([self.folder, "a.png", "--task", "stylize", "--style", "none.png"], 2, "--style"),
            ([self.folder, "a.png", "--task", "style-prepare"], 1, "makes no picture"),
            ([self.folder, "a.bmp"], 1, ".png"),
            ([self.folder, "no/a.png"], 1, "create the folder"),
            ([self.folder, self.folder / "a.png"], 1, "among the pictures"),
            (["none", "a.png"], 1, "no pictures"),
            ([self.folder, "a.png", "--columns", "100", "--cell", "2000"], 1, "--cell"),
        ):
            self.run(*words, code=code, said=said)

    def takes_little_memory(self):
        """Twenty times as many pictures take no more."""
        many = self.work / "many"
        many.mkdir()
        write_noise(many / "0.png", 1500, 1500)
        peaks = []
        for count in (1, 20):
            for n in range(1, count):
                (many / ("%d.png" % n)).write_bytes((many / "0.png").read_bytes())
            running = subprocess.Popen([self.program, many, self.work / "many.jpg"], stdout=subprocess.DEVNULL)
            _, status, used = os.wait4(running.pid, 0)
            running.returncode = status
            assert status == 0, "it ended with %d" % status
            peaks.append(used.ru_maxrss / 1024)
        assert peaks[1] < peaks[0] + 20, "%.0f MB for one picture, %.0f MB for twenty" % tuple(peaks)

    def stops(self):
        large = self.work / "large"
        large.mkdir()
        write_noise(large / "0.png", 1500, 1500)
        for n in range(1, 40):
            (large / ("%d.png" % n)).write_bytes((large / "0.png").read_bytes())
        command = [self.program, large, self.work / "stopped.png", "--task", "denoise", "--columns", "10", "--rows", "10", "--cell", "64"]
        running = subprocess.Popen(command, stderr=subprocess.PIPE)
        time.sleep(1.5)
        began = time.monotonic()
        running.send_signal(signal.SIGINT)
        said = running.communicate()[1]
        assert running.returncode == 130, said
        assert time.monotonic() - began < 10, "it took too long to stop"
        assert not (self.work / "stopped-1.png").exists()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        check = Check(os.path.abspath(sys.argv[1]), pathlib.Path(folder))
        check.makes_sheets()
        check.shows_what_the_task_makes()
        check.goes_on_after_broken_files()
        check.says_what_is_wrong()
        check.takes_little_memory()
        check.stops()


try:
    main()
except AssertionError as error:
    sys.exit("error: %s" % error)

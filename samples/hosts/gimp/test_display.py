"""Opens the dialog in GIMP on a virtual display, lets it run, and cancels a run.

There is no window manager: a window has the keyboard while the pointer is over it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "common"))
from batch import Gimp
from checks import check
from pictures import difference, read_png, write_png

version, mirra, work = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
root = Path(__file__).parents[3]
source, large, result = work / "shown.png", work / "large.png", work / "result.png"
before, after = work / "before.png", work / "after.png"  # of the keys for undo and redo
undone, redone = work / "undone", work / "redone"
gimp = Gimp(version)
START = 300  # seconds; a busy machine takes more than one minute to start GIMP


def until(seconds: float, condition) -> float:
    """Waits until the condition holds; gives the seconds that it took, or more than `seconds`."""
    begin = time.monotonic()
    while not condition() and time.monotonic() - begin <= seconds:
        time.sleep(0.05)
    return time.monotonic() - begin


def is_complete(png: Path) -> bool:
    return png.exists() and png.read_bytes().endswith(b"IEND\xaeB`\x82")


def xdotool(*words: object) -> str:
    done = subprocess.run(["xdotool", *map(str, words)], capture_output=True, text=True, timeout=30)
    return done.stdout


def windows(name: str) -> list[str]:
    return xdotool("search", "--onlyvisible", "--name", name).split()


def size(window: str) -> tuple[int, int]:
    words = dict(line.split("=") for line in xdotool("getwindowgeometry", "--shell", window).split())
    return int(words["WIDTH"]), int(words["HEIGHT"])


def keys(window: str, *pressed: str) -> None:
    """Presses keys in a window."""
    xdotool("mousemove", "--window", window, 60, 60)
    xdotool("windowfocus", window)
    time.sleep(0.3)
    for key in pressed:
        xdotool("key", key)
        time.sleep(0.3)


def plugins() -> list[str]:
    """Processes of the plug-in."""
    program = str(work / "profile/plug-ins/mirra-gimp/mirra-gimp").encode()
    running = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            running += [command.parent.name] * (command.read_bytes().split(b"\0")[0] == program)
    return running


class Running:
    """GIMP with its windows, ended at the end."""

    def __init__(self, script: str) -> None:
        program = gimp.program.replace("-console", "")
        command = [program, "-n", "-s", "-d", "-f", "--batch-interpreter", "plug-in-script-fu-eval", "-b", script]
        self.log = (work / "gimp.log").open("w")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()


def photograph(name: str, window: str = "root") -> None:
    """For the eyes, and the README: a picture in the folder MIRRA_SCREENSHOTS, by ImageMagick."""
    folder = os.environ.get("MIRRA_SCREENSHOTS")
    if folder:
        subprocess.run(["import", "-window", window, f"{folder}/{name}.png"], check=False)


def wait_for(flag: Path) -> str:
    return f'(while (not (file-exists? "{flag}")) (usleep 50000))'


def press(flag: Path, key: str) -> None:
    """Presses a key in the window of the picture, and lets the script go on."""
    keys(windows(f"{noisy.width}x{noisy.height}")[0], key)
    time.sleep(1)
    flag.touch()


def prepare() -> None:
    """A window with the picture alone, and the filter of the menu by Ctrl+Alt+D."""
    profile = work / "profile"
    (profile / "sessionrc").write_text("(hide-docks yes)\n(single-window-mode yes)\n")
    if version == 2:
        path = "<Actions>/plug-in/plug-in-mirra-denoise"
        (profile / "menurc").write_text(f'(gtk_accel_path "{path}" "<Primary><Alt>d")\n')
    else:
        text = '(file-version 1)\n(action "plug-in-mirra-denoise" "<Primary><Alt>d")\n'
        (profile / "shortcutsrc").write_text(text)
        (profile / "gimprc").write_text("(show-welcome-dialog no)\n")


def dialog() -> None:
    """Runs the filter by its dialog, then undoes it and does it again, by the keys."""
    show = "(gimp-display-new image)"
    if version == 2:
        words = '"fast" "auto" 0 1 1 1 0 "auto" "" "" "cpu" 0'
        work_on_it = f"(plug-in-mirra-denoise RUN-INTERACTIVE image d {words})"
    else:
        work_on_it = "(plug-in-mirra-denoise #:run-mode RUN-INTERACTIVE #:image image #:drawables (vector d))"
    body = f"{show} {work_on_it} {gimp.save(result)} {wait_for(undone)} {gimp.save(before)} {wait_for(redone)}"
    write_png(source, noisy)
    for path in (result, before, after, undone, redone):
        path.unlink(missing_ok=True)
    with Running(gimp.script(source, after, body)):
        check(until(START, lambda: windows("^Denoise$")) <= START, "the dialog opens")
        time.sleep(8)  # the preview
        photograph("dialog", windows("^Denoise$")[0])
        keys(windows("^Denoise$")[0], "alt+o")
        check(until(60, lambda: is_complete(result)) <= 60, "and OK runs the filter")
        press(undone, "ctrl+z")
        check(until(30, lambda: is_complete(before)) <= 30, "undo is a key away")
        press(redone, "ctrl+y")
        check(until(30, lambda: is_complete(after)) <= 30, "and redo is another")
    out = work / "command.png"
    subprocess.run([mirra, "denoise", source, "-o", out, "-q"], check=True)
    wanted = read_png(out)
    check(difference(read_png(result), wanted) == 0, "the filter gives the same bits as the command")
    check(difference(wanted, noisy) > 20, "and not those of the picture")
    check(difference(read_png(before), noisy) == 0, "one step of undo brings back the old bits")
    check(difference(read_png(after), wanted) == 0, "and redo the new ones")


def cancelled() -> None:
    subprocess.run(["gegl", source, "-o", large, "--", "gegl:scale-ratio", "x=12", "y=12"], check=True, timeout=300)
    load = f'(car (gimp-file-load RUN-NONINTERACTIVE "{large}"' + (' "large"))' if version == 2 else "))")
    with Running(f"(gimp-display-new {load})"):
        check(until(START, lambda: windows("5412x3600")) <= START, "a large picture opens")
        window = windows("5412x3600")[0]
        time.sleep(3)
        xdotool("windowmove", window, 0, 0)
        keys(window, "ctrl+alt+d")
        check(until(30, lambda: windows("^Denoise$")) <= 30, "the menu has the filter")
        time.sleep(1)
        keys(windows("^Denoise$")[0], "alt+o")
        check(until(10, lambda: not windows("^Denoise$")) <= 10, "a long run begins")
        time.sleep(3)
        photograph("progress")
        check(len(plugins()) == 1, "and is under way")
        width, height = size(window)
        xdotool("mousemove", "--window", window, width - 45, height - 17)  # the button at the progress
        begin = time.monotonic()
        xdotool("click", 1)
        until(20, lambda: not plugins())
        seconds = time.monotonic() - begin
        photograph("cancelled")
        check(seconds < 1, f"Cancel stops it within a second: {seconds:.2f} s")


noisy = read_png(root / "docs/images/denoise.png").crop(475, 12, 451, 300)
prepare()
dialog()
cancelled()

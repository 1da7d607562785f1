"""Filters pictures by the command `gegl` and compares them with what the command `mirra` makes of them.

`gegl` ends with 0 whatever happens: the pixels and the messages are looked at.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "common"))
from checks import check, check_start, made_by_command
from pictures import Picture, difference, read_png, write_png

mirra, work = sys.argv[1], Path(sys.argv[2])
by_command = partial(made_by_command, mirra, work)
root = Path(__file__).parents[3]
source, result = work / "in.png", work / "result.png"


def gegl(chain: str, bits: int = 8, **environment: str) -> str:
    """Runs operations over `source` into `result`; gives the messages."""
    result.unlink(missing_ok=True)
    save = f" gegl:png-save path={result} bitdepth={bits}"
    command = ["gegl", str(source), "-o", "/dev/null", "--", *(chain + save).split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, **environment})
    return done.stderr


def written() -> Picture:
    if not result.exists():
        sys.exit("FAILED: gegl wrote nothing")
    return read_png(result)


def listed() -> None:
    names = subprocess.run(["gegl", "--list-all"], capture_output=True, text=True, check=True).stdout.split()
    operations = {name.partition(":")[2] for name in names if name.startswith("mirra:")}
    check({"denoise", "stylize", "gain"} <= operations, f"tasks are operations: {', '.join(sorted(operations))}")
    check_start(mirra, work, "gegl", "--list-all")


def kinds() -> None:
    holes = noisy.with_alpha()
    for at in range(3, len(holes.samples), 40):
        holes.samples[at] = 0
    for what, picture in (
        ("8 bits", noisy),
        ("16 bits", noisy.with_depth(16)),
        ("gray", noisy.gray()),
        ("alpha", noisy.with_alpha()),
        ("16 bits and alpha", noisy.with_depth(16).with_alpha()),
        ("transparent pixels", holes),
    ):
        wanted = by_command(picture, "denoise", "--quality", "fast")
        gegl("mirra:denoise quality=fast", picture.bits)
        check(difference(written(), wanted) == 0, f"{what}, {picture.width} wide: the same bits as by the command")
        check(difference(wanted, picture) > 20, "and not those of the input")


def floats() -> None:
    """Where networks compute in bf16, the last bits of the input decide on steps of 8 bits, here and there."""
    deep = noisy.with_depth(16)
    wanted = by_command(deep, "denoise", "--quality", "fast")
    for form in ("R'G'B' float", "R'G'B' half", "RGB float", "R~G~B~ float", "RGB u16"):
        result.unlink(missing_ok=True)
        tail = ["mirra:denoise", "quality=fast", "gegl:png-save", f"path={result}", "bitdepth=16"]
        command = ["gegl", source, "-o", "/dev/null", "--", "gegl:convert-format", f"format={form}", *tail]
        subprocess.run(command, capture_output=True, timeout=300)
        apart = sum(abs(a - b) for a, b in zip(written().samples, wanted.samples, strict=True)) / len(wanted.samples)
        check(apart < 128, f"{form}: as by the command, {apart / 257:.2f} of 255 apart in the mean")


def regions() -> None:
    wanted = by_command(large, "denoise", "--quality", "fast", "--sigma", "12.5")
    chain = "mirra:denoise quality=fast sigma-mode=value sigma=12.5"
    for x in (601, 1061):
        gegl(f"{chain} gegl:crop x={x} y=33 width=301 height=200")
        check(difference(written(), wanted.crop(x, 33, 301, 200)) <= 1, "a region is as it is in the whole")
    gegl(f"gegl:translate x=-37 y=1200 {chain}")
    check(difference(written(), wanted) <= 1, "a picture that does not begin at 0, 0")
    wanted = by_command(noisy, "stylize", "--style", str(work / "style.png"))
    gegl(f"mirra:stylize style={work}/style.png gegl:crop x=11 y=7 width=80 height=60")
    same = difference(written(), wanted.crop(11, 7, 80, 60)) <= 2
    check(same, "a region of a task that goes over the whole picture")


def profile() -> None:
    write_png(source, noisy)
    deep = work / "tagged.png"
    command = ["gegl", source, "-o", deep, "--", "gegl:cast-space", "space-name=Adobish"]
    subprocess.run(command, check=True, timeout=300)
    wanted = work / "command.png"
    subprocess.run([mirra, "denoise", deep, "-o", wanted, "-q", "--quality", "fast"], check=True)
    source.write_bytes(deep.read_bytes())
    gegl("mirra:denoise quality=fast", 16)
    check(b"iCCP" in result.read_bytes(), "the profile goes along")
    check(difference(written(), read_png(wanted)) <= 257, "a picture with a profile is as by the command")


def plugin() -> None:
    wanted = by_command(noisy, "gain", "--gain", "1.5")
    gegl("mirra:gain gain=1.5")
    check(difference(written(), wanted) == 0, "a plugin that was dropped in is an operation")
    check(difference(wanted, noisy) > 20, "and works")


def commas() -> None:
    if not os.environ.get("LOCPATH"):
        print("not tested: there is no German locale here")
        return
    wanted = by_command(noisy, "denoise", "--quality", "fast", "--sigma", "12.5", "--strength", "0.5")
    gegl("mirra:denoise quality=fast sigma-mode=value sigma=12.5 strength=0.5", LC_ALL="de_DE.UTF-8")
    check(difference(written(), wanted) == 0, "a decimal comma of the locale changes nothing")


def failures() -> None:
    write_png(source, noisy)
    for what, chain, said in (
        ("bundle that is missing", "mirra:denoise bundle=/nowhere/x.mirra", "/nowhere/x.mirra"),
        ("style that is missing", "mirra:stylize", "style"),
        ("memory limit that is too small", "mirra:denoise memory-limit=20", "memory"),
        ("picture that is missing", "mirra:stylize style=/nowhere.png", "/nowhere.png"),
    ):
        messages = gegl(chain)
        check(said in messages and messages.count("WARNING") == 1, f"a {what} is said once: {messages.strip()}")
        check(difference(written(), noisy) == 0, "and the picture is passed on")
    messages = gegl("gegl:color mirra:denoise gegl:crop width=64 height=64")
    check("no end" in messages and result.exists(), f"an input without an end: {messages.strip()}")


def stopped() -> None:
    write_png(source, large)
    running = subprocess.Popen(
        ["gegl", source, "-o", result, "--", "gegl:scale-ratio", "x=4", "y=4", "mirra:denoise", "quality=best"]
    )
    time.sleep(3)
    check(running.poll() is None, "gegl: a long run is under way")
    begin = time.monotonic()
    running.terminate()
    running.wait(timeout=60)
    check(time.monotonic() - begin < 1, "gegl: a run that is stopped ends within a second")


large = read_png(root / "docs/images/denoise.png")
noisy = large.crop(700, 80, 161, 121)
write_png(work / "style.png", large.crop(100, 80, 200, 150))
listed()
kinds()
floats()
regions()
profile()
plugin()
commas()
failures()
stopped()

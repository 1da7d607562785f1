"""Filters pictures by libvips and compares them with what the command `mirra` makes of the same files."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyvips

sys.path.insert(0, str(Path(__file__).parent.parent / "common"))
from checks import check, check_start

mirra, work = sys.argv[1], Path(sys.argv[2])
root = Path(__file__).parents[3]
source, result, wanted_file = work / "in.png", work / "result.png", work / "command.png"
MIB = 1 << 20
LIMIT = 800  # MiB
ROOM = 400  # MiB that Python, libvips and its buffers may take besides


def difference(a: pyvips.Image, b: pyvips.Image) -> float:
    """The largest difference of two samples; images of another kind differ by more than any sample can."""
    kinds = [(i.width, i.height, i.bands, i.format) for i in (a, b)]
    if kinds[0] != kinds[1]:
        print(f"{kinds[0]} against {kinds[1]}", file=sys.stderr)
        return 1 << 20
    return (a.cast("float") - b.cast("float")).abs().max()


def by_command(image: pyvips.Image, task: str, *arguments: object) -> pyvips.Image:
    image.write_to_file(str(source), compression=1)
    command = [mirra, task, source, "-o", wanted_file, "-q", *arguments]
    subprocess.run([str(c) for c in command], check=True)
    return pyvips.Image.new_from_file(str(wanted_file)).copy_memory()


def vips(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    result.unlink(missing_ok=True)
    return subprocess.run(
        ["vips", *map(str, command)], capture_output=True, text=True, timeout=600, env={**os.environ, **environment}
    )


def by_vips(*command: object, **environment: str) -> pyvips.Image:
    done = vips(*command, **environment)
    if done.returncode != 0:
        sys.exit(f"FAILED: {done.args}\n{done.stderr}")
    return pyvips.Image.new_from_file(str(result)).copy_memory()


def error_of(call: object, *arguments: object, **options: object) -> str:
    try:
        call(*arguments, **options).copy_memory()
    except pyvips.Error as error:
        return str(error)
    return ""


def noisy(width: int, height: int) -> pyvips.Image:
    """A photograph as often as it takes, with noise."""
    across, down = -(-width // photo.width), -(-height // photo.height)
    return photo.replicate(across, down).crop(0, 0, width, height)


def kinds_of_pictures() -> None:
    alpha = (pyvips.Image.xyz(odd.width, odd.height)[0] * 255 / odd.width).cast("uchar")
    deep = (odd.cast("ushort") * 257).copy(interpretation="rgb16")
    for what, picture in (
        ("of 8 bits", odd),
        ("of 16 bits", deep),
        ("with alpha", odd.bandjoin(alpha).copy_memory()),
        ("of 16 bits with alpha", deep.bandjoin(alpha.cast("ushort") * 257).copy_memory()),
        ("that is gray", odd[1].copy(interpretation="b-w")),
        ("that is gray, of 16 bits", deep[1].copy(interpretation="grey16")),
    ):
        wanted = by_command(picture, "denoise", "--quality", "fast")
        image = by_vips("mirra_denoise", source, result, "--quality", "fast")
        check(difference(image, wanted) == 0, f"a picture {what} is as by the command")
    wanted = by_command(odd, "denoise", "--quality", "fast")
    real = odd.cast("float").mirra_denoise(quality="fast")
    check(difference(real.rint().cast("uchar"), wanted) <= 1, "real numbers up to 255 likewise")
    linear = odd.colourspace("scrgb").mirra_denoise(quality="fast").colourspace("srgb")
    check(difference(linear, wanted) <= 2, "linear light likewise")
    profiled = odd.icc_export(output_profile="srgb")
    check(profiled.mirra_denoise(quality="fast").get("icc-profile-data") == profiled.get("icc-profile-data"), "profiles stay")


def arguments() -> None:
    wanted = by_command(odd, "denoise", "--quality", "fast", "--sigma", 12.5, "--strength", 0.5)
    check(difference(odd.mirra_denoise(quality="fast", sigma=12.5, strength=0.5), wanted) == 0, "arguments by pyvips")
    image = by_vips("mirra_denoise", source, result, "--quality", "fast", "--sigma", 12.5, "--strength", 0.5)
    check(difference(image, wanted) == 0, "arguments by the command vips")
    if os.environ.get("LOCPATH"):
        german = {"LC_ALL": "de_DE.UTF-8"}
        image = by_vips("mirra_denoise", source, result, "--quality", "fast", "--sigma", "12.5", "--strength", "0.5", **german)
        check(difference(image, wanted) == 0, "decimal commas of the locale change nothing")
    else:
        print("there is no German locale; decimal commas are not tested")
    wanted = by_command(odd, "gain", "--gain", 1.5)
    check(difference(odd.mirra_gain(gain=1.5), wanted) == 0, "a plugin that was dropped in is an operation")
    style = str(root / "docs/images/denoise.png")
    wanted = by_command(odd, "stylize", "--style", style)
    check(difference(odd.mirra_stylize(style=style), wanted) == 0, "a task that needs the whole picture")


def tiles() -> None:
    """Of a picture that has several, at the seams too."""
    large = noisy(5001, 2203)
    for bits in (8, 16):
        picture = large if bits == 8 else (large.cast("ushort") * 257).copy(interpretation="rgb16")
        wanted = by_command(picture, "denoise", "--quality", "fast")
        image = by_vips("mirra_denoise", source, result, "--quality", "fast")
        check(
            difference(image, wanted) <= (1 if bits == 8 else 4),
            f"a picture of many tiles, of {bits} bits, is as by the command",
        )


def under_a_limit() -> None:
    """In a process of its own, whose memory is measured."""
    scan, clean = work / "scan.tif", work / "clean.tif"
    noisy(8000, 5000).write_to_file(str(scan), tile=True)
    script = (
        "import pyvips, resource, sys\n"
        f"pyvips.Image.new_from_file({str(scan)!r}).mirra_denoise(quality='fast', memory_limit={LIMIT})"
        f".write_to_file({str(clean)!r}, tile=True)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    print(f"    40 megapixels, limit {LIMIT} MiB: the process had {int(done.stdout)} MiB", flush=True)
    check(int(done.stdout) <= LIMIT + ROOM, "40 megapixels under a limit of memory")


def a_gigapixel() -> None:
    """A piece of it costs no more than a piece."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    huge = noisy(32768, 32768)
    left, top, margin = 20480, 15360, 256
    piece = huge.mirra_denoise(quality="fast", sigma=12.5).crop(left, top, 300, 200).copy_memory()
    around = huge.crop(left - margin, top - margin, 300 + 2 * margin, 200 + 2 * margin)
    wanted = by_command(around, "denoise", "--quality", "fast", "--sigma", 12.5).crop(margin, margin, 300, 200)
    check(difference(piece, wanted) <= 1, "a piece of a gigapixel is as by the command")
    huge.mirra_denoise(quality="fast").crop(left, top, 300, 200).copy_memory()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 - before
    print(f"    a piece of a gigapixel took {grown} MiB", flush=True)
    check(grown < 3000, "and takes the memory of a piece, also where the noise is measured")


def failures() -> None:
    said = error_of(odd.mirra_denoise, bundle="/nowhere/x.mirra")
    check("/nowhere/x.mirra" in said, f"a bundle that is missing: {said.strip()}")
    said = error_of(odd.mirra_denoise, quality="superb")
    check("superb" in said, "a word that there is none of")
    said = error_of(odd.mirra_denoise, memory_limit=1)
    check("memory" in said, f"too small a limit: {said.strip()}")
    said = error_of(odd.colourspace("lab").mirra_denoise)
    check("colourspace" in said, f"colours that it does not know: {said.strip()}")
    said = error_of(odd.cast("int").mirra_denoise)
    check("cast" in said, f"samples that it does not know: {said.strip()}")
    odd.write_to_file(str(work / "whole.png"))
    broken = work / "broken.png"
    broken.write_bytes((work / "whole.png").read_bytes()[:5000])
    check(vips("mirra_denoise", f"{broken}[fail-on=truncated]", result).returncode == 1, "a damaged file ends the run")
    check(vips("mirra_denoise", work / "none.png", result).returncode == 1, "and so does a missing one")


def cancelled() -> None:
    odd.mirra_denoise(quality="best").copy_memory()  # so that all is loaded
    image = noisy(6000, 4000).mirra_denoise(quality="best")
    killed = []

    def kill() -> None:
        killed.append(time.monotonic())
        image.set_kill(True)

    threading.Timer(3, kill).start()
    try:
        image.copy_memory()
    except pyvips.Error:
        took = time.monotonic() - killed[0]
    else:
        sys.exit("FAILED: a run that was killed went on")
    print(f"    it ended {took:.2f} s after it was killed", flush=True)
    check(took < 5, "a run that is killed ends soon")


pyvips.cache_set_max(0)  # files are written anew under their names
photo = pyvips.Image.new_from_file(str(root / "docs/images/denoise.png"))[0:3].copy_memory()
odd = photo.crop(560, 80, 161, 121).copy_memory()
check_start(mirra, work, "vips", "-l")
kinds_of_pictures()
arguments()
failures()
cancelled()
a_gigapixel()
tiles()
under_a_limit()

"""Filters pictures in GIMP, without a display, and compares them with what the command `mirra` makes of them."""

from __future__ import annotations

import os
import sys
from array import array
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "common"))
from batch import DENOISE, GAIN, Gimp
from checks import check, check_start, made_by_command
from pictures import Picture, difference, read_png, write_png

gimp, mirra, work = Gimp(int(sys.argv[1])), sys.argv[2], Path(sys.argv[3])
by_command = partial(made_by_command, mirra, work)
root = Path(__file__).parents[3]
source, result = work / "in.png", work / "result.png"


def filtered(body: str, **environment: str) -> tuple[Picture | None, str]:
    """What GIMP makes of `source`, and its messages."""
    result.unlink(missing_ok=True)
    messages = gimp.run(gimp.script(source, result, body), **environment)
    return (read_png(result) if result.exists() else None), messages


def by_gimp(body: str, **environment: str) -> Picture:
    picture, messages = filtered(body, **environment)
    if picture is None:
        sys.exit(f"FAILED: GIMP wrote nothing: {messages}")
    return picture


def denoise(**given: object) -> str:
    return gimp.call("denoise", DENOISE, quality="fast", **given)


def kinds() -> None:
    holes = noisy.with_alpha()
    for at in range(3, len(holes.samples), 40):
        holes.samples[at] = 0
    for what, picture in (
        ("8 bits", noisy),
        ("16 bits", noisy.with_depth(16)),
        ("gray", noisy.gray()),
        ("alpha", noisy.with_alpha()),
        ("transparent pixels", holes),
    ):
        wanted = by_command(picture, "denoise", "--quality", "fast")
        same = difference(by_gimp(denoise()), wanted) == 0
        check(same, f"{what}, {picture.width} wide: the same bits as by the command")
        check(difference(wanted, picture) > 20, "and not those of the input")


def curves() -> None:
    """Where networks compute in bf16, the last bits of the input decide on steps of 8 bits, here and there."""
    deep = noisy.with_depth(16)
    wanted = by_command(deep, "denoise", "--quality", "fast")
    encoded = "GAMMA" if gimp.version == 2 else "NON-LINEAR"
    for name in (f"FLOAT-{encoded}", "FLOAT-LINEAR", f"HALF-{encoded}"):
        there = f"(gimp-image-convert-precision image PRECISION-{name})"
        back = f"(gimp-image-convert-precision image PRECISION-U16-{encoded})"
        got = by_gimp(f"{there} {denoise()} {back}")
        apart = sum(abs(a - b) for a, b in zip(got.samples, wanted.samples, strict=True)) / len(wanted.samples)
        check(apart < 128, f"{name}: as by the command, {apart / 257:.2f} of 255 apart in the mean")


def selection() -> None:
    wanted = by_command(noisy, "denoise", "--quality", "fast", "--sigma", "12.5")
    select = "(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 40 30 60 50)"
    got = by_gimp(f"{select} {denoise(sigma_mode='value', sigma=12.5)} (gimp-selection-none image)")
    inside = [p.crop(40, 30, 60, 50) for p in (got, wanted)]
    check(difference(*inside) <= 1, "what is selected is as in the whole picture")
    expected = Picture(noisy.width, noisy.height, 3, 8, array("B", noisy.samples))
    for y in range(30, 80):
        begin = (y * noisy.width + 40) * 3
        expected.samples[begin : begin + 180] = got.samples[begin : begin + 180]
    check(difference(got, expected) == 0, "and what is not selected stays")


def plugin() -> None:
    wanted = by_command(noisy, "gain", "--gain", "1.5")
    got = by_gimp(gimp.call("gain", GAIN, gain=1.5))
    check(difference(got, wanted) == 0, "a plugin that was dropped in is a filter")
    check(difference(wanted, noisy) > 20, "and works")


def commas() -> None:
    if not os.environ.get("LOCPATH"):
        print("not tested: there is no German locale here")
        return
    wanted = by_command(noisy, "denoise", "--quality", "fast", "--sigma", "12.5", "--strength", "0.5")
    got = by_gimp(denoise(sigma_mode="value", sigma=12.5, strength=0.5), LC_ALL="de_DE.UTF-8")
    check(difference(got, wanted) == 0, "a decimal comma of the locale changes nothing")


def failures() -> None:
    write_png(source, noisy)
    for what, given, said in (
        ("bundle that is missing", {"bundle": "/nowhere/x.mirra"}, "/nowhere/x.mirra"),
        ("memory limit that is too small", {"memory_limit": 20}, "memory limit"),
        ("number that is out of range", {"strength": 7.5}, "strength"),
        ("device that is missing", {"device": "cuda:7"}, "cuda:7"),
    ):
        picture, messages = filtered(denoise(**given))
        check(picture is None and said in messages, f"a {what} is an error: {messages.strip().splitlines()[0]}")


noisy = read_png(root / "docs/images/denoise.png").crop(700, 80, 161, 121)
check_start(mirra, work, *gimp.command())
kinds()
curves()
selection()
plugin()
commas()
failures()

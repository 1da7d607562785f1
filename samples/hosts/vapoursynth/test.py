"""Filters pictures in VapourSynth and compares them with what the command `mirra` makes of the same files."""

from __future__ import annotations

import ctypes
import json
import locale
import subprocess
import sys
from array import array
from functools import partial
from pathlib import Path

import vapoursynth as vs

sys.path.insert(0, str(Path(__file__).parent.parent / "common"))
from checks import check, made_by_command
from pictures import Picture, difference, from_planes, read_png

plugin, mirra, work = sys.argv[1], sys.argv[2], Path(sys.argv[3])
by_command = partial(made_by_command, mirra, work)
root = Path(__file__).parents[3]
core = vs.core
core.std.LoadPlugin(plugin)

FORMATS = {(1, 8): vs.GRAY8, (3, 8): vs.RGB24, (1, 16): vs.GRAY16, (3, 16): vs.RGB48}


def clip_of(picture: Picture, length: int = 1, **properties: int) -> vs.VideoNode:
    blank = core.std.BlankClip(
        format=FORMATS[picture.channels, picture.bits], width=picture.width, height=picture.height, length=length
    )

    def fill(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        frame = f.copy()
        for channel in range(picture.channels):
            plane = picture.plane(channel)
            for y in range(picture.height):
                row = plane[y * picture.width : (y + 1) * picture.width].tobytes()
                ctypes.memmove(frame.get_write_ptr(channel).value + y * frame.get_stride(channel), row, len(row))
        frame.props.update(properties)
        return frame

    return core.std.ModifyFrame(blank, blank, fill)


def picture_of(frame: vs.VideoFrame) -> Picture:
    bits = frame.format.bits_per_sample
    planes = [array("H" if bits == 16 else "B", memoryview(plane).tobytes()) for plane in frame]
    return from_planes(frame.width, frame.height, bits, planes)


def refused(what: str, call, *texts: str) -> None:
    try:
        call()
    except vs.Error as error:
        check(all(text in str(error) for text in texts), f"{what} is refused: {error}")
    else:
        check(False, f"{what} is refused")


def same_as_command() -> None:
    for bits, picture in ((8, noisy), (8, noisy.gray()), (16, noisy.with_depth(16)), (16, noisy.gray().with_depth(16))):
        filtered = picture_of(core.mirra.Denoise(clip_of(picture), quality="fast").get_frame(0))
        wanted = by_command(picture, "denoise", "--quality", "fast")
        most = 1 if bits == 8 else 16
        check(difference(filtered, wanted) <= most, f"{picture.channels} channels of {bits} bits are as by the command")
        check(difference(filtered, picture) > 5 << bits - 8, "and are filtered at all")


def floats_too() -> None:
    exact = by_command(noisy.with_depth(16), "denoise", "--quality", "fast")
    most = 1024  # where the network runs in bf16, the last bits of its input make so much
    for name in (vs.RGBS, vs.RGBH):
        clip = core.resize.Point(clip_of(noisy.with_depth(16)), format=name)
        filtered = core.resize.Point(core.mirra.Denoise(clip, quality="fast"), format=vs.RGB48, dither_type="none")
        check(difference(picture_of(filtered.get_frame(0)), exact) <= most, f"{name.name} is as by the command")


def settings() -> None:
    stated = picture_of(core.mirra.Denoise(clip_of(noisy), quality="fast", sigma=12.5, strength=0.5).get_frame(0))
    wanted = by_command(noisy, "denoise", "--quality", "fast", "--sigma", "12.5", "--strength", "0.5")
    check(difference(stated, wanted) <= 1, "numbers are as by the command")
    linear = picture_of(core.mirra.Denoise(clip_of(noisy, _Transfer=8), quality="fast").get_frame(0))
    wanted = by_command(noisy, "denoise", "--quality", "fast", "--transfer", "linear")
    check(difference(linear, wanted) <= 1, "a frame of linear light is as by the command")
    properties = core.mirra.Denoise(clip_of(noisy), quality="fast").get_frame(0).props
    check(5 < properties["mirra_sigma_estimated"] < 100, "what a run found is a property of the frame")
    gain = picture_of(core.mirra.Gain(clip_of(noisy), gain=0.5).get_frame(0))
    check(difference(gain, by_command(noisy, "gain", "--gain", "0.5")) <= 1, "a plugin that was dropped in is a filter")
    tasks = json.loads(subprocess.run([mirra, "tasks", "--json"], check=True, capture_output=True, text=True).stdout)
    named = {f.name.lower() for f in core.mirra.functions()}
    check({"denoise", "stylize", "gain"} <= named and len(tasks) > 0, f"filters: {sorted(named)}")


def errors() -> None:
    clip = clip_of(noisy)
    denoise = core.mirra.Denoise
    refused("YUV", lambda: denoise(core.std.BlankClip(format=vs.YUV420P8)), "YUV", "resize")
    refused("a format of 10 bits", lambda: denoise(core.std.BlankClip(format=vs.RGB30)), "10 bits", "RGB48")
    different = core.std.Splice([clip, core.std.BlankClip(clip, width=64, height=64)], mismatch=True)
    refused("a clip of changing size", lambda: denoise(different), "constant")
    refused("a quality that there is none of", lambda: denoise(clip, quality="superb"), "superb")
    refused("a number out of range", lambda: denoise(clip, sigma=-5), "sigma")
    refused("a bundle that is missing", lambda: denoise(clip, bundle="/nowhere/x.mirra"), "/nowhere/x.mirra")
    refused("a device that is missing", lambda: denoise(clip, device="cuda:7"), "cuda:7")
    refused("a memory limit that is too small", lambda: denoise(clip, memory_limit=1), "memory_limit")
    refused("no frames at once", lambda: denoise(clip, frames_at_once=0), "frames_at_once")
    style = "/nowhere/style.png"
    refused("a style that is missing", lambda: core.mirra.Stylize(clip, style=style).get_frame(0), style)


def parallel() -> None:
    core.num_threads = 4
    moving = core.std.Splice([clip_of(noisy.crop(x, 0, 96, 64)) for x in range(0, 48, 8)])
    one_by_one = core.mirra.Denoise(moving, quality="fast", frames_at_once=1)
    serial = [picture_of(one_by_one.get_frame(n)) for n in range(len(moving))]
    together = core.mirra.Denoise(moving, quality="fast", frames_at_once=4)
    futures = [together.get_frame_async(n) for n in range(len(moving))]
    same = all(difference(picture_of(f.result()), s) == 0 for f, s in zip(futures, serial, strict=True))
    check(same, "frames that are filtered at the same time are as those one by one")


def cancelled() -> None:
    """VapourSynth cannot stop a frame; one who goes away meanwhile is waited for."""
    clip = core.mirra.Denoise(clip_of(noisy, length=4), quality="fast")
    futures = [clip.get_frame_async(n) for n in range(4)]
    del clip
    check(all(f.result().width == noisy.width for f in futures), "frames under way outlive the script's filter")


noisy = read_png(root / "docs/images/denoise.png").crop(560, 80, 161, 121)
try:
    locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
    print("with decimal commas")
except locale.Error:
    print("there is no German locale; decimal commas are not tested")
same_as_command()
floats_too()
settings()
errors()
parallel()
cancelled()

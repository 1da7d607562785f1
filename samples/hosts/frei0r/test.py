"""Filters pictures in ffmpeg, melt and GStreamer and compares them with what the command `mirra` makes of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "common"))
from checks import check, made_by_command
from pictures import Picture, difference, read_png, write_png

mirra, work = sys.argv[1], Path(sys.argv[2])
by_command = partial(made_by_command, mirra, work)
root = Path(__file__).parents[3]
source, result = work / "in.png", work / "result.png"


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Of a program whose status may mean nothing: the file that it was to write is looked for."""
    result.unlink(missing_ok=True)
    everything = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "GST_REGISTRY": str(work / "registry"), **environment}
    return subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, timeout=600, env=everything, stdin=subprocess.DEVNULL
    )


def written(done: subprocess.CompletedProcess[str]) -> Picture:
    if not result.exists():
        sys.exit(f"FAILED: {done.args} wrote nothing\n{done.stderr[-2000:]}")
    return read_png(result)


def ffmpeg(filters: str, **environment: str) -> subprocess.CompletedProcess[str]:
    last = ("-frames:v", 1, "-update", 1, result)
    return run("ffmpeg", "-v", "warning", "-y", "-i", source, "-vf", filters, *last, **environment)


def padded(picture: Picture, used: str, form: str) -> str:
    size = f"{picture.width}:{picture.height}:0:0:exact=1"
    return f"format=rgba,pad=ceil(iw/16)*16:ih:0:0:black@0,frei0r={used},crop={size},format={form}"


def melt(picture: Picture, *used: str, **environment: str) -> subprocess.CompletedProcess[str]:
    size = (f"width={picture.width}", f"height={picture.height}", "progressive=1", "rescale=none")
    consumer = (f"avformat:{result}", "vcodec=png", "real_time=-1", *size, "frame_rate_num=25", "frame_rate_den=1")
    return run("melt", source, "out=0", "-filter", *used, "-consumer", *consumer, **environment)


def gstreamer(form: str, *used: str, **environment: str) -> subprocess.CompletedProcess[str]:
    begin = ("filesrc", f"location={source}", "!", "pngdec", "!", "videoconvert", "!", "video/x-raw,format=RGBA", "!")
    end = ("!", "videoconvert", "!", f"video/x-raw,format={form}", "!", "pngenc", "!", "filesink", f"location={result}")
    return run("gst-launch-1.0", "-q", *begin, *used, *end, **environment)


def in_ffmpeg() -> None:
    wanted = by_command(even, "denoise", "--quality", "fast")
    begin = time.monotonic()
    frame = written(ffmpeg("format=rgba,frei0r=mirra_denoise:fast,format=rgb24"))
    print(f"    one frame took ffmpeg {time.monotonic() - begin:.2f} s", flush=True)
    check(difference(frame, wanted) <= 1, "ffmpeg: a frame is as by the command")
    stated = written(ffmpeg("format=rgba,frei0r=mirra_denoise:fast|12.5|0.5,format=rgb24"))
    wanted = by_command(even, "denoise", "--quality", "fast", "--sigma", "12.5", "--strength", "0.5")
    check(difference(stated, wanted) <= 1, "ffmpeg: parameters are as by the command")
    gain = written(ffmpeg("format=rgba,frei0r=mirra_gain:0.25,format=rgb24"))
    wanted = by_command(even, "gain", "--gain", "0.5")  # a quarter of 0 to 2
    check(difference(gain, wanted) <= 1, "ffmpeg: a plugin that was dropped in is a filter")
    write_png(source, odd)
    done = ffmpeg("format=rgba,frei0r=mirra_denoise:fast,format=rgb24")
    if done.returncode == 0:
        check(difference(written(done), by_command(odd, "denoise", "--quality", "fast")) <= 1, "ffmpeg: odd widths")
    else:
        check("crop=161" in done.stderr, "ffmpeg: widths that it would skew are refused, with what to do")
    alpha = odd.with_alpha()
    wanted = by_command(alpha, "denoise", "--quality", "fast")
    frame = written(ffmpeg(padded(odd, "mirra_denoise:fast", "rgba")))
    most = difference(frame, wanted)
    check(most <= 96, f"ffmpeg: a padded frame with alpha is as by the command, but at its edge ({most})")
    inside = [p.crop(0, 0, 96, 121) for p in (frame, wanted)]
    most = difference(*inside)
    check(most <= 2, f"ffmpeg: and is the same away from the padding ({most})")


def failures() -> None:
    write_png(source, even)
    for what, used in (("bundle that is missing", "fast|auto|1|1|1|0|auto||/nowhere/x.mirra"), ("quality", "superb")):
        done = ffmpeg(f"loop=2:1,format=rgba,frei0r=mirra_denoise:{used},format=rgb24")
        check(difference(written(done), even) == 0, f"a wrong {what}: frames pass through")
        check(done.stderr.count("passed through") == 1, f"and stderr says why, once: {done.stderr.strip()}")
    done = ffmpeg("format=rgba,frei0r=mirra_nothing,format=rgb24")
    check(done.returncode != 0, "ffmpeg: a task that there is none of")


def in_melt() -> None:
    for picture in (even, odd):
        wanted = by_command(picture, "denoise", "--quality", "fast", "--sigma", "12.5")
        frame = written(melt(picture, "frei0r.mirra_denoise", "0=fast", "1=12.5"))
        check(difference(frame, wanted) <= 1, f"melt: a frame {picture.width} wide is as by the command")


def in_gstreamer() -> None:
    for picture, form in ((even, "RGB"), (odd, "RGB"), (odd.with_alpha(), "RGBA")):
        wanted = by_command(picture, "denoise", "--quality", "fast", "--sigma", "12.5")
        frame = written(gstreamer(form, "frei0r-filter-mirra-denoise", "quality=fast", "sigma=12.5"))
        check(difference(frame, wanted) <= 1, f"GStreamer: {form}, {picture.width} wide, is as by the command")


def decimal_commas() -> None:
    if not os.environ.get("LOCPATH"):
        print("there is no German locale; decimal commas are not tested")
        return
    german = {"LC_ALL": "de_DE.UTF-8"}
    wanted = by_command(even, "denoise", "--quality", "fast", "--sigma", "12.5")
    frame = written(ffmpeg("format=rgba,frei0r=mirra_denoise:fast|12.5,format=rgb24", **german))
    check(difference(frame, wanted) <= 1, "ffmpeg: decimal commas of the locale change nothing")
    frame = written(melt(even, "frei0r.mirra_denoise", "0=fast", "1=12.5", **german))
    check(difference(frame, wanted) <= 1, "melt: likewise")


def stopped() -> None:
    """A host that is stopped is stopped: nothing of Mirra's holds it."""
    write_png(source, even)
    filters = ("-vf", "loop=-1:1,format=rgba,frei0r=mirra_denoise:fast")
    command = ["ffmpeg", "-v", "error", "-i", source, *filters, "-f", "null", "-"]
    host = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    time.sleep(5)
    host.terminate()
    check(host.wait(timeout=60) != 0, "ffmpeg: a run that is stopped ends")


whole = read_png(root / "docs/images/denoise.png")
even, odd = whole.crop(560, 80, 160, 121), whole.crop(560, 80, 161, 121)
in_ffmpeg()
failures()
in_melt()
in_gstreamer()
decimal_commas()
stopped()

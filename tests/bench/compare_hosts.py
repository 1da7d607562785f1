"""Times photo and video programs with Mirra's adapters against the command `mirra`, on the same files, in turns.

    samples/hosts/gegl/test; samples/hosts/gimp/test; samples/hosts/vips/test; samples/hosts/frei0r/test; samples/cpp/video_denoise/test
    MIRRA_PREFIX=/opt/mirra python3 tests/bench/compare_hosts.py [--repeat 2] [--photo FILE] [--only gegl vips ...]

The tests build the adapters. The photograph is enlarged to 6000x4000 pixels of 16 bits and gets noise; the video is a way over it,
100 frames of 1920x1080 with noise. Each line is the least of the repetitions: seconds, and the largest resident memory of one
process, beside that of the same program when it only copies the file. The GIMP is 3 where there is one. For GIMP 3 on an older
Debian, call the tests and this through `in_trixie`, with a photograph in the folder `build` of its own:

    samples/hosts/common/in_trixie samples/hosts/gimp/test; samples/hosts/common/in_trixie samples/hosts/vips/test
    cp PHOTO.jpg build/trixie/build/photo.jpg
    samples/hosts/common/in_trixie /usr/bin/env python3 -B $PWD/tests/bench/compare_hosts.py --photo $PWD/build/photo.jpg --only vips gimp
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "samples/hosts/gimp"))
from batch import DENOISE, Gimp

WIDTH, HEIGHT, NOISE = 6000, 4000, 12
FRAMES, FRAME_WIDTH, FRAME_HEIGHT = 100, 1920, 1080


def run(command: list[object], **environment: str) -> tuple[float, float]:
    """Seconds, and the largest resident memory of a process below it in MB."""
    begin = time.monotonic()
    measured = [sys.executable, "-c", MEASURE, *(str(word) for word in command)]
    done = subprocess.run(measured, capture_output=True, text=True, env={**os.environ, **environment})
    seconds = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(f"{' '.join(measured[3:])} failed:\n{done.stdout[-500:]}{done.stderr[-1500:]}")
    return seconds, float(done.stderr.rsplit("\n", 2)[-2]) / 1e3


MEASURE = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(f"\\n{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}", file=sys.stderr)
sys.exit(status)
"""


def make_photo(photo: Path, to: Path) -> None:
    """By libvips: enlarged to cover, cropped, noise, 16 bits, TIFF without compression."""
    work = to.parent
    subprocess.run(["vips", "thumbnail", photo, work / "large.v", str(WIDTH), "--height", str(HEIGHT), "--size", "both", "--crop", "centre"], check=True)
    subprocess.run(["vips", "gaussnoise", work / "noise.v", str(WIDTH), str(HEIGHT), "--sigma", str(NOISE * 257), "--seed", "16"], check=True)
    subprocess.run(["vips", "linear", work / "large.v", work / "deep.v", "257", "0"], check=True)
    subprocess.run(["vips", "add", work / "deep.v", work / "noise.v", work / "sum.v"], check=True)
    subprocess.run(["vips", "cast", work / "sum.v", work / "cast.v", "ushort"], check=True)
    subprocess.run(["vips", "copy", work / "cast.v", f"{to}", "--interpretation", "rgb16"], check=True)
    for name in ("large.v", "noise.v", "deep.v", "sum.v", "cast.v"):
        (work / name).unlink()


def make_video(photo: Path, to: Path) -> None:
    way = f"scale=2400:-1,crop={FRAME_WIDTH}:{FRAME_HEIGHT}:n*4:n*2,noise=alls=24:allf=t,format=yuv420p"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-loop", "1", "-i", photo, "-vf", way, "-frames:v", str(FRAMES), "-c:v", "libx264", "-crf", "12", to], check=True
    )


class Photos:
    """One way through each program: with the filter, and without."""

    def __init__(self, sdk: Path, work: Path, limit: int) -> None:
        self.sdk, self.work, self.limit = sdk, work, limit
        self.source, self.result = work / "in.tif", work / "out.tif"
        self.gimp_version = 3 if shutil.which("gimp-console-3.0") else 2

    def command(self, filtered: bool) -> tuple[float, float]:
        if not filtered:
            return 0, 0
        return run([self.sdk / "bin/mirra", "denoise", self.source, "-o", self.result, "--quiet", "--memory-limit", self.limit])

    def gegl(self, filtered: bool) -> tuple[float, float]:
        home = self.work / "home/gegl-0.4/plug-ins"
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "build/hosts/gegl/mirra-gegl.so", home)
        chain = [f"mirra:denoise memory-limit={self.limit}"] if filtered else ["gegl:nop"]
        words = " ".join([*chain, f"gegl:tiff-save path={self.result} bitdepth=16"]).split()
        return run(["gegl", self.source, "-o", "/dev/null", "--", *words], XDG_DATA_HOME=str(self.work / "home"))

    def vips(self, filtered: bool) -> tuple[float, float]:
        version = subprocess.run(["pkg-config", "--modversion", "vips"], capture_output=True, text=True, check=True).stdout.split(".")
        folder = self.work / f"vips/x86_64-linux-gnu/vips-plugins-{version[0]}.{version[1]}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "build/hosts/vips/mirra.so", folder)
        words = ["mirra_denoise", self.source, self.result, "--memory-limit", self.limit] if filtered else ["copy", self.source, self.result]
        return run(["vips", *words], VIPSHOME=str(self.work / "vips"))

    def gimp(self, filtered: bool) -> tuple[float, float]:
        profile = self.work / "profile"
        plugin = profile / "plug-ins/mirra-gimp"
        plugin.mkdir(parents=True, exist_ok=True)
        gimp = Gimp(self.gimp_version)
        shutil.copy(ROOT / f"build/hosts/gimp/gimp{gimp.version}/mirra-gimp", plugin)
        body = gimp.call("denoise", DENOISE, memory_limit=self.limit) if filtered else ""
        words = gimp.command(gimp.script(self.source, self.result, body))
        return run(words, **{f"GIMP{gimp.version}_DIRECTORY": str(profile)})


def photos(sdk: Path, work: Path, only: list[str], repeat: int, limit: int) -> None:
    ways = Photos(sdk, work, limit)
    names = [name for name in ("command", "gegl", "vips", "gimp") if name in only]
    least = {name: (1e9, 0.0) for name in names}
    copied = {}
    for name in names:
        way = getattr(ways, name)
        copied[name] = min(way(False) for _ in range(2))  # GIMP's first start makes its profile
    for _ in range(repeat):
        for name in names:
            ways.result.unlink(missing_ok=True)
            least[name] = min(least[name], getattr(ways, name)(True))
            if not ways.result.exists():
                sys.exit(f"{name} wrote nothing")
    print(f"| {WIDTH}x{HEIGHT}, 16 bits, limit {limit} MB | s | over the command | MB | only copies: s | MB |\n|---|---|---|---|---|---|")
    for name in names:
        seconds, memory = least[name]
        print(f"| {name} | {seconds:.1f} | {seconds / least[names[0]][0]:.2f} | {memory:.0f} | {copied[name][0]:.1f} | {copied[name][1]:.0f} |")


def videos(sdk: Path, work: Path, repeat: int) -> None:
    source = work / "in.mp4"
    filters = work / "filters"
    subprocess.run([ROOT / "build/hosts/frei0r/mirra-frei0r", filters], check=True, stdout=subprocess.DEVNULL)

    def bench() -> float:
        bundle = sdk / "share/mirra/bundles/denoiser-fast.mirra"
        words = [sdk / "bin/mirra", "bench", bundle, "--task", "denoise", "--size", f"{FRAME_WIDTH}x{FRAME_HEIGHT}", "--repeat", "20", "--json"]
        found = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
        stages = {stage["stage"]: stage["median_ms"] for stage in found["results"][0]["stages"]}
        return 1e3 / stages["total"]

    def ffmpeg(source: Path, chain: str, output: list[object]) -> float:
        words = ["ffmpeg", "-v", "error", "-y", "-i", source, "-vf", f"format=rgba,{chain}", *output]
        return FRAMES / run(words, FREI0R_PATH=str(filters))[0]

    def program() -> float:
        words = [ROOT / "build/samples/video_denoise/video_denoise", source, work / "video.mp4", "--quality", "fast", "--restart"]
        return FRAMES / run(words)[0]

    frames = work / "in.nut"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, "-pix_fmt", "rgba", "-c:v", "rawvideo", frames], check=True)
    denoise, nothing = "frei0r=mirra_denoise:fast", ["-f", "null", "-"]
    quick, usual = (["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", preset, work / "out.mp4"] for preset in ("ultrafast", "medium"))
    ways = {
        "mirra bench": bench,
        "ffmpeg, frames without a codec": lambda: ffmpeg(frames, denoise, nothing),
        "ffmpeg, H.264 to H.264, ultrafast": lambda: ffmpeg(source, denoise, quick),
        "the same without the filter": lambda: ffmpeg(source, "null", quick),
        "video_denoise, H.264 to H.264, medium": program,
        "ffmpeg, the same without a filter": lambda: ffmpeg(source, "null", usual),
    }
    most = dict.fromkeys(ways, 0.0)
    for _ in range(repeat):
        for name, way in ways.items():
            most[name] = max(most[name], way())
    print(f"\n| {FRAMES} frames of {FRAME_WIDTH}x{FRAME_HEIGHT} | frames/s | of bench |\n|---|---|---|")
    for name, speed in most.items():
        print(f"| {name} | {speed:.2f} | {speed / most['mirra bench']:.2f} |")


def main() -> None:
    known = ["command", "gegl", "vips", "gimp", "videos"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, required=True, help="a photograph of two megapixels or more")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--memory-limit", type=int, default=1000, help="MB")
    parser.add_argument("--only", nargs="+", choices=known, default=known)
    given = parser.parse_args()
    sdk = Path(os.environ["MIRRA_PREFIX"])
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if set(given.only) & {"gegl", "vips", "gimp"}:
            make_photo(given.photo, work / "in.tif")
            photos(sdk, work, ["command", *given.only], given.repeat, given.memory_limit)
        if "videos" in given.only:
            make_video(given.photo, work / "in.mp4")
            videos(sdk, work, given.repeat)


if __name__ == "__main__":
    main()

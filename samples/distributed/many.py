"""What both programs share: the pictures that are left to do, a session that does them, the options and the report."""

import argparse
import os
import pathlib
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import mirra

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".jxl")

Row = dict[str, Any]
"""What became of a picture. Rows go from worker to driver, so they hold nothing but numbers and texts."""


class Denoiser:
    """A session of the task `denoise`, for one caller. Each worker opens one, and keeps it."""

    def __init__(self, threads: int, options: dict[str, Any]) -> None:
        begin = time.monotonic()
        self._engine = mirra.Engine()
        self._session = self._engine.session("denoise", threads=threads, **options)
        self._opening = time.monotonic() - begin

    def denoise(self, source: str, target: str) -> Row:
        """Writes the result. A picture that cannot be done is a row with an error, so that the others are done."""
        row = {"source": source, "worker": os.getpid(), "opening": self._opening, "error": "", "skipped": True}
        row |= {"seconds": 0.0, "core_seconds": 0.0, "memory": 0, "pixels": 0, "bytes_read": 0, "bytes_written": 0}
        # The worker that had this picture before may have died after it was written.
        if os.path.exists(target):
            return row
        begin, used = time.monotonic(), time.process_time()
        row["skipped"] = False
        try:
            # The file appears under its name when it is complete, never before.
            picture = mirra.read(source)
            self._session.run(picture).save(target)
            row |= {"pixels": picture.info.width * picture.info.height, "bytes_read": os.path.getsize(source)}
            row["bytes_written"] = os.path.getsize(target)
        except (mirra.MirraError, OSError) as error:
            row["error"] = str(error)
        row |= {"seconds": time.monotonic() - begin, "core_seconds": time.process_time() - used}
        row["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return row

    def close(self) -> None:
        """Lets go of the network."""
        self._session.close()
        self._engine.close()


class Report:
    """Prints a line for each picture, and the figures of the run at its end."""

    def __init__(self, skipped: int) -> None:
        self._skipped = skipped
        self._rows: list[Row] = []
        self._lost = 0
        self._begin = time.monotonic()
        self._first = 0.0

    def add(self, row: Row) -> None:
        """Takes in a picture that a worker has finished with."""
        # The start of the workers ends where the first picture began.
        self._first = self._first or max(time.monotonic() - row["seconds"], self._begin)
        self._rows.append(row)
        state = "failed: " + row["error"] if row["error"] else "skipped" if row["skipped"] else f"{row['seconds']:.2f} s"
        print(f"{pathlib.Path(row['source']).name}  worker {row['worker']}  {state}", flush=True)

    def lose(self, pictures: int, reason: object) -> None:
        """Notes pictures that no worker survived."""
        self._lost += pictures
        print(f"{pictures} pictures were given up: {reason}", file=sys.stderr)

    def end(self) -> int:
        """Prints the figures; returns the exit code: 1 if a picture is missing."""
        done = [row for row in self._rows if not row["error"] and not row["skipped"]]
        failed = sum(bool(row["error"]) for row in self._rows) + self._lost
        skipped = self._skipped + sum(row["skipped"] for row in self._rows)
        print(f"{len(done)} done, {skipped} skipped, {failed} failed")
        if done:
            self._figures(done)
        return int(failed > 0)

    def _figures(self, done: list[Row]) -> None:
        seconds = max(time.monotonic() - self._first, 1e-9)
        read, written, pixels = (sum(row[name] for row in done) / 1e6 for name in ("bytes_read", "bytes_written", "pixels"))
        used = sum(row["core_seconds"] for row in done)
        print(f"start {self._first - self._begin:.1f} s, of which a session {max(row['opening'] for row in done):.1f} s")
        print(f"a worker: at most {max(row['memory'] for row in done) / 1024:.0f} MB of memory")
        print(
            f"then {seconds:.1f} s: {len(done) / seconds:.2f} pictures/s, {pixels / seconds:.2f} megapixels/s, "
            f"read {read / seconds:.2f} MB/s, written {written / seconds:.2f} MB/s"
        )
        print(
            f"a picture: {used / len(done):.3f} core seconds, {pixels / len(done):.2f} megapixels, "
            f"read {read / len(done):.3f} MB, written {written / len(done):.3f} MB"
        )


def pictures_to_do(pictures: pathlib.Path, clean: pathlib.Path) -> tuple[list[tuple[str, str]], int]:
    """Pairs of a picture and its result, for pictures without a result; and how many have one."""
    names = sorted(
        path.name
        for path in pictures.iterdir()
        if path.suffix.lower() in ENDINGS and not path.name.startswith(".") and path.is_file()
    )
    clean.mkdir(parents=True, exist_ok=True)
    there = {path.name for path in clean.iterdir()}
    pairs = [(str(pictures / name), str(clean / name)) for name in names if name not in there]
    return pairs, len(names) - len(pairs)


def _at_least_one(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def run(doc: str, distribute: Callable[[argparse.Namespace, list[tuple[str, str]], Report], None]) -> int:
    """The program around a way to distribute pictures; returns the exit code."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("pictures", type=pathlib.Path, help="folder of the photographs")
    parser.add_argument("clean", type=pathlib.Path, help="folder for the results")
    parser.add_argument("--address", help="of a cluster that runs; without it, one is started here")
    parser.add_argument("--workers", type=_at_least_one, help="processes; without it, as many as there are cores for")
    parser.add_argument("--threads", type=_at_least_one, default=1, help="cores of a worker; 1")
    parser.add_argument("--batch", type=_at_least_one, default=8, help="pictures that a worker takes at a time; 8")
    parser.add_argument("--quality", choices=("fast", "balanced", "best"), help="of the network")
    arguments = parser.parse_args()
    if not arguments.pictures.is_dir():
        parser.error(f"there is no folder {arguments.pictures}")
    if arguments.clean.resolve() == arguments.pictures.resolve():
        parser.error("the results need another folder")
    # Workers have other working folders.
    pairs, skipped = pictures_to_do(arguments.pictures.resolve(), arguments.clean.resolve())
    if not arguments.address:
        arguments.workers = arguments.workers or max(len(os.sched_getaffinity(0)) // arguments.threads, 1)
    report = Report(skipped)
    if pairs:
        distribute(arguments, pairs, report)
    return report.end()

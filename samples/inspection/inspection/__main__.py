"""Judges the pictures that come into a folder, until Ctrl-C.

A table (scores.csv) and a page (index.html) grow in the folder REPORT. The page fetches itself anew and shows the worst
parts first. A later run goes on where an earlier one ended.
"""

import argparse
import datetime
import pathlib
import signal
import sys
import threading
from typing import Any

import mirra

from inspection.ledger import Ledger, LedgerError, printable
from inspection.report import Report
from inspection.scorer import Scorer
from inspection.watcher import Picture, Watcher


def parsed(words: list[str] | None = None) -> argparse.Namespace:
    """The arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m inspection",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit codes: 0 ended by Ctrl-C, or --once without a fault; 1 failed; 2 wrong usage.",
    )
    parser.add_argument("folder", type=pathlib.Path, help="folder that pictures come into")
    parser.add_argument("--bundle", required=True, type=pathlib.Path, help="detector, made by `mirra-train anomaly`")
    parser.add_argument("--report", type=pathlib.Path, default=pathlib.Path("report"), help="folder of results (report)")
    parser.add_argument("--threshold", type=float, help="score above which a part is anomalous (the detector's)")
    parser.add_argument("--method", help="how to judge: auto, feature-memory, ... (auto)")
    parser.add_argument("--limit", type=int, default=200, help="most pictures on the page (200)")
    parser.add_argument("--settle", type=float, default=1.0, help="seconds without a change until a file counts as whole (1)")
    parser.add_argument("--poll", type=float, default=0.5, help="seconds between two looks into the folder (0.5)")
    parser.add_argument("--memory-limit", type=int, default=0, help="most memory of a run, in MB (no limit)")
    parser.add_argument("--once", action="store_true", help="ends when all pictures that are there are judged")
    arguments = parser.parse_args(words)
    if not arguments.folder.is_dir():
        parser.error(f"there is no folder {arguments.folder}")
    if arguments.report.resolve() == arguments.folder.resolve():
        parser.error("--report must be another folder than the one that is watched")
    if arguments.limit < 1 or arguments.poll <= 0 or arguments.settle < 0:
        parser.error("--limit and --poll are above 0, and --settle is not below")
    return arguments


class Inspection:
    """Judges what the watcher finds, and notes it."""

    def __init__(self, scorer: Scorer, watcher: Watcher, ledger: Ledger, report: Report, stop: threading.Event) -> None:
        self._scorer, self._watcher, self._ledger, self._report = scorer, watcher, ledger, report
        self._stop = stop
        self._complaint = ""
        self.failed = 0

    def round(self) -> bool:
        """One look into the folder. Whether everything in it is judged."""
        try:
            found = [picture for picture in self._watcher.look() if not self._ledger.has(picture)]
            for picture in found:
                if self._stop.is_set():
                    return False
                self._one(picture)
                self._report.write()
            self._complaint = ""
        except OSError as error:  # a full disk, a network drive that went: it may come back
            self._complain(f"{error}; trying again")
            return False
        return not found and self._watcher.waiting == 0

    def _one(self, picture: Picture) -> None:
        path = self._watcher.folder / picture.name
        now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        values: dict[str, Any] = {}
        judgement = None
        try:
            judgement = self._scorer.judge(path, lambda: not self._stop.is_set())
            values = {name: f"{v:.6g}" if isinstance(v, float) else v for name, v in judgement.values.items()}
        except mirra.CancelledError:
            return
        except mirra.MirraError as error:
            values = {"error": printable(f"{error.message}. {error.hint}".strip())}
        if not self._watcher.unchanged(picture):
            return  # it is still being written, or has gone: the next look shows which
        self._ledger.add(picture, time=now, **values)
        told = (values.get(name, "") for name in ("score", "verdict", "error"))
        print(printable(picture.name), *filter(None, told), flush=True)
        if judgement is None:
            self.failed += 1
        else:
            self._report.show(printable(picture.name), judgement.picture, judgement.heat)

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:  # once, not at every look
            print(f"error: {complaint}", file=sys.stderr, flush=True)
        self._complaint = complaint


def inspect(arguments: argparse.Namespace, stop: threading.Event) -> int:
    """Runs until `stop` is set, or with --once until all is judged."""
    given = {"threshold": arguments.threshold, "method": arguments.method}
    scorer = Scorer(
        arguments.bundle,
        {name: value for name, value in given.items() if value is not None},
        arguments.memory_limit * 1_000_000,
    )
    arguments.report.mkdir(parents=True, exist_ok=True)
    threshold = "the detector's" if arguments.threshold is None else str(arguments.threshold)
    report = Report(arguments.report, arguments.folder, arguments.limit, max(2, round(arguments.poll)), threshold)
    with Ledger(arguments.report / "scores.csv", scorer.detector, report.add) as ledger:
        watcher = Watcher(arguments.folder, arguments.settle)
        inspection = Inspection(scorer, watcher, ledger, report, stop)
        report.write()
        print(f"watching {arguments.folder}; the page is {arguments.report / 'index.html'}", file=sys.stderr, flush=True)
        while not (inspection.round() and arguments.once):
            if stop.wait(arguments.poll):
                print("stopped; the same command goes on", file=sys.stderr)
                return 0
    return 1 if inspection.failed else 0


def main() -> int:
    """The command."""
    arguments, stop = parsed(), threading.Event()
    # A flag: the exception that Python raises otherwise is lost where it meets a destructor.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        return inspect(arguments, stop)
    except mirra.MirraError as error:
        print(f"error: {error.message} ({error.subject})\n{error.hint}", file=sys.stderr)
    except (LedgerError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

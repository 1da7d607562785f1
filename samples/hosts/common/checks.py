"""What the tests of the adapters do alike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pictures import Picture, read_png, write_png


def check(right: bool, what: str) -> None:
    if not right:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)


def made_by_command(mirra: str, work: Path, picture: Picture, task: str, *arguments: str) -> Picture:
    """What the command makes of a picture, which lies in `in.png` of the folder afterwards."""
    source, out = work / "in.png", work / "command.png"
    write_png(source, picture)
    subprocess.run([mirra, task, source, "-o", out, "-q", *arguments], check=True)
    return read_png(out)

"""What the tests of the adapters do alike."""

from __future__ import annotations

import os
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


def check_start(mirra: str, work: Path, *command: object, **environment: str) -> None:
    """What a host asks at its start loads no runtime of networks, also where there is a card that it would look for."""
    driver, log = work / "libcuda.so.1", work / "loaded"
    source = Path(__file__).parents[3] / "tests/integration/fake_cuda_driver.c"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", f"-Wl,-soname,{driver.name}", source, "-o", driver], check=True)
    pretended = {"LD_PRELOAD": str(driver), "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(log)}

    def loaded(*run: object) -> str:
        everything = {**os.environ, **environment, **pretended}
        subprocess.run([*map(str, run)], capture_output=True, timeout=300, env=everything, stdin=subprocess.DEVNULL)
        logs = list(work.glob(f"{log.name}.*"))
        text = "".join(each.read_text(errors="replace") for each in logs)
        for each in logs:
            each.unlink()
        return text

    check("libmirra_runtime" in loaded(mirra, "devices"), "where there is a card, to look for it loads a runtime of networks")
    start = loaded(*command)
    check("libmirra.so" in start and "libmirra_runtime" not in start, "and the start of the host does not")

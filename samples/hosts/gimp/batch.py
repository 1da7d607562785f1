"""GIMP 2.10 and 3 as the tests call them: by Script-Fu, whose words differ.

GIMP ends with 0 also where a script failed: what it wrote and what it said is looked at.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# The arguments of the tests' procedures, in their order, with what they are at first.
DENOISE = {
    "quality": "balanced",
    "sigma-mode": "auto",
    "sigma": 0,
    "strength": 1,
    "luminance": 1,
    "chrominance": 1,
    "detail": 0,
    "transfer": "auto",
    "noise-map": "",
    "bundle": "",
    "device": "cpu",
    "memory-limit": 0,
}
GAIN = {"gain": 1, "memory-limit": 0}


def _word(value: object) -> str:
    return f'"{value}"' if isinstance(value, (str, Path)) else str(value)


class Gimp:
    """Calls of one version of GIMP, with the profile that the environment names."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.program = "gimp-console-2.10" if version == 2 else "gimp-console-3.0"

    def call(self, filter_name: str, arguments: dict[str, object], **given: object) -> str:
        """A procedure of ours on `image` and `d`."""
        values = {**arguments, **{name.replace("_", "-"): value for name, value in given.items()}}
        if self.version == 2:
            words = " ".join(_word(value) for value in values.values())
            return f"(plug-in-mirra-{filter_name} RUN-NONINTERACTIVE image d {words})"
        changed = {name: value for name, value in values.items() if value != ""}
        words = " ".join(f"#:{name} {_word(value)}" for name, value in changed.items())
        head = "#:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector d)"
        return f"(plug-in-mirra-{filter_name} {head} {words})"

    def save(self, result: Path) -> str:
        """Writes the layer `d` as a PNG, or as a TIFF without compression."""
        tiff = result.suffix == ".tif"
        if self.version == 2:
            procedure, more = ("file-tiff-save", "0") if tiff else ("file-png-save2", "0 9 0 0 0 0 0 0 1")
            return f'({procedure} RUN-NONINTERACTIVE image d "{result}" "out" {more})'
        procedure, more = "file-png-export", "#:save-transparent TRUE"
        if tiff:
            procedure, more = "file-tiff-export", '#:compression "none"'
        return f'({procedure} #:run-mode RUN-NONINTERACTIVE #:image image #:file "{result}" {more})'

    def script(self, source: Path, result: Path, body: str) -> str:
        """Loads, works, and writes the layer."""
        if self.version == 2:
            loaded = f'(car (gimp-file-load RUN-NONINTERACTIVE "{source}" "in"))'
            layer = "(car (gimp-image-get-active-drawable image))"
        else:
            loaded = f'(car (gimp-file-load RUN-NONINTERACTIVE "{source}"))'
            layer = "(vector-ref (car (gimp-image-get-layers image)) 0)"
        return f"(let* ((image {loaded}) (d {layer})) {body} {self.save(result)})"

    def command(self, *scripts: str) -> list[str]:
        """Starts GIMP, runs the scripts, and ends it."""
        command = [self.program, "-i", "-d", "-f", "-s", "--batch-interpreter", "plug-in-script-fu-eval"]
        for script in scripts:
            command += ["-b", script]
        return [*command, *(["-b", "(gimp-quit 1)"] if self.version == 2 else ["--quit"])]

    def run(self, *scripts: str, **environment: str) -> str:
        """Gives the messages."""
        command = self.command(*scripts)
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, **environment})
        return done.stdout + done.stderr

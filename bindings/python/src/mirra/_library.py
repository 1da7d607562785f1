"""Finds libmirra before the extension module needs it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
BUNDLED = HERE / "_sdk" / "lib"
TORCH = "2.11.0"


def preload() -> None:
    """Loads the library of MIRRA_PREFIX, if that is set: the loader then takes it for the extension module too.

    Without it the extension module finds the library in the wheel, or the one that it was built against.
    """
    prefix = os.environ.get("MIRRA_PREFIX")
    if prefix:
        try:
            ctypes.CDLL(os.path.join(prefix, "lib", "libmirra.so.1"))
        except OSError as error:
            raise ImportError(f"MIRRA_PREFIX is {prefix}, but no libmirra can be loaded from there: {error}") from error


def _folder_of(package: str) -> pathlib.Path | None:
    """Where a package lies, without importing it."""
    module = sys.modules.get(package)
    spec = getattr(module, "__spec__", None) or (None if module else importlib.util.find_spec(package))
    places = list(getattr(spec, "submodule_search_locations", None) or [])
    return pathlib.Path(places[0]) if places else None


def libtorch() -> str | None:
    """The LibTorch for the runtime module of the wheel; None: the library's own search finds it.

    The package mirra-libtorch comes first, then PyTorch of just the right version.
    """
    if os.environ.get("MIRRA_LIBTORCH_PATH") or os.environ.get("MIRRA_PREFIX") or not BUNDLED.is_dir():
        return None
    private = _folder_of("mirra_libtorch")
    if private is not None:
        return str(private)
    torch = _folder_of("torch")
    if torch is not None and (torch / "version.py").is_file():
        text = (torch / "version.py").read_text(encoding="utf-8")
        if f"'{TORCH}" in text:
            return str(torch)
    return None

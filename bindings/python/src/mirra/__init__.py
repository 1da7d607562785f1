"""Mirra for Python: denoise, stylize, invert and judge pictures.

```python
import mirra

mirra.denoise("photo.jpg").save("clean.jpg")
```

Every task of every plugin is a function of this module: `mirra.denoise`, `mirra.stylize`, ... Their parameters are
keywords. `help(mirra.denoise)` shows them, with ranges and units.

Images are numpy arrays, Pillow images, torch tensors, paths, or a `Picture`. What comes out is of the same kind.

Keep an `Engine` and a `Session` where many images are processed, or for jobs (`Session.submit`).

Threads: any thread may use an `Engine`, a `Bundle`, a `Cancel`, a `Job`, a `Result` and `Tensors`. A `Session`, and
a `Picture` that is written, take one call at a time. The interpreter's lock is not held while Mirra computes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Callable

from mirra._bundle import Bundle, BundleInfo, Graph
from mirra._cancel import Cancel
from mirra._core import call as _call
from mirra._core import chars as _chars
from mirra._core import ffi as _ffi
from mirra._core import lib as _lib
from mirra._core import text as _text
from mirra._engine import BundleRecord, Device, Engine, Plugin, Runtime
from mirra._errors import (
    BudgetError,
    BusyError,
    CancelledError,
    ClosedError,
    CorruptError,
    DeviceError,
    ForkedError,
    InternalError,
    InvalidArgumentError,
    IoError,
    LimitError,
    MirraError,
    MismatchError,
    MissingFileError,
    NotFoundError,
    OutOfMemoryError,
    PluginError,
    UnsupportedError,
    WaitTimeoutError,
)
from mirra._functions import engine, find, names
from mirra._job import Job
from mirra._picture import Comparison, Picture, PictureInfo, add_noise, compare, encode, estimate_noise, read, write
from mirra._pieces import Sink, Source
from mirra._pixels import Image
from mirra._progress import Progress, Rect
from mirra._run import Result
from mirra._schema import Param, Port, TaskInfo
from mirra._session import Plan, Session, SessionInfo
from mirra._tensors import Tensor, Tensors

if TYPE_CHECKING:
    from mirra._tasks import denoise as denoise
    from mirra._tasks import detect as detect
    from mirra._tasks import invert as invert
    from mirra._tasks import style_prepare as style_prepare
    from mirra._tasks import stylize as stylize

logging.getLogger("mirra").addHandler(logging.NullHandler())

__version__: str = _text(_lib.mirra_version_string())
abi_version: int = int(_lib.mirra_abi_version())
"""ABI version of the library that runs."""

__all__ = [
    "BudgetError",
    "Bundle",
    "BundleInfo",
    "BundleRecord",
    "BusyError",
    "Cancel",
    "CancelledError",
    "ClosedError",
    "Comparison",
    "CorruptError",
    "Device",
    "DeviceError",
    "Engine",
    "ForkedError",
    "Graph",
    "Image",
    "InternalError",
    "InvalidArgumentError",
    "IoError",
    "Job",
    "LimitError",
    "MirraError",
    "MismatchError",
    "MissingFileError",
    "NotFoundError",
    "OutOfMemoryError",
    "Param",
    "Picture",
    "PictureInfo",
    "Plan",
    "Plugin",
    "PluginError",
    "Port",
    "Progress",
    "Rect",
    "Result",
    "Runtime",
    "Session",
    "SessionInfo",
    "Sink",
    "Source",
    "TaskInfo",
    "Tensor",
    "Tensors",
    "UnsupportedError",
    "WaitTimeoutError",
    "abi_version",
    "add_noise",
    "compare",
    "encode",
    "engine",
    "estimate_noise",
    "read",
    "write",
    "write_file",
]


def write_file(path: str, data: bytes) -> None:
    """Writes bytes as Mirra writes all files: readers see the old file or the new one, never a part."""
    content = _ffi.from_buffer(data)
    _call(_lib.mirra_file_write, _chars(path), content, len(content))


def __getattr__(name: str) -> Callable[..., Result]:
    if name.startswith("_"):
        raise AttributeError(f"module 'mirra' has no attribute {name!r}")
    return find(name)


def __dir__() -> list[str]:
    return sorted([*__all__, *names()])

"""Callbacks of a run: progress, finished tiles, completion. What they raise comes out of the run."""

from __future__ import annotations

import threading
from typing import Any, Callable, NamedTuple, Protocol, Union

from mirra._core import NULL, ffi, lib, text
from mirra._gpu import GpuTile
from mirra._pixels import DTYPES, array_of, copy_of


class Progress(NamedTuple):
    """How far a run is."""

    stage: str
    """One of "prepare", "measure", "process" or "finish"."""
    fraction: float
    """Of the whole run, 0 to 1; it never goes back."""
    tile: int
    """Tiles done in this stage."""
    tile_count: int
    """Of so many; 0 where the stage has none."""
    step: int
    """Nodes of the network done in the tile at hand."""
    step_count: int
    """Of so many; 0 where no network runs."""
    bytes_now: int
    """Tensors and buffers held at this moment."""
    bytes_peak: int
    """The most so far."""
    previews: int
    """How often an unfinished result was put into the output image."""


class Rect(NamedTuple):
    """A rectangle in pixels."""

    x: int
    """From the left."""
    y: int
    """From above."""
    width: int
    """In pixels."""
    height: int
    """In pixels."""


def to_rect(rect: Any) -> Rect:
    """A struct as Python's."""
    return Rect(rect.x, rect.y, rect.width, rect.height)


def progress_of(p: Any) -> Progress:
    """A struct as Python's: `mirra_progress` and `mirra_job_status` have the same fields."""
    return Progress(
        text(p.stage), p.fraction, p.tile, p.tile_count, p.step, p.step_count, p.bytes_now, p.bytes_peak, p.previews
    )


class Bar(Protocol):
    """A bar as tqdm's."""

    def update(self, n: float, /) -> Any:
        """Move it on by `n`."""


ProgressCallback = Callable[[Progress], Any]
ProgressLike = Union[ProgressCallback, Bar, None]
TileCallback = Callable[[Rect, Any], Any]


def _bar(bar: Any) -> ProgressCallback:
    """Moves a bar as tqdm's: its total stands for the whole run."""
    if getattr(bar, "total", None) is None:
        bar.total = 1.0
    total, start = bar.total, float(getattr(bar, "n", 0))
    done = start

    def move(progress: Progress) -> None:
        nonlocal done
        now = start + progress.fraction * (total - start)
        if now > done:
            bar.update(now - done)
            done = now

    return move


def callback_of(progress: ProgressLike) -> ProgressCallback | None:
    """What a caller gave as `progress`: a function, or a bar that has `update`."""
    if hasattr(progress, "update"):
        return _bar(progress)
    if progress is None or callable(progress):
        return progress
    raise TypeError("progress is a function, or a bar with `update` such as tqdm's")


class Watch:
    """Whom a run tells, and what went wrong in telling."""

    __slots__ = ("__weakref__", "done", "error", "progress", "tile")

    def __init__(self, progress: ProgressCallback | None, tile: TileCallback | None) -> None:
        self.progress = progress
        self.tile = tile
        self.done: Callable[[], None] | None = None
        self.error: BaseException | None = None

    def fail(self, error: BaseException) -> int:
        """Keeps the first error; what it returns stops the run."""
        if self.error is None:
            self.error = error
        return 1


def on_main_thread() -> bool:
    """Whether signals are handled by this thread."""
    return threading.get_ident() == threading.main_thread().ident


def _outside(_kind: Any, error: BaseException, trace: Any) -> None:
    """An exception that came before the callback's own `try`, such as KeyboardInterrupt."""
    user = trace.tb_frame.f_locals.get("user") if trace is not None else None
    if user is not None:
        ffi.from_handle(user).fail(error)


@ffi.def_extern(name="mirra_py_progress", error=1, onerror=_outside)  # type: ignore[untyped-decorator]
def _progress(user: Any, progress: Any) -> int:
    watch = ffi.from_handle(user)
    if watch.error is not None:
        return 1
    try:
        # A call without a function lets Python handle signals.
        return 1 if watch.progress is not None and watch.progress(progress_of(progress)) is False else 0
    except BaseException as error:
        return int(watch.fail(error))


@ffi.def_extern(name="mirra_py_tile", error=1, onerror=_outside)  # type: ignore[untyped-decorator]
def _tile(user: Any, rect: Any, pixels: Any) -> int:
    watch = ffi.from_handle(user)
    try:
        shown = copy_of(pixels) if pixels.device == NULL else GpuTile(pixels, DTYPES[pixels.format])
        return 1 if watch.tile(to_rect(rect), shown) is False else 0
    except BaseException as error:
        return int(watch.fail(error))


@ffi.def_extern(name="mirra_py_done")  # type: ignore[untyped-decorator]
def _done(user: Any, _status: int) -> None:
    ffi.from_handle(user).done()


class Pieces:
    """Reads or writes a picture piece by piece, for a run."""

    __slots__ = ("function", "watch")

    def __init__(self, function: Callable[[Rect, Any], Any], watch: Watch) -> None:
        self.function = function
        self.watch = watch

    def fail(self, error: BaseException) -> None:
        """Keeps the error for the run."""
        self.watch.fail(error)

    def move(self, rect: Any, pixels: Any, writable: bool) -> int:
        """Calls the function with numpy's view of the pixels, which lives during the call."""
        try:
            array = array_of(pixels, None, writable)
            value = self.function(to_rect(rect), array)
            if writable and value is not None:
                array[...] = value
            return 0
        except BaseException as error:
            self.watch.fail(error)
            return int(lib.MIRRA_E_CANCELLED)


@ffi.def_extern(name="mirra_py_read", error=lib.MIRRA_E_CANCELLED, onerror=_outside)  # type: ignore[untyped-decorator]
def _read(user: Any, rect: Any, pixels: Any) -> int:
    return int(ffi.from_handle(user).move(rect, pixels, True))


@ffi.def_extern(name="mirra_py_write", error=lib.MIRRA_E_CANCELLED, onerror=_outside)  # type: ignore[untyped-decorator]
def _write(user: Any, rect: Any, pixels: Any) -> int:
    return int(ffi.from_handle(user).move(rect, pixels, False))

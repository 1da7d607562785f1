"""Pictures that are read and written piece by piece, and never are in memory as a whole."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from mirra import _errors
from mirra._core import lib, struct
from mirra._pixels import DTYPES_TEXT, FORMATS
from mirra._progress import Rect


class _Described:
    """What a picture is, without its pixels."""

    __slots__ = ("channels", "dtype", "height", "linear", "width")

    def __init__(self, width: int, height: int, channels: int, dtype: Any, linear: bool) -> None:
        self.width, self.height, self.channels, self.linear = width, height, channels, linear
        self.dtype = np.dtype(dtype)
        if self.dtype not in FORMATS:
            raise _errors.InvalidArgumentError(f"samples are {DTYPES_TEXT}", subject=str(dtype))

    def _image(self) -> Any:
        image = struct("mirra_image")
        image.width, image.height = self.width, self.height
        image.format, image.color = FORMATS[self.dtype], self.channels
        image.transfer = lib.MIRRA_TRANSFER_LINEAR if self.linear else lib.MIRRA_TRANSFER_ENCODED
        return image

    def _of(self, name: str, field: str, callback: Any, handle: Any, keep: list[Any]) -> Any:
        made, image = struct(name), self._image()
        made.image, made.user = image, handle
        setattr(made, field, callback)
        keep.extend((made, image))
        return made


class Source(_Described):
    """An input image that is read piece by piece: give it to a run in place of the first image.

    Args:
        read: called with a `Rect` and an array (height, width, channels) to fill; it may also return the pixels.
            The array lives during the call. One call at a time, from the thread that runs.
        width: of the whole picture, in pixels.
        height: likewise.
        channels: 1 gray or 3 RGB.
        dtype: of the samples.
        linear: whether the samples are linear light.

    """

    __slots__ = ("read",)

    def __init__(
        self,
        read: Callable[[Rect, Any], Any],
        width: int,
        height: int,
        *,
        channels: int = 3,
        dtype: Any = np.uint8,
        linear: bool = False,
    ) -> None:
        super().__init__(width, height, channels, dtype, linear)
        self.read = read

    def _struct(self, handle: Any, keep: list[Any]) -> Any:
        return self._of("mirra_source", "read", lib.mirra_py_read, handle, keep)


class Sink(_Described):
    """An output image that is written piece by piece: give it to a run as `out`.

    Args:
        write: called with a `Rect` and an array (height, width, channels) of finished pixels, which
            lives during the call. Each pixel comes once. One call at a time, from the thread that runs.
        width: of the whole output, in pixels.
        height: likewise.
        channels: 1 gray or 3 RGB.
        dtype: of the samples.
        linear: whether the samples are linear light.

    """

    __slots__ = ("write",)

    def __init__(
        self,
        write: Callable[[Rect, Any], Any],
        width: int,
        height: int,
        *,
        channels: int = 3,
        dtype: Any = np.uint8,
        linear: bool = False,
    ) -> None:
        super().__init__(width, height, channels, dtype, linear)
        self.write = write

    def _struct(self, handle: Any, keep: list[Any]) -> Any:
        return self._of("mirra_sink", "write", lib.mirra_py_write, handle, keep)

"""Stops runs."""

from __future__ import annotations

from typing import Any

from mirra._core import Handle, call, ffi, lib


class Cancel(Handle):
    """Stops every run that has it, now and later. Any thread may ask."""

    __slots__ = ()
    _destroyer = lib.mirra_cancel_destroy
    _noun = "cancel token"

    def __init__(self) -> None:
        out: Any = ffi.new("mirra_cancel **")
        call(lib.mirra_cancel_create, out)
        super().__init__(out[0])

    def request(self) -> None:
        """Asks, and does not wait. Runs end with a `CancelledError` within about 100 milliseconds."""
        lib.mirra_cancel_request(self._live())

    @property
    def requested(self) -> bool:
        """Whether it was asked for."""
        return bool(lib.mirra_cancel_requested(self._live()))

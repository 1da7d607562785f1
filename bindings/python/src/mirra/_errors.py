"""Errors: one class for each status of the C interface."""

from __future__ import annotations

from typing import Any


class MirraError(Exception):
    """A call of Mirra failed.

    Each status of the C interface has a class of its own below this one. Many of them are also what Python programs
    catch for such a case (`ValueError`, `LookupError`, `OSError`, `MemoryError`, `TimeoutError`).

    Attributes:
        code: name of the status: "not_found", "invalid_argument", ...
        message: one sentence: what went wrong.
        subject: the file, parameter, tensor ... that it is about, or "".
        hint: what to do about it, or "".

    """

    code: str = "internal"

    def __init__(self, message: str, subject: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject
        self.hint = hint

    def __str__(self) -> str:
        known = self.subject in self.message  # many messages name what they are about
        text = self.message if known else f"{self.message} ({self.subject})"
        return f"{text}. {self.hint[:1].upper()}{self.hint[1:]}" if self.hint else text

    def __reduce__(self) -> Any:
        return type(self), (self.message, self.subject, self.hint)


class InvalidArgumentError(MirraError, ValueError):
    """An argument or parameter is out of range or of the wrong type."""

    code = "invalid_argument"


class NotFoundError(MirraError, LookupError):
    """A file, folder, task, device, network or parameter does not exist."""

    code = "not_found"


class MissingFileError(NotFoundError, FileNotFoundError):
    """A file does not exist."""


class IoError(MirraError, OSError):
    """Reading or writing failed: no permission, a full disk."""

    code = "io"


class CorruptError(MirraError, ValueError):
    """The content of a file contradicts its format."""

    code = "corrupt"


class UnsupportedError(MirraError):
    """Valid, but this build or version cannot do it."""

    code = "unsupported"


class LimitError(MirraError):
    """A safety limit (pixels, nodes, bytes) is exceeded."""

    code = "limit"


class BudgetError(MirraError):
    """The memory limit of the session is too small, even for the smallest tile."""

    code = "budget"


class CancelledError(MirraError):
    """The run was cancelled."""

    code = "cancelled"


class DeviceError(MirraError):
    """The device is missing, or failed."""

    code = "device"


class PluginError(MirraError):
    """A plugin is missing, incompatible, or failed."""

    code = "plugin"


class MismatchError(MirraError, ValueError):
    """Two inputs do not fit together: bundle and task, shapes, sizes."""

    code = "mismatch"


class OutOfMemoryError(MirraError, MemoryError):
    """An allocation failed."""

    code = "out_of_memory"


class BusyError(MirraError):
    """The object is in use by another call."""

    code = "busy"


class WaitTimeoutError(MirraError, TimeoutError):
    """The time given for a wait is over; what was waited for goes on."""

    code = "timeout"


class InternalError(MirraError):
    """A bug in Mirra."""


class ClosedError(MirraError, ValueError):
    """The object was closed."""

    code = "closed"


class ForkedError(MirraError, RuntimeError):
    """The process forked, and Mirra was in use before that."""

    code = "forked"


BY_CODE: dict[str, type[MirraError]] = {
    kind.code: kind
    for kind in (
        InvalidArgumentError,
        NotFoundError,
        IoError,
        CorruptError,
        UnsupportedError,
        LimitError,
        BudgetError,
        CancelledError,
        DeviceError,
        PluginError,
        MismatchError,
        OutOfMemoryError,
        BusyError,
        WaitTimeoutError,
    )
}

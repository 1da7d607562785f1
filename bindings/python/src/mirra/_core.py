"""What every object shares: calls that raise, handles that close, forks, and the end of the interpreter."""

from __future__ import annotations

import atexit
import functools
import os
import threading
import weakref
from typing import Any, ClassVar, TypeVar, Union

from mirra import _errors, _library

_library.preload()

from mirra._native import ffi as ffi  # noqa: E402
from mirra._native import lib as lib  # noqa: E402

NULL = ffi.NULL
PathType = Union[str, "os.PathLike[str]"]
Self = TypeVar("Self", bound="Handle")


def text(pointer: Any) -> str:
    """A string of the library's; NULL is ""."""
    return "" if pointer == NULL else ffi.string(pointer).decode("utf-8", "surrogateescape")


def chars(value: PathType | None) -> Any:
    """A string for the library; None is NULL. The caller keeps what it gets until the call is over."""
    if value is None:
        return NULL
    data = os.fspath(value).encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise _errors.InvalidArgumentError("a text with a NUL in it cannot be passed", subject=repr(value))
    return ffi.new("char[]", data)


def failure(status: int, error: Any) -> _errors.MirraError:
    """The exception for an error object, which is destroyed."""
    code = text(lib.mirra_status_name(status))
    kind = _errors.BY_CODE.get(code, _errors.InternalError)
    made = kind(
        text(lib.mirra_error_message(error)) or code,
        text(lib.mirra_error_subject(error)),
        text(lib.mirra_error_hint(error)),
    )
    lib.mirra_error_destroy(error)
    return made


def call(function: Any, *arguments: Any) -> None:
    """Calls a function whose last argument is the error; raises if it fails."""
    error = ffi.new("mirra_error **")
    status = function(*arguments, error)
    if status:
        raise failure(status, error[0])


def call_file(function: Any, *arguments: Any) -> None:
    """As `call`, for a function that opens a file: one that is missing is a FileNotFoundError too."""
    try:
        call(function, *arguments)
    except _errors.NotFoundError as error:
        raise _errors.MissingFileError(error.message, error.subject, error.hint) from None


_layouts: dict[str, tuple[Any, int]] = {}


def struct(name: str) -> Any:
    """A struct of zeros with its size."""
    layout = _layouts.get(name)
    if layout is None:
        layout = _layouts[name] = (ffi.typeof(name + " *"), ffi.sizeof(name))
    made = ffi.new(layout[0])
    made.struct_size = layout[1]
    return made


def take_text(pointer: Any) -> str:
    """A string that the library gave away, as Python's."""
    value = text(pointer)
    lib.mirra_string_free(pointer)
    return value


def take_bytes(pointer: Any, size: int) -> bytes:
    """Bytes that the library gave away, as Python's."""
    value = bytes(ffi.buffer(pointer, size))
    lib.mirra_memory_free(pointer)
    return value


class Process:
    """State of the process: how often it is a fork, and in which of those generations networks ran."""

    generation = 0
    computed: int | None = None


def _forked() -> None:
    Process.generation += 1


os.register_at_fork(after_in_child=_forked)


def may_begin() -> None:
    """Raises in a fork of a process that had computed: threads of the runtime are not there any more."""
    if Process.computed not in (None, Process.generation):
        raise _errors.ForkedError(
            "the process was forked after Mirra had computed in it",
            hint="use the start method 'spawn' or 'forkserver' of multiprocessing, or fork before the first session",
        )


def has_computed() -> None:
    """From here on a fork cannot compute."""
    Process.computed = Process.generation


def _destroy(function: Any, generation: int, keep: Any, pointer: Any) -> None:
    if generation == Process.generation:
        function(pointer)


class Handle:
    """An object of the library's. `close` lets go of it, and so does the end of a `with` block or garbage collection.

    What a call in another thread still uses is destroyed after that call.
    """

    __slots__ = ("__weakref__", "_generation", "_pointer")
    _destroyer: ClassVar[Any]
    _noun: ClassVar[str]
    _pickle_hint: ClassVar[str] = "make one in each process"

    def __init__(self, pointer: Any, keep: Any = None) -> None:
        self._generation = Process.generation
        destroyer = functools.partial(_destroy, type(self)._destroyer, self._generation, keep)
        self._pointer: Any = ffi.gc(pointer, destroyer)

    def _live(self) -> Any:
        """The pointer; raises if the object was closed, or belongs to the process that this one was forked from."""
        pointer = self._pointer
        if pointer is None:
            raise _errors.ClosedError(f"the {self._noun} was closed")
        if self._generation != Process.generation:
            raise _errors.ForkedError(
                f"the {self._noun} was made before the process forked", hint="make a new one in the child process"
            )
        return pointer

    def close(self) -> None:
        """Lets go of the object. Calling it again does nothing; any other use of the object is a `ClosedError`."""
        self._pointer = None

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._pointer is None

    def __enter__(self: Self) -> Self:
        self._live()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied; {self._pickle_hint}")


_at_exit: weakref.WeakSet[Any] = weakref.WeakSet()
_at_exit_lock = threading.Lock()
SECONDS_AT_EXIT = 10.0


def at_exit(owner: Any) -> None:
    """Has `owner.shutdown_at_exit()` called before the interpreter ends."""
    with _at_exit_lock:
        _at_exit.add(owner)


@atexit.register
def _end() -> None:
    """Stops all work while callbacks may still run: threads must not come into an interpreter that has ended."""
    with _at_exit_lock:
        owners = list(_at_exit)
    for owner in owners:
        owner.shutdown_at_exit()

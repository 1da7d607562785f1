"""The everyday run, an array to an array of the same size, from structs that are made once.

After a network has run, nothing of Python is in the processor's caches: each object that is not touched counts.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from mirra._core import NULL, failure, ffi, lib, struct
from mirra._pixels import Pixels, rows_first
from mirra._progress import Watch, on_main_thread
from mirra._run import Result, port_name
from mirra._schema import TaskInfo


def fast_of(task: TaskInfo) -> Fast | None:
    """For a task that makes an image of an image and needs nothing else."""
    inputs = [port for port in task.inputs() if not port.optional]
    outputs = [port for port in task.outputs() if not port.optional]
    if [port.type for port in inputs + outputs] != ["image", "image"] or outputs[0].raw["colored"]:
        return None
    return Fast(inputs[0].name, outputs[0].name)


class Fast:
    """The structs of such runs of one session."""

    __slots__ = (
        "_dtype",
        "_error",
        "_handle",
        "_input",
        "_options",
        "_output",
        "_port",
        "_result",
        "_shape",
        "_values",
        "_watch",
    )

    def __init__(self, image: str, output: str) -> None:
        self._port = output
        self._shape: Any = None
        self._dtype: Any = None
        self._watch = Watch(None, None)
        self._handle = ffi.new_handle(self._watch)
        self._options = struct("mirra_run_options")
        self._options.user = self._handle
        self._options.progress = lib.mirra_py_signals
        self._result = ffi.new("mirra_result **")
        self._error = ffi.new("mirra_error **")
        self._values = ffi.new("mirra_port_value[2]")
        for value, name in zip(self._values, (image, output)):
            value.struct_size, value.name = ffi.sizeof("mirra_port_value"), port_name(name)

    def _prepare(self, image: Any) -> None:
        """Describes arrays of this shape; raises for what is no image."""
        like = np.empty(image.shape, image.dtype)
        self._input = Pixels(rows_first(like, "HWC", "image")).struct
        self._output = Pixels(rows_first(like, "HWC", "image")).struct
        self._values[0].image, self._values[1].image = self._input, self._output
        self._shape, self._dtype = image.shape, image.dtype

    def run(self, session: Any, image: Any, out: Any) -> Result | None:
        """The result; None: the run needs more than this."""
        if image.shape != self._shape or image.dtype != self._dtype:
            self._prepare(image)
            width, height = self._input.width, self._input.height
            if session._output_size(width, height) != (width, height):
                self._shape = None
                return None
        if out is None:
            out = np.empty(self._shape, self._dtype)
        elif type(out) is not np.ndarray or out.shape != self._shape or out.dtype != self._dtype:
            return None
        try:
            source, target = ffi.from_buffer(image), ffi.from_buffer(out, require_writable=True)
        except (BufferError, ValueError):  # strides, or read-only
            return None
        self._input.planes[0].data, self._output.planes[0].data = source, target
        options = self._options if on_main_thread() else NULL
        status = lib.mirra_session_run(session._live(), self._values, 2, options, self._result, self._error)
        if status:
            self._raise(failure(status, self._error[0]))
        result = Result(self._result[0], {self._port: out})
        if self._watch.error is not None:
            self._raise(self._watch.error)
        return result

    def _raise(self, error: BaseException) -> NoReturn:
        """Raises what came up while signals were handled, or else `error`."""
        raised, self._watch.error = self._watch.error or error, None
        raise raised from None

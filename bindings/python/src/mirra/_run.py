"""One run: what Python gave becomes port values and options, and what came of it becomes Python's."""

from __future__ import annotations

import collections.abc
import functools
import math
from typing import Any

import numpy as np

from mirra import _errors, _pixels, _tensors
from mirra._cancel import Cancel
from mirra._core import Handle, PathType, call, chars, ffi, lib, struct, text
from mirra._picture import Picture, write
from mirra._pieces import Sink, Source
from mirra._progress import Pieces, ProgressLike, TileCallback, Watch, callback_of, on_main_thread
from mirra._schema import Port, TaskInfo

Region = tuple[int, int, int, int]
_BOOL, _INT, _FLOAT = lib.MIRRA_TYPE_BOOL, lib.MIRRA_TYPE_INT, lib.MIRRA_TYPE_FLOAT


_VALUES, _VALUE_SIZE = ffi.typeof("mirra_port_value[]"), ffi.sizeof("mirra_port_value")


@functools.lru_cache(maxsize=1024)
def port_name(name: str) -> Any:
    """The name of a port for the library, which is made once."""
    return chars(name)


def from_value(value: Any) -> Any:
    """A `mirra_value` as Python's."""
    if value.type == _BOOL:
        return bool(value.integer)
    if value.type == _INT:
        return int(value.integer)
    if value.type == _FLOAT:
        return float(value.real)
    return text(value.text)


class Result(Handle):
    """What a run gave. `numpy.asarray(result)` is its image."""

    __slots__ = ("outputs",)
    _destroyer = lib.mirra_result_destroy
    _noun = "result"
    _pickle_hint = "send its image and values"

    def __init__(self, pointer: Any, outputs: dict[str, Any]) -> None:
        super().__init__(pointer)
        self.outputs = outputs
        """The images, by output port: of the kind of the first image input."""

    @property
    def image(self) -> Any:
        """The first image: an array for an array, a Pillow image for a Pillow image, a tensor for a torch tensor (on
        the GPU, if that is there), a `Picture` for a path or a `Picture`. None, if the run gave none.
        """
        return next(iter(self.outputs.values()), None)

    @property
    def values(self) -> dict[str, Any]:
        """The numbers and texts, by name: such as "sigma_estimated"."""
        info, name, value = self._info(), ffi.new("const char **"), struct("mirra_value")
        found = {}
        for index in range(info.value_count):
            call(lib.mirra_result_value, self._pointer, index, name, value)
            found[text(name[0])] = from_value(value)
        return found

    @property
    def tensors(self) -> _tensors.Tensors:
        """The tensors, by name."""
        out = ffi.new("mirra_tensors **")
        call(lib.mirra_result_tensors, self._live(), out)
        return _tensors.Tensors._of(out[0])

    def _info(self) -> Any:
        info = struct("mirra_result_info")
        call(lib.mirra_result_get_info, self._live(), info)
        return info

    @property
    def seconds(self) -> float:
        """How long the run took."""
        return float(self._info().seconds)

    @property
    def tile_count(self) -> int:
        """In how many tiles."""
        return int(self._info().tile_count)

    @property
    def peak_bytes(self) -> int:
        """The most memory that tensors and buffers held."""
        return int(self._info().peak_bytes)

    @property
    def multiply_accumulates(self) -> int:
        """What its networks did, in multiplications with an addition each."""
        return int(self._info().multiply_accumulates)

    @property
    def precision(self) -> str:
        """The numbers that it was computed in: "fp32", "bf16" or "fp16"."""
        return text(lib.mirra_precision_name(self._info().precision))

    @property
    def device(self) -> str:
        """Where it was computed: "cpu"."""
        return text(self._info().device)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.image is None:
            raise ValueError("the run gave no image")
        array = np.asarray(self.image, dtype)
        return array.copy() if copy else array

    def save(self, file: PathType, *, format: str | None = None, quality: int = 0, bit_depth: int = 0) -> None:
        """Writes the image, with the metadata of the picture that was read: see `mirra.write`."""
        write(file, self.image, format=format, quality=quality, bit_depth=bit_depth)

    def __repr__(self) -> str:
        if self.closed:
            return "<mirra.Result, closed>"
        return f"<mirra.Result outputs={list(self.outputs)} values={self.values}>"


class Call:
    """The arguments of one run, and all that must live until it is over."""

    def __init__(
        self,
        session: Any,
        task: TaskInfo,
        inputs: dict[str, Any],
        out: Any,
        outputs: collections.abc.Iterable[str],
        size: tuple[int, int] | None,
        progress: ProgressLike,
        tile: TileCallback | None,
        cancel: Cancel | None,
        region: Region | None,
        scale: float,
        frame: int,
    ) -> None:
        self.session, self.task = session, task
        self.watch = Watch(callback_of(progress), tile)
        self.keep: list[Any] = []
        self.shown: dict[str, tuple[Any, Any]] = {}
        self.first: _pixels.Input | Source | None = None
        self.ports: list[tuple[str, str, Any]] = []
        self.size, self.region, self.scale = size, region, scale
        for name, value in inputs.items():
            self._input(name, value)
        self._outputs(out, tuple(outputs))
        self.values = self._values()
        self.options = self._options(cancel, frame)

    def _port(self, name: str, direction: str) -> Port:
        for port in self.task.ports:
            if port.name == name and port.direction == direction:
                return port
        known = ", ".join(port.name for port in self.task.ports if port.direction == direction)
        raise _errors.NotFoundError(
            f"the task '{self.task.name}' has no {direction} port of that name", name, f"it has: {known}"
        )

    def _input(self, name: str, value: Any) -> None:
        port = self._port(name, "input")
        if value is None:
            return
        if isinstance(value, (list, tuple)) and port.raw.get("series"):
            for place, part in enumerate(value, 1):
                self._input(name if place == 1 else f"{name}_{place}", part)
            return
        if port.type == "image":
            self.ports.append((name, *self._image(name, value)))
        elif port.type == "tensor":
            tensor = _tensors.Input(value, name)
            self.keep.append(tensor)
            self.ports.append((name, "tensor", tensor.struct))
        else:
            self.ports.append((name, "value", self._plain(value)))

    def _image(self, name: str, value: Any) -> tuple[str, Any]:
        if isinstance(value, Source):
            self.first = self.first or value
            return "source", value._struct(self._pieces(value.read), self.keep)
        taken = _pixels.take(value, name)
        self.first = self.first or taken
        self.keep.append(taken)
        if taken.picture is not None:
            return "picture", taken.picture._live()
        return "image", taken.pixels.struct

    def _pieces(self, function: Any) -> Any:
        handle = ffi.new_handle(Pieces(function, self.watch))
        self.keep.append(handle)
        return handle

    def _plain(self, value: Any) -> Any:
        made = struct("mirra_value")
        if isinstance(value, (bool, np.bool_)):
            made.type, made.integer = _BOOL, bool(value)
        elif isinstance(value, (int, np.integer)):
            made.type, made.integer = _INT, int(value)
        elif isinstance(value, (float, np.floating)):
            made.type, made.real = _FLOAT, float(value)
        else:
            name = chars(str(value))
            made.type, made.text = lib.MIRRA_TYPE_STRING, name
            self.keep.append(name)
        self.keep.append(made)
        return made

    def _outputs(self, out: Any, asked: tuple[str, ...]) -> None:
        images = self.task.outputs("image")
        given: dict[str, Any] = {}
        if isinstance(out, collections.abc.Mapping):
            given = dict(out)
        elif out is not None:
            if not images:
                raise _errors.NotFoundError(f"the task '{self.task.name}' gives no image", "out")
            given = {images[0].name: out}
        for name in (*given, *asked):
            self._port(name, "output")
        for port in self.task.outputs():
            if port.name in given:
                self._given(port, given[port.name])
            elif not port.optional or port.name in asked:
                self._new(port)

    def _given(self, port: Port, value: Any) -> None:
        if isinstance(value, Sink):
            self.ports.append((port.name, "sink", value._struct(self._pieces(value.write), self.keep)))
        elif isinstance(value, Picture):
            self.ports.append((port.name, "picture", value._live()))
            self.shown[port.name] = value, None
        else:
            pixels, shown = _pixels.writable(value, port.name)
            self.keep.append(pixels)
            self.ports.append((port.name, "image", pixels.struct))
            self.shown[port.name] = shown, None

    def _new(self, port: Port) -> None:
        if port.type != "image":
            self.ports.append((port.name, "", None))
            return
        width, height = self._output_size()
        first = self.first
        if isinstance(first, _pixels.Input) and first.picture is not None:
            view = first.pixels.struct
            picture = Picture.create(
                width, height, channels=self._channels(port, view.color), dtype=_pixels.DTYPES[view.format]
            )
            picture.copy_color(first.picture)
            picture._metadata = first.picture
            self.ports.append((port.name, "picture", picture._live()))
            self.shown[port.name] = picture, None
            return
        given = first.pixels.array if isinstance(first, _pixels.Input) else None
        dtype = given.dtype if given is not None else getattr(first, "dtype", np.dtype(np.uint8))
        channels = given.shape[2] if given is not None else getattr(first, "channels", 3)
        lies = given.strides if given is not None else None
        on_gpu = first.on_gpu if isinstance(first, _pixels.Input) else None
        array = _pixels.new_array(
            width, height, self._channels(port, channels), dtype, lies is not None and lies[2] > lies[1], on_gpu
        )
        pixels = _pixels.Pixels(_pixels.as_array(array, port.name))
        if isinstance(first, _pixels.Input):
            pixels.struct.alpha_mode = first.pixels.struct.alpha_mode
            pixels.struct.transfer = first.pixels.struct.transfer
        self.keep.append(pixels)
        self.ports.append((port.name, "image", pixels.struct))
        self.shown[port.name] = array, first.back if isinstance(first, _pixels.Input) else None

    def _channels(self, port: Port, channels: int) -> int:
        return channels + 2 if port.raw["colored"] and channels < 3 else channels

    def _output_size(self) -> tuple[int, int]:
        if self.region is not None:
            return int(self.region[2]), int(self.region[3])
        if isinstance(self.first, _pixels.Input):
            width, height = self.first.pixels.struct.width, self.first.pixels.struct.height
        elif isinstance(self.first, Source):
            width, height = self.first.width, self.first.height
        elif self.size is not None:
            width, height = self.size
        else:
            raise _errors.InvalidArgumentError(
                f"the task '{self.task.name}' has no size from an image", "size", "give size=(width, height)"
            )
        if 0 < self.scale < 1:
            width, height = math.ceil(width * self.scale), math.ceil(height * self.scale)
        return self.session._output_size(width, height)  # type: ignore[no-any-return]

    def _values(self) -> Any:
        count = len(self.ports)
        values = ffi.new(_VALUES, max(count, 1))
        for index, (name, field, content) in enumerate(self.ports):
            value = values[index]
            value.struct_size = _VALUE_SIZE
            value.name = port_name(name)
            if field:
                setattr(value, field, content)
        return values

    def _options(self, cancel: Cancel | None, frame: int) -> Any:
        options = struct("mirra_run_options")
        self.handle = ffi.new_handle(self.watch)
        options.user = self.handle
        if self.watch.progress is not None:
            options.progress = lib.mirra_py_progress
        elif on_main_thread():
            options.progress = lib.mirra_py_signals
        if self.watch.tile is not None:
            options.tile = lib.mirra_py_tile
        if cancel is not None:
            options.cancel = cancel._live()
        if self.region is not None:
            rect = struct("mirra_rect")
            rect.x, rect.y, rect.width, rect.height = self.region
            options.region = rect
            self.keep.append(rect)
        options.scale, options.frame = self.scale, frame
        return options

    def images(self) -> dict[str, Any]:
        """The output images, as the caller gave the input."""
        return {name: value if back is None else back(value) for name, (value, back) in self.shown.items()}

    def run(self, pointer: Any) -> Result:
        """Runs it in this thread."""
        out = ffi.new("mirra_result **")
        try:
            call(lib.mirra_session_run, pointer, self.values, len(self.ports), self.options, out)
        except _errors.MirraError as error:
            raise self.watch.error or error from None
        return self.result(out[0])

    def let_go(self) -> None:
        """Lets go of what a job had to keep."""
        self.watch.done = None
        self.first = None
        self.keep.clear()
        self.ports.clear()

    def result(self, pointer: Any) -> Result:
        """What the run gave; raises what a callback raised at the very end."""
        made = Result(pointer, self.images())
        if self.watch.error is not None:
            raise self.watch.error
        return made

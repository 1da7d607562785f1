"""Sessions: a task with its parameters, ready to run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from mirra import _core, _errors
from mirra._cancel import Cancel
from mirra._core import NULL, Handle, call, chars, ffi, lib, struct, take_text, text
from mirra._fast import Fast, fast_of
from mirra._job import Job
from mirra._pixels import ImageLike
from mirra._progress import ProgressLike, Rect, TileCallback, to_rect
from mirra._run import Call, Region, Result, from_value
from mirra._schema import Param, TaskInfo

PRECISIONS = {
    "auto": lib.MIRRA_PRECISION_AUTO,
    "fp32": lib.MIRRA_PRECISION_FP32,
    "bf16": lib.MIRRA_PRECISION_BF16,
    "fp16": lib.MIRRA_PRECISION_FP16,
}


class Plan(NamedTuple):
    """What a run would do."""

    fits: bool
    """Whether a tile is small enough for the memory limit."""
    tile_count: int
    """How many tiles there are."""
    tile_width: int
    """What the network sees of the largest tile, in pixels."""
    tile_height: int
    """Likewise."""
    peak_bytes: int
    """The most that the session adds to the process."""
    required_bytes: int
    """The smallest memory limit with which it can be done."""
    memory_limit: int
    """The session's; 0: none."""
    precision: str
    """The numbers that it computes in: "fp32", "bf16" or "fp16"."""
    device: str
    """Where it computes: "cpu"."""
    output_width: int
    """Of the output image, in pixels."""
    output_height: int
    """Likewise."""


class SessionInfo(NamedTuple):
    """What a session is made of."""

    task: str
    """Name of the task."""
    plugin_id: str
    """Of the plugin that brought it."""
    bundle_path: str
    """File of the bundle; "" where it came from memory, or there is none."""
    bundle_name: str
    """Name of the bundle; "" where there is none."""
    bundle_sha256: str
    """Of its tensors."""
    quality: str
    """That was asked for; "" if none was."""
    device: str
    """Where it computes: "cpu"."""
    precision: str
    """The numbers that it computes in: "fp32", "bf16" or "fp16"."""
    precision_reason: str
    """Why that one."""
    memory_limit: int
    """In bytes; 0: none."""
    threads: int
    """0: as many as the process may use."""
    tile_size: int
    """0: chosen."""


def _json(values: Mapping[str, Any]) -> Any:
    """Parameters as a JSON object."""

    def plain(value: Any) -> Any:
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if isinstance(value, np.generic):
            return value.item()
        raise _errors.InvalidArgumentError(
            f"a parameter is a bool, a number, a text or a path, not a {type(value).__name__}", subject=repr(value)
        )

    try:
        return chars(json.dumps(dict(values), default=plain, allow_nan=False))
    except ValueError as error:
        if isinstance(error, _errors.MirraError):
            raise
        bad = next((n for n, v in values.items() if isinstance(v, float) and not np.isfinite(v)), "")
        raise _errors.InvalidArgumentError("a parameter is a finite number", subject=bad) from None


def _param(info: Any) -> Param:
    choices = [
        {"value": text(info.choices[i]), "label": text(info.choice_labels[i]) if info.choice_labels else ""}
        for i in range(info.choice_count)
    ]
    kinds = {
        lib.MIRRA_TYPE_BOOL: ("bool", bool),
        lib.MIRRA_TYPE_INT: ("int", int),
        lib.MIRRA_TYPE_FLOAT: ("float", float),
        lib.MIRRA_TYPE_ENUM: ("enum", str),
        lib.MIRRA_TYPE_FILE: ("file", str),
        lib.MIRRA_TYPE_COLOR: ("color", str),
    }
    name, kind = kinds.get(info.type, ("string", str))
    default = text(info.default_text) if info.default_text != NULL or kind is str else kind(info.default_value)
    number = kind in (int, float)
    raw = {
        "name": text(info.name),
        "label": text(info.label),
        "doc": text(info.doc),
        "group": text(info.group),
        "unit": text(info.unit),
        "type": name,
        "default": default,
        "soft_minimum": info.soft_minimum,
        "soft_maximum": info.soft_maximum,
        "step": info.step,
        "choices": choices,
        "visible_if": text(info.visible_if),
    }
    return Param(
        raw["name"],
        raw["label"],
        raw["doc"],
        name,
        default,
        info.minimum if number else None,
        info.maximum if number else None,
        tuple(choice["value"] for choice in choices),
        raw["unit"],
        raw,
    )


class Session(Handle):
    """A task with its bundle, on a device, with its parameters set. Made by `Engine.session`.

    One call at a time: another one meanwhile is a `BusyError`. Use `clone` for another thread.
    """

    __slots__ = ("_fast", "_sizes", "_state", "task")
    _destroyer = lib.mirra_session_destroy
    _noun = "session"
    _pickle_hint = "make one in each process; session.clone() makes another for a thread"

    def __init__(self, pointer: Any, task: TaskInfo, state: Any) -> None:
        super().__init__(pointer, state)
        self.task = task
        """The task, as the schema describes it."""
        self._state = state
        self._sizes: dict[tuple[int, int], tuple[int, int]] = {}
        self._fast: list[Fast] | None = None

    def run(
        self,
        image: ImageLike | None = None,
        /,
        *,
        out: Any = None,
        outputs: Iterable[str] = (),
        progress: ProgressLike = None,
        on_tile: TileCallback | None = None,
        cancel: Cancel | None = None,
        region: Region | None = None,
        scale: float = 0.0,
        frame: int = 0,
        size: tuple[int, int] | None = None,
        inputs: Mapping[str, Any] | None = None,
        **ports: Any,
    ) -> Result:
        """Runs the task, and returns when it is done. Ctrl-C stops it.

        Args:
            image: the first image of the task: a numpy array, a Pillow image, a torch tensor or other object with
                `__dlpack__`, a `Picture`, the path of a file or its bytes, a `mirra.Image`, or a `mirra.Source`.
            out: what the output image is written to: an array, a `Picture`, a `mirra.Sink`; or a dict of such by port.
                None: a new one, as the input is.
            outputs: names of optional output ports that are wanted: images, tensors.
            progress: a function that is called with a `Progress`, and may return False to stop; or a bar as tqdm's.
            on_tile: a function that is called with a `Rect` and a copy of its pixels when they are final.
            cancel: stops the run when it is asked.
            region: x, y, width, height of the output: makes only these pixels. The output is as large as the region.
            scale: below 1, the image is reduced by it first, for a preview.
            frame: number of the image within a sequence.
            size: width and height of the output of a task that has no input image.
            inputs: further input ports by name, for names that are no keywords.
            **ports: further input ports. A list fills a series: `style=[a, b]`.

        Raises:
            CancelledError: it was stopped.
            MirraError: or another of its classes.

        """
        self._begin()
        plain = progress is None and on_tile is None and cancel is None and region is None and inputs is None
        if plain and type(image) is np.ndarray and not (outputs or scale or frame or ports):
            result = self._run_fast(image, out)
            if result is not None:
                return result
        run = self._call(image, inputs, ports, out, outputs, size, progress, on_tile, cancel, region, scale, frame)
        return run.run(self._live())

    def _run_fast(self, image: Any, out: Any) -> Result | None:
        """A run from structs that are there; None: it needs more than these."""
        kept = self._fast
        if kept is None:
            made = fast_of(self.task)
            kept = self._fast = [] if made is None else [made]
        try:
            fast = kept.pop()
        except IndexError:  # a task that needs more, or another run is under way
            return None
        try:
            return fast.run(self, image, out)
        finally:
            kept.append(fast)

    def submit(
        self,
        image: ImageLike | None = None,
        /,
        *,
        out: Any = None,
        outputs: Iterable[str] = (),
        progress: ProgressLike = None,
        on_tile: TileCallback | None = None,
        cancel: Cancel | None = None,
        region: Region | None = None,
        scale: float = 0.0,
        frame: int = 0,
        size: tuple[int, int] | None = None,
        inputs: Mapping[str, Any] | None = None,
        **ports: Any,
    ) -> Job:
        """Begins a run on a thread of the library's, and returns at once. Arguments as of `run`.

        Callbacks come from the job's thread.
        """
        self._begin()
        run = self._call(image, inputs, ports, out, outputs, size, progress, on_tile, cancel, region, scale, frame)
        if run.watch.progress is None:
            run.options.progress = NULL
        return Job(run, self._live())

    def _begin(self) -> None:
        self._live()
        _core.has_computed()

    def _call(self, image: Any, inputs: Mapping[str, Any] | None, ports: dict[str, Any], *rest: Any) -> Call:
        given = {**ports, **(inputs or {})}
        if image is not None:
            images = self.task.inputs("image")
            if not images:
                raise _errors.InvalidArgumentError(f"the task '{self.task.name}' takes no image", "image")
            given = {images[0].name: image, **given}
        return Call(self, self.task, given, *rest)

    def _output_size(self, width: int, height: int) -> tuple[int, int]:
        found = self._sizes.get((width, height))
        if found is None:
            plan = struct("mirra_plan")
            call(lib.mirra_session_plan, self._live(), width, height, plan)
            found = self._sizes[(width, height)] = (plan.output_width, plan.output_height)
        return found

    def _changed(self) -> None:
        """The size of outputs may hang on parameters."""
        self._sizes, self._fast = {}, None

    def set(self, parameters: Mapping[str, Any] | None = None, /, **values: Any) -> None:
        """Sets parameters: all of them or, where one is refused, none. The error's subject is the parameter."""
        self._changed()
        call(lib.mirra_session_set_json, self._live(), _json({**(parameters or {}), **values}))

    def set_text(self, name: str, value: str) -> None:
        """Sets a parameter from text, as a person writes it: "auto", "12.5", "true"."""
        self._changed()
        call(lib.mirra_session_set_text, self._live(), chars(name), chars(value))

    def get(self, name: str) -> Any:
        """The value of a parameter."""
        value = struct("mirra_value")
        call(lib.mirra_session_get, self._live(), chars(name), value)
        return from_value(value)

    def reset(self, *names: str) -> None:
        """Gives parameters the values that they had at first; without names, all of them."""
        self._changed()
        for name in names or (None,):
            call(lib.mirra_session_reset, self._live(), chars(name))

    __getitem__ = get

    def __setitem__(self, name: str, value: Any) -> None:
        self.set({name: value})

    @property
    def parameters(self) -> dict[str, Any]:
        """All parameters and their values."""
        out = ffi.new("char **")
        call(lib.mirra_session_get_json, self._live(), out)
        return json.loads(take_text(out[0]))  # type: ignore[no-any-return]

    @property
    def params(self) -> list[Param]:
        """The parameters as the task's, but with what the bundle says: default, range, choices."""
        found, info = [], struct("mirra_param_info")
        for index in range(len(self.task.params)):
            call(lib.mirra_session_param, self._live(), index, info)
            found.append(_param(info))
        return found

    @property
    def info(self) -> SessionInfo:
        """What the session is made of."""
        info = struct("mirra_session_info")
        call(lib.mirra_session_get_info, self._live(), info)
        return SessionInfo(
            task=text(info.task),
            plugin_id=text(info.plugin_id),
            bundle_path=text(info.bundle_path),
            bundle_name=text(info.bundle_name),
            bundle_sha256=text(info.bundle_sha256),
            quality=text(info.quality),
            device=text(info.device),
            precision=text(lib.mirra_precision_name(info.precision)),
            precision_reason=text(info.precision_reason),
            memory_limit=info.memory_limit,
            threads=info.threads,
            tile_size=info.tile_size,
        )

    def clone(self) -> Session:
        """Another session with the same options and parameters, for another thread. They share the network."""
        out = ffi.new("mirra_session **")
        call(lib.mirra_session_clone, self._live(), out)
        return Session(out[0], self.task, self._state)

    def plan(self, width: int, height: int) -> Plan:
        """What a run on an image of that size would do, without doing it."""
        plan = struct("mirra_plan")
        call(lib.mirra_session_plan, self._live(), width, height, plan)
        return Plan(
            bool(plan.fits),
            plan.tile_count,
            plan.tile_width,
            plan.tile_height,
            plan.peak_bytes,
            plan.required_bytes,
            plan.memory_limit,
            text(lib.mirra_precision_name(plan.precision)),
            text(plan.device),
            plan.output_width,
            plan.output_height,
        )

    def required(self, width: int, height: int, region: Region) -> Rect:
        """The rectangle of an input image of that size that a rectangle (x, y, width, height) of the output needs."""
        asked, found = struct("mirra_rect"), struct("mirra_rect")
        asked.x, asked.y, asked.width, asked.height = region
        call(lib.mirra_session_required, self._live(), width, height, asked, found)
        return to_rect(found)

    def __repr__(self) -> str:
        return "<mirra.Session, closed>" if self.closed else f"<mirra.Session {self.task.name!r}>"

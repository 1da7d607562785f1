"""Tasks as functions: `mirra.denoise(image, sigma=12)`, for every task that a plugin brings."""

from __future__ import annotations

import difflib
import inspect
import textwrap
import threading
from typing import Any, Callable, Literal, Union

from mirra import _errors
from mirra._core import Process
from mirra._engine import Engine
from mirra._run import Result
from mirra._schema import Param, Port, TaskInfo

SESSION_OPTIONS = ("bundle", "quality", "device", "precision", "memory_limit", "threads", "tile_size")
RUN_OPTIONS = ("out", "outputs", "progress", "on_tile", "cancel", "region", "scale", "frame", "size")

_lock = threading.Lock()
_shared: Engine | None = None
_generation = 0


def engine() -> Engine:
    """The engine of the module's functions, which is made at first use."""
    global _shared, _generation, _lock
    if _generation != Process.generation:
        # A fork may have been made while another thread held the lock.
        _lock, _shared, _generation = threading.Lock(), None, Process.generation
    with _lock:
        if _shared is None or _shared.closed:
            _shared = Engine()
        return _shared


def run_task(owner: Engine, name: str, image: Any, arguments: dict[str, Any]) -> Result:
    """Runs a task once, in a session that is kept for the next time."""
    task = owner.task(name)
    params = {param.name for param in task.params}
    inputs = {port.name for port in task.inputs()}
    values: dict[str, Any] = {}
    ports: dict[str, Any] = {}
    options: dict[str, Any] = {}
    run: dict[str, Any] = {}
    for key, value in arguments.items():
        if key in params:
            values[key] = value
        elif key in inputs:
            ports[key] = value
        elif key in SESSION_OPTIONS:
            options[key] = value
        elif key in RUN_OPTIONS:
            run[key] = value
        else:
            known = sorted(params | inputs)
            near = difflib.get_close_matches(key, [*known, *SESSION_OPTIONS, *RUN_OPTIONS], 1)
            raise _errors.NotFoundError(
                f"the task '{name}' has no parameter, input or option '{key}'",
                key,
                (f"Did you mean '{near[0]}'? " if near else "") + f"The task has: {', '.join(known)}.",
            )
    pool = (name, *(options.get(key) for key in SESSION_OPTIONS))
    session = owner._borrow(pool, options)
    if values:
        session.set(values)
    result = session.run(image, inputs=ports, **run)
    owner._give_back(pool, session)
    return result


TYPES: dict[str, Any] = {
    "bool": bool,
    "int": int,
    "float": float,
    "string": str,
    "enum": str,
    "file": str,
    "color": str,
}


def _annotation(param: Param) -> Any:
    if param.type == "enum":
        return Literal[param.choices]
    kind = TYPES[param.type]
    return Union[kind, Literal[param.choices]] if param.choices else kind


def signature(task: TaskInfo) -> inspect.Signature:
    """The signature of a task's function: image, other inputs, parameters, options."""
    word = inspect.Parameter
    images = task.inputs("image")
    found = []
    if images:
        default = None if images[0].optional else word.empty
        found.append(word("image", word.POSITIONAL_ONLY, default=default, annotation="Image"))
    for port in task.inputs():
        if port not in images[:1]:
            found.append(word(port.name, word.KEYWORD_ONLY, default=None if port.optional else word.empty))
    for param in task.params:
        found.append(word(param.name, word.KEYWORD_ONLY, default=param.default, annotation=_annotation(param)))
    names = {parameter.name for parameter in found}
    found += [
        word(name, word.KEYWORD_ONLY, default=None) for name in SESSION_OPTIONS + RUN_OPTIONS if name not in names
    ]
    return inspect.Signature(found, return_annotation=Result)


def _range(param: Param) -> str:
    parts = [param.type]
    if param.type in ("int", "float") and param.minimum is not None and param.maximum is not None:
        parts.append(f"{param.minimum:g} to {param.maximum:g}")
    if param.choices:
        parts.append(("one of " if param.type == "enum" else "or ") + ", ".join(repr(c) for c in param.choices))
    if param.unit:
        parts.append(f"in units of {param.unit}")
    return f"{', '.join(parts)}; default {param.default!r}"


def _item(name: str, text: str) -> str:
    return textwrap.fill(
        f"{name}: {text}", 100, initial_indent="    ", subsequent_indent="        ", break_long_words=False
    )


def _port(port: Port) -> str:
    return f"{port.doc} ({port.type}{', optional' if port.optional else ''})"


def documentation(task: TaskInfo) -> str:
    """What `help` shows of a task's function."""
    lines = [f"{task.label}. {task.doc}".strip(), "", "Inputs:"]
    lines += [_item(port.name, _port(port)) for port in task.inputs()]
    lines += ["", "Outputs:", *(_item(port.name, _port(port)) for port in task.outputs())]
    if task.params:
        lines += ["", "Parameters:", *(_item(param.name, f"{param.doc} ({_range(param)})") for param in task.params)]
    lines += ["", "Options:"]
    lines.append("    " + ", ".join(SESSION_OPTIONS) + ": see mirra.Engine.session.")
    lines.append("    " + ", ".join(RUN_OPTIONS) + ": see mirra.Session.run.")
    lines += ["", "Returns:", "    A mirra.Result: `.image`, `.values`, `.tensors`, `.save(path)`."]
    return "\n".join(lines)


def function(owner: Callable[[], Engine], task: TaskInfo) -> Callable[..., Result]:
    """A function that runs a task on the engine that `owner` gives then."""

    def run(image: Any = None, /, **arguments: Any) -> Result:
        return run_task(owner(), task.name, image, arguments)

    run.__name__ = run.__qualname__ = task.name.replace("-", "_")
    run.__module__ = "mirra"
    run.__doc__ = documentation(task)
    run.__signature__ = signature(task)  # type: ignore[attr-defined]
    return run


def find(name: str) -> Callable[..., Result]:
    """The function of a task of the shared engine; `style_prepare` is the task "style-prepare"."""
    tasks = engine().tasks
    for task in (name, name.replace("_", "-")):
        if task in tasks:
            return function(engine, tasks[task])
    raise AttributeError(
        f"module 'mirra' has no attribute {name!r}; its tasks are {', '.join(tasks)}. "
        "Plugins of your own are found in the folders of MIRRA_PLUGIN_PATH"
    )


def names() -> list[str]:
    """The names of the functions."""
    return [name.replace("-", "_") for name in engine().tasks if ":" not in name]

"""Type stubs of the tasks' functions, for editors and type checkers."""

from __future__ import annotations

import keyword
import textwrap

from mirra._functions import RUN_OPTIONS, SESSION_OPTIONS
from mirra._schema import Param, TaskInfo

HEAD = '''"""The functions of the tasks that ship; made by `python -m mirra stubs`."""

from collections.abc import Iterable
from os import PathLike
from typing import Any, Literal

from mirra._bundle import Bundle
from mirra._cancel import Cancel
from mirra._pixels import ImageLike
from mirra._progress import ProgressLike, TileCallback
from mirra._run import Region, Result
'''

OPTIONS = {
    "bundle": "Bundle | str | PathLike[str] | None = ...",
    "quality": "str | None = ...",
    "device": "str | None = ...",
    "precision": "str = ...",
    "memory_limit": "int = ...",
    "threads": "int = ...",
    "tile_size": "int = ...",
    "out": "Any = ...",
    "outputs": "Iterable[str] = ...",
    "progress": "ProgressLike = ...",
    "on_tile": "TileCallback | None = ...",
    "cancel": "Cancel | None = ...",
    "region": "Region | None = ...",
    "scale": "float = ...",
    "frame": "int = ...",
    "size": "tuple[int, int] | None = ...",
}
TYPES = {"bool": "bool", "int": "int", "float": "float", "file": "str | PathLike[str]"}


def _param(param: Param) -> str:
    choices = "Literal[" + ", ".join(f'"{choice}"' for choice in param.choices) + "]"
    if param.type == "enum":
        return f"{choices} = ..."
    kind = TYPES.get(param.type, "str")
    return f"{kind} | {choices} = ..." if param.choices else f"{kind} = ..."


def stub(task: TaskInfo) -> str:
    """A task's function as a stub."""
    images = task.inputs("image")
    words: list[str] = []
    if images:
        words += ["image: ImageLike" + (" = ..." if images[0].optional else ""), "/"]
    words.append("*")
    for port in task.inputs():
        if port in images[:1]:
            continue
        kind = "ImageLike" if port.type == "image" else "Any"
        words.append(f"{port.name}: {kind}" + (" = ..." if port.optional else ""))
    words += [f"{param.name}: {_param(param)}" for param in task.params]
    names = {word.split(":")[0] for word in words}
    words += [f"{name}: {OPTIONS[name]}" for name in SESSION_OPTIONS + RUN_OPTIONS if name not in names]
    name = task.name.replace("-", "_")
    doc = textwrap.fill(f'"""{task.doc or task.label}"""', 112, initial_indent="    ", subsequent_indent="    ")
    return f"def {name}(\n" + "".join(f"    {word},\n" for word in words) + f") -> Result:\n{doc}\n"


def stubs(tasks: list[TaskInfo]) -> str:
    """The stubs of tasks whose names can be those of functions."""
    names = [task for task in tasks if task.name.replace("-", "_").isidentifier() and not keyword.iskeyword(task.name)]
    return HEAD + "".join("\n" + stub(task) for task in names)

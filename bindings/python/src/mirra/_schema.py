"""Tasks as data: what the plugins say of their ports and parameters."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Port:
    """An input or output of a task."""

    name: str
    """What callers write."""
    label: str
    """What people read."""
    doc: str
    """One sentence or more."""
    type: str
    """One of "image", "tensor", or a plain type as of parameters."""
    direction: str
    """Either "input" or "output"."""
    optional: bool
    """It may be left out of a run."""
    unit: str
    """What its numbers measure; "" where there is none."""
    raw: dict[str, Any]
    """All that the schema says."""


@dataclasses.dataclass(frozen=True)
class Param:
    """A parameter of a task."""

    name: str
    """What callers write."""
    label: str
    """What people read."""
    doc: str
    """One paragraph."""
    type: str
    """One of "bool", "int", "float", "string", "enum", "file" or "color"."""
    default: Any
    """Its value at first, unless the bundle names another."""
    minimum: float | None
    """Of a number: smaller values are refused."""
    maximum: float | None
    """Of a number: larger values are refused."""
    choices: tuple[str, ...]
    """Of an enum: its values. Of a number: texts that are taken besides, such as "auto"."""
    unit: str
    """What its numbers measure; "" where there is none."""
    raw: dict[str, Any]
    """All that the schema says."""


@dataclasses.dataclass(frozen=True)
class TaskInfo:
    """A task."""

    name: str
    """What callers write."""
    label: str
    """What people read."""
    doc: str
    """One paragraph."""
    plugin: str
    """Id of the plugin that brought it."""
    ports: tuple[Port, ...]
    """Inputs and outputs."""
    params: tuple[Param, ...]
    """Parameters."""
    raw: dict[str, Any]
    """All that the schema says."""

    def inputs(self, kind: str = "") -> list[Port]:
        """The input ports of a type; "": all."""
        return [port for port in self.ports if port.direction == "input" and kind in ("", port.type)]

    def outputs(self, kind: str = "") -> list[Port]:
        """The output ports of a type; "": all."""
        return [port for port in self.ports if port.direction == "output" and kind in ("", port.type)]


def _port(raw: dict[str, Any]) -> Port:
    return Port(raw["name"], raw["label"], raw["doc"], raw["type"], raw["direction"], raw["optional"], raw["unit"], raw)


def _param(raw: dict[str, Any]) -> Param:
    return Param(
        raw["name"],
        raw["label"],
        raw["doc"],
        raw["type"],
        raw.get("default"),
        raw.get("minimum"),
        raw.get("maximum"),
        tuple(choice["value"] for choice in raw.get("choices", ())),
        raw["unit"],
        raw,
    )


def task(raw: dict[str, Any]) -> TaskInfo:
    """A task of the schema document."""
    return TaskInfo(
        raw["name"],
        raw["label"],
        raw["doc"],
        raw["plugin"]["id"],
        tuple(_port(port) for port in raw["ports"]),
        tuple(_param(param) for param in raw["params"]),
        raw,
    )

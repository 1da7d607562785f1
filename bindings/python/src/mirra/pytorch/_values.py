"""What a value of a PyTorch graph is to Mirra while a module is converted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch  # pyright: ignore[reportMissingImports]

from mirra._errors import UnsupportedError


class Constant(NamedTuple):
    """A tensor that does not depend on the picture."""

    tensor: torch.Tensor
    name: str | None
    """In the state dict; None: computed."""


class Image(NamedTuple):
    """What a node of Mirra's gives. Layouts other than NCHW are how PyTorch sees the same values.

    "NHWC" is permuted, "NC" has height and width 1 and lost them, "NF" is what `flatten` gave. Others are steps between
    two views: no operation computes in them.
    """

    source: str
    shape: tuple[int, ...]
    layout: str = "NCHW"

    @property
    def channels(self) -> int:
        """How many there are."""
        return self.shape[self.layout.index("F" if self.layout == "NF" else "C")]


class Partial(NamedTuple):
    """A step on the way to an operation that PyTorch says in several: never a node of its own."""

    kind: str
    of: Image
    number: float = 0.0


@dataclass
class Node:
    """An operation of the network. "affine" and "zero_pad" are ours, until `simplify` has put them into others."""

    name: str
    op: str
    inputs: list[str]
    attributes: dict[str, Any]
    weights: dict[str, Constant] = field(default_factory=dict)
    origin: str = ""
    """For messages: the module and the line."""


def refuse(message: str, origin: str, hint: str) -> UnsupportedError:
    """The error for what cannot be said in the operations of Mirra."""
    return UnsupportedError(message, origin, hint)

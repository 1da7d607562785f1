"""Puts nodes together that one operation of Mirra says, and says the rest in operations that there are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch  # pyright: ignore[reportMissingImports]

from mirra.pytorch._values import Constant, Node, refuse

PER_CHANNEL = {"scale", "prelu", "layer_norm", "batch_norm"}
LEAST, MOST = 1e-6, 1e6  # of a deviation and a mean of `normalise`


class Simplifier:
    """The nodes of a network, in their order, and which of them its outputs are."""

    def __init__(self, nodes: list[Node], input_name: str, outputs: list[str]) -> None:
        self.nodes, self.input_name, self.outputs = nodes, input_name, outputs

    def run(self) -> None:
        """All of it."""
        self._drop_unused()
        self._merge()
        self._pad_convolutions()
        for node in self.nodes:
            if node.op == "affine":
                self._say_affine(node)
            if node.op in PER_CHANNEL:
                _widen(node)

    def _drop_unused(self) -> None:
        needed, kept = set(self.outputs), []
        for node in reversed(self.nodes):
            if node.name in needed:
                needed.update(node.inputs)
                kept.append(node)
        self.nodes = kept[::-1]

    def _uses(self) -> Counter[str]:
        return Counter([*self.outputs, *(name for node in self.nodes for name in node.inputs)])

    def _merge(self) -> None:
        """An affine function or a crop goes into the one before it, if nothing else uses that."""
        uses = self._uses()
        known: dict[str, Node] = {}
        taken: dict[str, str] = {}
        kept = []
        for node in self.nodes:
            node.inputs = [taken.get(name, name) for name in node.inputs]
            before = known.get(node.inputs[0])
            alone = before is not None and uses[before.name] == 1
            if before is not None and alone and _merged(before, node):
                taken[node.name] = before.name
                uses[before.name] = uses[node.name]
                continue
            known[node.name] = node
            kept.append(node)
        self.nodes = kept
        self.outputs = [taken.get(name, name) for name in self.outputs]

    def _pad_convolutions(self) -> None:
        """Zeros around a picture are the padding of the convolutions that read it."""
        for pad in [node for node in self.nodes if node.op == "zero_pad"]:
            readers = [node for node in self.nodes if pad.name in node.inputs]
            sides = set(pad.attributes.values())
            if len(sides) != 1 or pad.name in self.outputs or any(node.op != "conv2d" for node in readers):
                raise refuse(
                    f"padding with zeros by {pad.attributes}",
                    pad.origin,
                    "zeros are padded by the same number on all sides, in a convolution or directly before it. If this "
                    "pads pictures to a multiple of some size, leave it out: Mirra pads pictures by itself",
                )
            for node in readers:
                node.attributes["padding"] += next(iter(sides))
                node.inputs = pad.inputs
            self.nodes.remove(pad)

    def _say_affine(self, node: Node) -> None:
        """On the pixels by `normalise`, elsewhere by `scale`."""
        weight, bias = _numbers(node, "weight", 1), _numbers(node, "bias", 0)
        if node.inputs == [self.input_name] and bool((weight > 0).all()):
            mean, deviation = -bias / weight, 1 / weight
            if mean.abs().max() <= MOST and deviation.min() >= LEAST and deviation.max() <= MOST:
                count = max(len(mean), len(deviation))
                node.op, node.weights = "normalise", {}
                node.attributes = {
                    "mean": mean.expand(count).tolist(),
                    "deviation": deviation.expand(count).tolist(),
                }
                return
        node.op = "scale"
        node.weights.setdefault("weight", Constant(weight, None))


def _merged(before: Node, node: Node) -> bool:
    """Whether `before` does what `node` did after it."""
    if node.op == before.op == "crop":
        for side, size in node.attributes.items():
            before.attributes[side] = before.attributes.get(side, 0) + size
        return True
    if node.op != "affine" or before.op not in ("affine", "layer_norm"):
        return False
    weight, bias = before.weights.get("weight"), before.weights.get("bias")
    merged = {
        "weight": _product(weight, node.weights.get("weight")),
        "bias": _sum(_product(bias, node.weights.get("weight")), node.weights.get("bias")) if bias else None,
    }
    merged["bias"] = merged["bias"] or node.weights.get("bias")
    before.weights = {role: value for role, value in merged.items() if value is not None}
    return True


def _product(one: Constant | None, other: Constant | None) -> Constant | None:
    if one is None or other is None:
        return one or other
    return Constant(one.tensor * other.tensor, None)


def _sum(one: Constant | None, other: Constant | None) -> Constant | None:
    if one is None or other is None:
        return one or other
    return Constant(one.tensor + other.tensor, None)


def _numbers(node: Node, role: str, default: float) -> Any:
    return node.weights[role].tensor if role in node.weights else torch.tensor([default], dtype=torch.float64)


def _widen(node: Node) -> None:
    """One number becomes one for each channel; what is needed and missing changes nothing."""
    if node.op == "layer_norm":
        node.weights.setdefault("weight", Constant(torch.ones(1), None))
        node.weights.setdefault("bias", Constant(torch.zeros(1), None))
    channels = node.attributes["channels"]
    for role, (tensor, name) in node.weights.items():
        if tensor.numel() != channels:
            node.weights[role] = Constant(tensor.reshape(1).expand(channels), None)
        else:
            node.weights[role] = Constant(tensor.reshape(-1), name)

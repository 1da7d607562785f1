"""From a module to a network: traced at two sizes, said in the operations of Mirra, and compared."""

from __future__ import annotations

import contextlib
import math
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch  # pyright: ignore[reportMissingImports]

from mirra._errors import InvalidArgumentError, UnsupportedError
from mirra.pytorch import _rules as _rules  # registers them
from mirra.pytorch._lower import Lowering, writes_over
from mirra.pytorch._network import Network
from mirra.pytorch._simplify import Simplifier
from mirra.pytorch._values import Constant, Image, Node, refuse

LEAST_VERSION = (2, 5)
SIZE = (64, 128)
"""Multiples of what networks usually halve."""
NAME_HINT = "names have 1 to 200 characters of ASCII, without spaces"


def fits_a_bundle(name: str) -> bool:
    """Whether a network, a port or a weight of a bundle can have this name."""
    return re.fullmatch(r"[!-~]{1,200}", name) is not None


@contextlib.contextmanager
def evaluating(module: Any) -> Iterator[None]:
    """The module in its state of evaluation, without gradients; as it was afterwards."""
    trained = [each for each in module.modules() if each.training]
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for each in trained:
            each.training = True


class Module:
    """The user's module: what it takes and gives as numpy arrays in [0, 1], at any size."""

    def __init__(self, module: Any, pixel_range: tuple[float, float]) -> None:
        self.module, (self.black, self.white) = module, pixel_range
        state = [*module.parameters(), *module.buffers()]
        if any(each.is_meta for each in state):
            raise refuse("the module has weights without values (device 'meta')", self.label, "load its weights first")
        strange = {str(each.dtype) for each in state if each.is_floating_point()} - {"torch.float32"}
        if strange:
            raise refuse(f"the module has weights of {', '.join(strange)}", "", "call module.float() first")
        self.device = state[0].device if state else torch.device("cpu")

    @property
    def label(self) -> str:
        """For messages."""
        return type(self.module).__name__

    def __call__(self, pixels: Any) -> list[Any]:
        """What the module gives for pixels."""
        with evaluating(self.module):
            given = torch.from_numpy(pixels).to(self.device) * (self.white - self.black) + self.black
            found = self.module(given)
        results = found if isinstance(found, (list, tuple)) else [found]
        if not all(isinstance(each, torch.Tensor) for each in results):
            raise refuse(
                f"the module gives a {type(found).__name__} that holds other things than tensors",
                self.label,
                "let forward return one tensor, or a tuple of tensors",
            )
        return [((each - self.black) / (self.white - self.black)).cpu().numpy() for each in results]

    def export(self, shape: tuple[int, ...]) -> Any:
        """The module's program for one size."""
        with evaluating(self.module), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            example = torch.zeros(shape, device=self.device)
            return torch.export.export(self.module, (example,), strict=False)


def convert(
    module: Any,
    example: Any,
    name: str,
    input_name: str,
    output_names: tuple[str, ...],
    pixel_range: tuple[float, float],
) -> Network:
    """Traces at two sizes and two batches; what is the same at both is the network."""
    if tuple(map(int, torch.__version__.split(".")[:2])) < LEAST_VERSION:
        raise refuse(f"PyTorch {torch.__version__} is too old", "torch", "install PyTorch 2.5 or newer")
    _check_arguments(module, (name, input_name, *output_names), output_names, pixel_range)
    mine = Module(module, pixel_range)
    channels, size = _extents(example)
    first, second = (2, channels, *size), (3, channels, 2 * size[0], 3 * size[1])
    nodes, sources = _lowered(mine, first, input_name)
    again, _ = _lowered(mine, second, input_name)
    _compare(nodes, again, size)
    if len(sources) != len(output_names):
        raise refuse(
            f"the module gives {len(sources)} tensors", mine.label, "name all of them: output=('image', 'mask')"
        )
    graph = {
        "name": name,
        "inputs": [{"name": input_name, "channels": channels}],
        "nodes": [],
        "outputs": [{"name": each, "source": source} for each, source in zip(output_names, sources)],
    }
    weights: dict[str, Any] = {}
    graph["nodes"] = [_entry(node, weights) for node in nodes]
    return Network(graph, weights, mine)


def _check_arguments(
    module: Any, names: tuple[Any, ...], outputs: tuple[Any, ...], pixel_range: tuple[float, float]
) -> None:
    """Refuses what no network can be made of."""
    if not isinstance(module, torch.nn.Module):
        raise InvalidArgumentError(
            f"a {type(module).__name__} is no module", "module", "give an instance of a class below torch.nn.Module"
        )
    for name in names:
        if not isinstance(name, str) or not fits_a_bundle(name):
            raise InvalidArgumentError(f"{name!r} cannot be a name", "name", NAME_HINT)
    if not outputs or len(set(outputs)) != len(outputs):
        raise InvalidArgumentError(f"the outputs are called {list(outputs)}", "output", "give each output a name")
    black, white = pixel_range
    if not (math.isfinite(black) and math.isfinite(white) and black != white):
        raise InvalidArgumentError(
            f"black is {black} and white is {white}", "pixel_range", "give two different numbers, such as (0, 255)"
        )


def _extents(example: Any) -> tuple[int, tuple[int, ...]]:
    """Channels, and height and width, of an example."""
    if isinstance(example, int) and not isinstance(example, bool) and example > 0:
        return example, SIZE
    shape = tuple(getattr(example, "shape", ()))
    if len(shape) != 4 or min(shape) < 1:
        given = f"of shape {list(shape)}" if shape else repr(example)[:80]
        raise InvalidArgumentError(
            f"the example {given} is no picture", "example", "give the number of channels, or a tensor (N, C, H, W)"
        )
    return shape[1], shape[2:]


def _lowered(mine: Module, shape: tuple[int, ...], input_name: str) -> tuple[list[Node], list[str]]:
    """The nodes at one size, and the names of those that are the outputs."""
    try:
        program = mine.export(shape)
    except Exception as error:
        raise refuse(
            f"torch.export cannot follow the module for an input {list(shape)}: {_first_line(error)}",
            mine.label,
            "give an example whose size the module takes. It must also take others: twice the height, three times the "
            "width, and batches of two and three",
        ) from error
    refused = None
    if not writes_over(program):
        try:
            return _said(program, mine, shape, input_name)
        except UnsupportedError as error:
            refused = error
    # In smaller operations, none of them in place; it takes long.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _said(program.run_decompositions({}), mine, shape, input_name)
    except UnsupportedError as error:
        raise refused or error from None


def _said(program: Any, mine: Module, shape: tuple[int, ...], input_name: str) -> tuple[list[Node], list[str]]:
    """A program in the operations of Mirra."""
    lowering = Lowering(program, input_name, shape[1])
    outputs = _ranged(lowering, lowering.run(), mine)
    if any(each.shape[0] != shape[0] for each in outputs):
        raise refuse("pictures of a batch are mixed", mine.label, "give each picture of the batch a result of its own")
    simplifier = Simplifier(lowering.nodes, input_name, [each.source for each in outputs])
    simplifier.run()
    return simplifier.nodes, simplifier.outputs


def _ranged(lowering: Lowering, outputs: list[Image], mine: Module) -> list[Image]:
    """The outputs, with black and white of the module's pixels as Mirra's."""
    black, span = mine.black, mine.white - mine.black
    if (black, span) == (0, 1):
        return outputs

    def affine(source: str, channels: int, weight: float, bias: float) -> Node:
        numbers = {"weight": weight, "bias": bias}
        weights = {role: Constant(torch.tensor([value], dtype=torch.float64), None) for role, value in numbers.items()}
        return Node(lowering.free_name("pixels"), "affine", [source], {"channels": channels}, weights)

    first = affine(lowering.input_name, lowering.channels, span, black)
    for node in lowering.nodes:
        node.inputs = [first.name if each == lowering.input_name else each for each in node.inputs]
    found = []
    for output in outputs:
        source = first.name if output.source == lowering.input_name else output.source
        lowering.nodes.append(affine(source, output.channels, 1 / span, -black / span))
        found.append(output._replace(source=lowering.nodes[-1].name))
    lowering.nodes.insert(0, first)
    return found


def _compare(nodes: list[Node], again: list[Node], size: tuple[int, ...]) -> None:
    """The network must not depend on the size of the picture."""
    for one, other in zip([*nodes, None], [*again, None]):
        if one is None and other is None:
            return
        if one is None or other is None or _facts(one) != _facts(other):
            node = one or other
            assert node is not None
            raise refuse(
                f"the network depends on the size of the picture: '{node.name}' ({node.op}) is another one at "
                f"{size[0]} x {size[1]} than at {2 * size[0]} x {3 * size[1]}",
                node.origin,
                "compute sizes from those of the input. If the module pads pictures to a multiple of some size, give "
                "an example of such a size: Mirra pads pictures by itself",
            )


def _facts(node: Node) -> Any:
    """What must be the same for every size; of weights that were computed, the values too."""
    weights = {
        role: (value.name, value.tensor.shape, None if value.name else _array(value).tobytes())
        for role, value in node.weights.items()
    }
    return node.name, node.op, node.inputs, node.attributes, weights


def _entry(node: Node, weights: dict[str, Any]) -> dict[str, Any]:
    """The node as JSON; its weights go to those of the network."""
    entry: dict[str, Any] = {"name": node.name, "op": node.op, "inputs": node.inputs}
    if node.attributes:
        entry["attributes"] = node.attributes
    if node.weights:
        entry["weights"] = {role: _stored(node, role, value, weights) for role, value in node.weights.items()}
    return entry


def _array(value: Constant) -> Any:
    return value.tensor.detach().cpu().float().contiguous().numpy().copy()


def _stored(node: Node, role: str, value: Constant, weights: dict[str, Any]) -> str:
    """The name under which a weight is stored: the one in the state dict, if it is that tensor."""
    array = _array(value)
    if not np.isfinite(array).all():
        raise refuse(
            f"the weight '{value.name or role}' holds values that are not finite numbers",
            node.origin,
            "the training diverged, or a number in the module is infinite",
        )
    for name in (value.name, f"{node.name}.{role}"):
        if name is None or not fits_a_bundle(name):
            continue
        if name not in weights:
            weights[name] = array
            return name
        if weights[name].shape == array.shape and (weights[name] == array).all():
            return name
    raise AssertionError(f"two weights are called {node.name}.{role}")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]

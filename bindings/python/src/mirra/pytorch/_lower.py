"""Goes through an exported program, and says each of its operations in those of Mirra."""

from __future__ import annotations

import operator
import re
from typing import Any, Callable, TypeVar

import torch  # pyright: ignore[reportMissingImports]

from mirra._errors import UnsupportedError
from mirra.pytorch._values import Constant, Image, Node, Partial, refuse

Rule = Callable[..., Any]
Said = TypeVar("Said", bound=Rule)
RULES: dict[str, Rule] = {}
"""By name of the ATen operation, with its overload or without."""
ADVICE: dict[str, str] = {}
"""What to do instead, of operations that have no rule."""
ARITHMETIC: set[Rule] = set()
"""Rules that take part in a normalisation over channels."""
NORMALISATION_HINT = "only the normalisation over channels is known: (x - mean) / sqrt(variance + eps)"
RESHAPES = {"view", "reshape", "unsqueeze", "squeeze", "expand", "clone", "detach", "alias", "_to_copy", "flatten"}
"""A constant keeps its name in them."""
LAYOUTS = {"NCHW", "NHWC", "NC", "NF"}
"""In which operations compute."""
LIMIT = 180
"""Characters of a node's name: those of its weights are longer, and bundles take 200."""


def rule(*names: str, arithmetic: bool = False) -> Callable[[Said], Said]:
    """Registers what says an operation; it is called with the step and the values of the operation's schema."""

    def register(function: Said) -> Said:
        for name in names:
            RULES[name] = function
        if arithmetic:
            ARITHMETIC.add(function)
        return function

    return register


def module_of(node: Any) -> tuple[str, str]:
    """Path and class of the innermost module that a node comes from."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path, kind = stack[-1] if stack else ("", "")
    return re.sub(r"@\d+", "", str(path)), kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"


def origin_of(node: Any) -> str:
    """The module and the line that a node comes from, for messages."""
    path, kind = module_of(node)
    where = path or kind.rpartition(".")[2] or "the module"
    frames = re.findall(r'File "([^"]+)", line (\d+), in .*\n\s*(.*)', node.meta.get("stack_trace") or "")
    own = [frame for frame in frames if not re.search(r"/torch/|/mirra/pytorch/", frame[0].replace("\\", "/"))]
    if own:
        file, line, code = own[-1]
        where += f", {file}:{line}: {code.strip()}"
    return where


def operation_of(node: Any) -> str:
    """The name of its ATen operation; of one in place, the name of the one that is not."""
    schema = node.target._schema
    name = str(schema.name.rpartition("::")[2])
    return name[:-1] if schema.is_mutable and name.endswith("_") else name


def writes_over(program: Any) -> bool:
    """Whether an operation in place changes a value that something else may see."""
    called = [node for node in program.graph.nodes if _is_operation(node)]
    return any(node.target._schema.is_mutable and not _owns(node.args[0]) for node in called)


def _is_operation(node: Any) -> bool:
    return node.op == "call_function" and isinstance(node.target, torch._ops.OpOverload)


def _owns(node: Any) -> bool:
    """Whether a value is a new one, for one reader alone."""
    if not _is_operation(node) or len(node.users) > 1:
        return False
    fresh = all(each.alias_info is None for each in node.target._schema.returns)
    in_place = node.target._schema.is_mutable
    return in_place or (fresh and operation_of(node) not in ("dropout", "feature_dropout", "alpha_dropout"))


class Step:
    """One operation of the program: what rules use to say it."""

    def __init__(self, lowering: Lowering, node: Any, operation: str) -> None:
        self.lowering, self.node, self.operation = lowering, node, operation
        value = node.meta.get("val")
        self.shape: tuple[int, ...] = tuple(value.shape) if isinstance(value, torch.Tensor) else ()

    def refuse(self, message: str, hint: str) -> UnsupportedError:
        """The error for this operation."""
        return refuse(message, origin_of(self.node), hint)

    def emit(
        self,
        op: str,
        inputs: list[Image],
        attributes: dict[str, Any] | None = None,
        weights: dict[str, Constant] | None = None,
        shape: tuple[int, ...] | None = None,
        layout: str | None = None,
    ) -> Image:
        """Adds a node; what it gives has the shape of the operation's result unless said otherwise."""
        if any(image.layout not in LAYOUTS for image in inputs):
            raise self.refuse(f"'{self.operation}' between two views", "view and permute directly after each other")
        name = self.lowering.free_name(self._name(op))
        sources = [image.source for image in inputs]
        node = Node(name, op, sources, attributes or {}, weights or {}, origin_of(self.node))
        self.lowering.nodes.append(node)
        return Image(name, self.shape if shape is None else shape, layout or inputs[0].layout)

    def _name(self, op: str) -> str:
        path, kind = module_of(self.node)
        if not path:
            return self.operation
        if not kind.startswith("torch.nn."):
            return f"{path}.{self.operation}"
        return f"{path}.pad" if op.endswith("_pad") and "Conv" in kind else path


class Lowering:
    """The nodes of an exported program, and what its values are."""

    def __init__(self, program: Any, input_name: str, channels: int) -> None:
        self.program, self.input_name, self.channels = program, input_name, channels
        self.nodes: list[Node] = []
        self._names = {input_name}
        self._values: dict[Any, Any] = {}

    def free_name(self, wanted: str) -> str:
        """The name, or with a number if it is taken."""
        wanted = re.sub(r"[^!-~]", "_", wanted)[-LIMIT:] or "node"
        name, number = wanted, 1
        while name in self._names:
            number += 1
            name = f"{wanted}.{number}"
        self._names.add(name)
        return name

    def run(self) -> list[Image]:
        """Builds the nodes; gives the program's outputs."""
        self._take_inputs()
        for node in self.program.graph.nodes:
            if node.op == "call_function":
                self._values[node] = self._call(node)
            elif node.op == "output":
                return [self._output(value, node) for value in self._results(node)]
            elif node.op != "placeholder":
                raise refuse(f"a graph within the graph ({node.op})", origin_of(node), "write it without control flow")
        raise AssertionError("a graph without an output")

    def _take_inputs(self) -> None:
        signature = self.program.graph_signature
        tensors = {**self.program.constants, **self.program.state_dict}
        states = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
        constants = getattr(signature, "inputs_to_lifted_tensor_constants", {})
        for node in self.program.graph.nodes:
            if node.op != "placeholder":
                continue
            if node.name in states or node.name in constants:
                name = states.get(node.name)
                self._values[node] = Constant(tensors[name or constants[node.name]].detach(), name)
            elif node.name in signature.user_inputs:
                self._values[node] = Image(self.input_name, tuple(node.meta["val"].shape))

    def _results(self, node: Any) -> list[Any]:
        """What the module returns; an input that it wrote over is not among it."""
        kinds = [each.kind.name for each in self.program.graph_signature.output_specs]
        return [value for value, kind in zip(self._seen(node.args[0]), kinds) if kind == "USER_OUTPUT"]

    def _seen(self, value: Any) -> Any:
        """Arguments with what stands for them."""
        if isinstance(value, torch.fx.Node):
            return self._values[value]
        if isinstance(value, (list, tuple)):
            return [self._seen(each) for each in value]
        return value

    def _call(self, node: Any) -> Any:
        args, kwargs = self._seen(list(node.args)), {key: self._seen(value) for key, value in node.kwargs.items()}
        if node.target is operator.getitem:
            return self._item(node, *args)
        if not _is_operation(node):
            raise refuse(f"'{node.target}' is no operation of ATen", origin_of(node), "write it without control flow")
        if not node.target._schema.returns:
            return None  # an assertion
        packet, overload = operation_of(node), node.target._overloadname
        given = list(_flat([args, list(kwargs.values())]))
        if not any(isinstance(value, (Image, Partial)) for value in given):
            return self._fold(node, packet, args, kwargs)
        return self._apply(node, packet, overload, given, _bound(node.target._schema, args, kwargs))

    def _item(self, node: Any, values: list[Any], index: int) -> Any:
        """One of several results; rules give those that Mirra has."""
        if index < len(values):
            return values[index]
        if not node.users:
            return None
        raise refuse(
            f"result {index} of '{operation_of(node.args[0])}' has no operation in Mirra",
            origin_of(node.args[0]),
            "use its first result alone",
        )

    def _apply(self, node: Any, packet: str, overload: str, given: list[Any], arguments: list[Any]) -> Any:
        step = Step(self, node, packet)
        found = RULES.get(f"{packet}.{overload}") or RULES.get(packet)
        if found is None:
            advice = ADVICE.get(packet, "write this step with the operations that Mirra has")
            raise step.refuse(f"Mirra has no operation for '{packet}'", advice)
        if found not in ARITHMETIC and any(isinstance(value, Partial) for value in given):
            raise step.refuse(
                f"'{packet}' of a mean or variance over channels has no operation in Mirra",
                NORMALISATION_HINT,
            )
        return found(step, *arguments)

    def _fold(self, node: Any, packet: str, args: Any, kwargs: Any) -> Any:
        """What does not depend on the picture is computed here and now."""
        with torch.no_grad():
            result = node.target(*_tensors(args), **{key: _tensors(value) for key, value in kwargs.items()})
        if not isinstance(result, torch.Tensor):
            return [Constant(each, None) for each in result] if isinstance(result, (list, tuple)) else result
        first = args[0] if args and isinstance(args[0], Constant) else None
        keeps = first is not None and packet in RESHAPES and first.tensor.numel() == result.numel()
        return Constant(result, first.name if first is not None and keeps else None)

    def _output(self, value: Any, node: Any) -> Image:
        if isinstance(value, Image) and value.layout == "NC":
            flat = Node(self.free_name("flatten"), "flatten", [value.source], {})
            self.nodes.append(flat)
            return Image(flat.name, value.shape, "NF")
        if isinstance(value, Image) and value.layout in ("NCHW", "NF"):
            return value
        raise refuse(
            "an output is no picture that depends on the input", origin_of(node), "return tensors (N, C, H, W) only"
        )


def _flat(values: list[Any]) -> Any:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _tensors(value: Any) -> Any:
    if isinstance(value, list):
        return [_tensors(each) for each in value]
    return value.tensor if isinstance(value, Constant) else value


def _bound(schema: Any, args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    """All arguments of a schema in its order, with defaults."""
    found = []
    for index, argument in enumerate(schema.arguments):
        found.append(args[index] if index < len(args) else kwargs.get(argument.name, argument.default_value))
    return found

"""Rules of sums, products and normalisations: of two pictures, or of a picture and a number for each channel."""

from __future__ import annotations

from typing import Any

import torch  # pyright: ignore[reportMissingImports]

from mirra.pytorch import _statistics
from mirra.pytorch._lower import ADVICE, NORMALISATION_HINT, Step, rule
from mirra.pytorch._values import Constant, Image, Partial

CONSTANT_HINT = "only a number, or a tensor with one number for each channel, (1, C, 1, 1), can be added or multiplied"


def vector(step: Step, value: Any, image: Image) -> Constant:
    """A number, or a tensor with one number for each channel, as a flat tensor of 1 or C numbers."""
    if isinstance(value, (int, float)):
        return Constant(torch.tensor([float(value)], dtype=torch.float64), None)
    tensor, axis = value.tensor, len(image.shape) - image.layout.index("F" if image.layout == "NF" else "C")
    extents = {place: extent for place, extent in enumerate(reversed(tensor.shape), 1) if extent != 1}
    if extents and extents != {axis: image.channels}:
        raise step.refuse(f"a constant of shape {list(tensor.shape)} differs from pixel to pixel", CONSTANT_HINT)
    return Constant(tensor.reshape(-1).double().cpu(), value.name)


def affine(step: Step, image: Image, weight: Any = None, bias: Any = None) -> Image:
    """The picture times the weight, plus the bias."""
    given = {"weight": weight, "bias": bias}
    weights = {role: vector(step, value, image) for role, value in given.items() if value is not None}
    return step.emit("affine", [image], {"channels": image.channels}, weights, image.shape)


def paired(step: Step, op: str, one: Image, other: Image) -> Image:
    """A sum or product of two pictures; one of them may have one pixel, or one channel."""
    if one.shape != step.shape:
        one, other = other, one
    if one.shape != step.shape or one.layout != other.layout:
        raise step.refuse(f"'{op}' of {list(one.shape)} and {list(other.shape)} widens both", "widen one at most")
    if other.shape != one.shape:
        count, channels, height, width = one.shape
        if other.shape not in ((count, channels, 1, 1), (count, 1, height, width)):
            raise step.refuse(
                f"'{op}' of {list(one.shape)} and {list(other.shape)}",
                "the smaller one has height and width 1, or one channel",
            )
    return step.emit(op, [one, other])


def known(step: Step, found: Partial | None) -> Any:
    """What a step of a normalisation gives; the last one is the whole."""
    if found is None:
        raise step.refuse(
            f"'{step.operation}' of a mean or variance over channels has no operation in Mirra",
            NORMALISATION_HINT,
        )
    if found.kind != "normalised":
        return found
    attributes = {"channels": found.of.channels, "epsilon": found.number}
    return step.emit("layer_norm", [found.of], attributes)


def negative(step: Step, value: Any) -> Any:
    """The value with its sign turned."""
    if isinstance(value, Image):
        return affine(step, value, weight=-1)
    return Constant(-value.tensor, None) if isinstance(value, Constant) else -value


def of_both(one: Any, other: Any, kind: type) -> bool:
    """Whether one of two is of a kind."""
    return isinstance(one, kind) or isinstance(other, kind)


@rule("add", arithmetic=True)
def add(step: Step, one: Any, other: Any, alpha: float = 1) -> Any:
    if of_both(one, other, Partial):
        return known(step, _statistics.add(one, other))
    if alpha != 1:
        other = multiply(step, other, alpha) if isinstance(other, Image) else _product(other, alpha)
    if isinstance(one, Image) and isinstance(other, Image):
        return paired(step, "add", one, other)
    image, constant = (one, other) if isinstance(one, Image) else (other, one)
    return affine(step, image, bias=constant)


@rule("sub", arithmetic=True)
def subtract(step: Step, one: Any, other: Any, alpha: float = 1) -> Any:
    if of_both(one, other, Partial):
        return known(step, _statistics.subtract(one, other))
    return add(step, one, negative(step, other if alpha == 1 else multiply(step, other, alpha)))


@rule("rsub", arithmetic=True)
def subtract_from(step: Step, one: Any, other: Any, alpha: float = 1) -> Any:
    return subtract(step, other, one, alpha)


@rule("neg")
def negate(step: Step, value: Image) -> Image:
    return affine(step, value, weight=-1)


@rule("mul", arithmetic=True)
def multiply(step: Step, one: Any, other: Any) -> Any:
    if of_both(one, other, Partial):
        return known(step, _statistics.multiply(one, other))
    if isinstance(one, Image) and isinstance(other, Image):
        return paired(step, "multiply", one, other)
    image, constant = (one, other) if isinstance(one, Image) else (other, one)
    return affine(step, image, weight=constant)


@rule("div.Tensor", "div.Scalar", arithmetic=True)
def divide(step: Step, one: Any, other: Any) -> Any:
    if of_both(one, other, Partial):
        return known(step, _statistics.divide(one, other))
    if isinstance(other, Image):
        raise step.refuse("division by a picture has no operation in Mirra", "divide by constants only")
    if not isinstance(other, Constant) and other == 0:
        raise step.refuse("a division by zero", "divide by another number")
    inverse = Constant(1 / other.tensor.double(), None) if isinstance(other, Constant) else 1 / other
    return affine(step, one, weight=inverse)


@rule("pow.Tensor_Scalar", arithmetic=True)
def power(step: Step, value: Any, exponent: float) -> Any:
    if isinstance(value, Partial):
        return known(step, _statistics.power(value, exponent))
    if exponent != 2:
        raise step.refuse(f"the power {exponent} has no operation in Mirra", "only squares are known")
    return step.emit("multiply", [value, value])


@rule("square", arithmetic=True)
def square(step: Step, value: Any) -> Any:
    return power(step, value, 2)


@rule("sqrt", "rsqrt", "reciprocal", arithmetic=True)
def root(step: Step, value: Any) -> Any:
    exponent = {"sqrt": 0.5, "rsqrt": -0.5, "reciprocal": -1}[step.operation]
    return power(step, value, exponent)


@rule("mean.dim", arithmetic=True)
def mean(step: Step, value: Any, dims: Any, keep: bool = False, dtype: Any = None) -> Any:
    of = value.of if isinstance(value, Partial) else value
    axes = {dim % len(of.shape) for dim in dims or range(len(of.shape))}
    if axes == {1} and keep and of.layout == "NCHW":
        return known(step, _statistics.mean(value))
    if axes == {2, 3} and isinstance(value, Image) and of.layout == "NCHW":
        return step.emit("global_avg_pool", [value], layout="NCHW" if keep else "NC")
    raise step.refuse(
        f"the mean over the dimensions {sorted(axes)} of {list(of.shape)} has no operation in Mirra",
        "means are over height and width, or over channels in a normalisation, with keepdim=True",
    )


@rule("var.dim")
def variance_of(step: Step, value: Any, dims: Any, unbiased: bool = True, keep: bool = False) -> Any:
    return variance(step, value, dims, int(unbiased), keep)


@rule("var.correction")
def variance(step: Step, value: Any, dims: Any, correction: Any = None, keep: bool = False) -> Any:
    if isinstance(value, Image) and value.layout == "NCHW" and list(dims or ()) == [1] and correction == 0 and keep:
        return Partial("variance", value)
    raise step.refuse(
        "this variance has no operation in Mirra",
        "in a normalisation over channels it is x.var(1, keepdim=True, unbiased=False)",
    )


@rule("layer_norm")
def layer_norm(step: Step, value: Image, sizes: Any, weight: Any, bias: Any, epsilon: float, *rest: Any) -> Image:
    if value.layout != "NHWC" or list(sizes) != [value.channels]:
        raise step.refuse(
            f"layer_norm over {list(sizes)} of {list(value.shape)} has no operation in Mirra",
            "permute to (N, H, W, C), normalise over C alone, and permute back",
        )
    given = {"weight": weight, "bias": bias}
    weights = {role: vector(step, each, value) for role, each in given.items() if each is not None}
    return step.emit("layer_norm", [value], {"channels": value.channels, "epsilon": epsilon}, weights)


def _product(value: Any, factor: float) -> Any:
    return Constant(value.tensor * factor, None) if isinstance(value, Constant) else value * factor


ADVICE.update(
    dict.fromkeys(
        ("instance_norm", "group_norm", "native_group_norm", "_native_batch_norm_legit"),
        "it depends on the whole picture, so that tiles would differ; use batch norm, or a normalisation over channels",
    )
)

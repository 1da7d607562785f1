"""Rules of convolutions, pooling, curves, and what changes sizes, channels or layout."""

from __future__ import annotations

import math
from typing import Any

import torch  # pyright: ignore[reportMissingImports]

from mirra.pytorch._arithmetic import affine
from mirra.pytorch._lower import ADVICE, Step, rule
from mirra.pytorch._values import Constant, Image

SAME = "use the same value for height and width"
UNSHUFFLED, SHUFFLED = "NChwHW", "NCHaWb"
"""Layouts of pixels that are (un)shuffled by hand: "NCHhWw" is on the way to the first, "NCabHW" to the second."""


def pair(step: Step, value: Any, what: str) -> int:
    """The value of both axes."""
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(values) not in (1, 2) or len(set(values)) != 1:
        raise step.refuse(f"'{step.operation}' has the {what} {values}", SAME)
    return int(values[0])


def picture(step: Step, value: Any) -> Image:
    """An input that must be (N, C, H, W)."""
    if isinstance(value, Image) and value.layout == "NCHW":
        return value
    raise step.refuse(f"'{step.operation}' of something that is no picture (N, C, H, W)", "give it a picture")


def weight_of(step: Step, value: Any) -> Constant:
    """Weights must not depend on the picture."""
    if isinstance(value, Constant):
        return value
    raise step.refuse(f"the weights of '{step.operation}' depend on the picture", "use weights that are parameters")


# ---- convolutions


def convolve(
    step: Step, op: str, image: Image, weight: Any, bias: Any, groups: int, attributes: dict[str, int]
) -> Image:
    kernel, image = weight_of(step, weight), picture(step, image)
    if kernel.tensor.dim() != 4:
        raise step.refuse("a convolution of other than two dimensions", "use Conv2d and ConvTranspose2d")
    rows, columns = kernel.tensor.shape[2:]
    if rows != columns:
        raise step.refuse(f"the kernel is {rows} x {columns}", "use square kernels; zeros may fill them up")
    transposed = op == "conv_transpose2d"
    attributes = {
        "in_channels": image.channels,
        "out_channels": kernel.tensor.shape[1 if transposed else 0],
        "kernel": rows,
        **attributes,
    }
    if not transposed:
        attributes["groups"] = groups
    elif groups != 1:
        raise step.refuse("a transposed convolution with groups", "use groups=1, or upsampling and a convolution")
    weights = {"weight": kernel} if bias is None else {"weight": kernel, "bias": weight_of(step, bias)}
    return step.emit(op, [image], attributes, weights)


@rule("conv2d")
def conv2d(
    step: Step, image: Image, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Image:
    dilated = pair(step, dilation, "dilation")
    if isinstance(padding, str):
        reach = dilated * (weight_of(step, weight).tensor.shape[-1] - 1)
        if padding == "same" and reach % 2:
            raise step.refuse("padding='same' of an even kernel differs from side to side", "use an odd kernel")
        padding = reach // 2 if padding == "same" else 0
    attributes = {
        "stride": pair(step, stride, "stride"),
        "padding": pair(step, padding, "padding"),
        "dilation": dilated,
    }
    return convolve(step, "conv2d", image, weight, bias, groups, attributes)


@rule("conv_transpose2d")
def conv_transpose2d(
    step: Step,
    image: Image,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Image:
    if pair(step, dilation, "dilation") != 1:
        raise step.refuse("a transposed convolution with dilation", "use dilation=1")
    attributes = {
        "stride": pair(step, stride, "stride"),
        "padding": pair(step, padding, "padding"),
        "output_padding": pair(step, output_padding, "output padding"),
    }
    return convolve(step, "conv_transpose2d", image, weight, bias, groups, attributes)


@rule("convolution")
def convolution(
    step: Step,
    image: Image,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Image:
    if transposed:
        return conv_transpose2d(step, image, weight, bias, stride, padding, output_padding, groups, dilation)
    return conv2d(step, image, weight, bias, stride, padding, dilation, groups)


@rule("linear")
def linear(step: Step, value: Image, weight: Any, bias: Any = None) -> Image:
    """Of one pixel, or of each pixel, it is a convolution by 1 x 1."""
    kernel = weight_of(step, weight)
    wide, deep = kernel.tensor.shape
    weights = {"weight": kernel} if bias is None else {"weight": kernel, "bias": weight_of(step, bias)}
    if value.layout == "NF":
        return step.emit("linear", [value], {"in_channels": deep, "out_channels": wide}, weights)
    if value.layout not in ("NC", "NHWC"):
        raise step.refuse("a linear layer over the width of a picture", "permute to (N, H, W, C) for it, or flatten")
    weights["weight"] = Constant(kernel.tensor.reshape(wide, deep, 1, 1), kernel.name)
    attributes = {"in_channels": deep, "out_channels": wide, "kernel": 1}
    return step.emit("conv2d", [value], attributes, weights)


@rule("batch_norm")
def batch_norm(
    step: Step,
    image: Image,
    weight: Any,
    bias: Any,
    mean: Any,
    var: Any,
    training: bool,
    momentum: float,
    eps: float,
    *rest: Any,
) -> Image:
    if training or mean is None:
        raise step.refuse("batch norm without running statistics", "use track_running_stats=True, and train it")
    return normalised(step, image, weight, bias, mean, var, eps)


@rule("_native_batch_norm_legit_no_training")
def batch_norm_evaluated(
    step: Step, image: Image, weight: Any, bias: Any, mean: Any, var: Any, momentum: float, eps: float
) -> list[Image]:
    return [normalised(step, image, weight, bias, mean, var, eps)]


def normalised(step: Step, image: Image, weight: Any, bias: Any, mean: Any, var: Any, epsilon: float) -> Image:
    weights = {
        "weight": Constant(torch.ones(1), None) if weight is None else weight,
        "bias": Constant(torch.zeros(1), None) if bias is None else bias,
        "running_mean": mean,
        "running_var": var,
    }
    attributes = {"channels": image.channels, "epsilon": epsilon}
    return step.emit("batch_norm", [picture(step, image)], attributes, weights, image.shape)


# ---- curves


@rule("relu", "silu", "sigmoid", "tanh")
def curve(step: Step, value: Image) -> Image:
    return step.emit(step.operation, [value])


@rule("leaky_relu")
def leaky_relu(step: Step, value: Image, slope: float) -> Image:
    return step.emit("leaky_relu", [value], {"slope": float(slope)})


@rule("gelu")
def gelu(step: Step, value: Image, approximate: str) -> Image:
    return step.emit("gelu", [value], {"approximate": int(approximate == "tanh")})


@rule("prelu")
def prelu(step: Step, value: Image, weight: Any) -> Image:
    slopes = weight_of(step, weight)
    return step.emit("prelu", [value], {"channels": value.channels}, {"weight": slopes})


@rule("hardtanh", "clamp", "relu6", "clamp_min", "clamp_max")
def clamp(step: Step, value: Image, low: Any = None, high: Any = None) -> Image:
    """Below and above by one ReLU each: low + relu(x - low), and the same from above."""
    if step.operation == "clamp_max":
        low, high = None, low
    low, high = (0, 6) if step.operation == "relu6" else (low, high)
    for bound, sign in ((low, 1), (high, -1)):
        if bound is not None:
            if not isinstance(bound, (int, float)):
                raise step.refuse("bounds that are tensors have no operation in Mirra", "clamp by numbers")
            if bound == -sign * math.inf:
                continue  # no bound
            beyond = (bound, sign) != (0, 1)
            value = affine(step, value, weight=sign, bias=-sign * bound) if beyond else value
            value = step.emit("relu", [value])
            value = affine(step, value, weight=sign, bias=bound) if beyond else value
    return value


# ---- pooling


@rule("max_pool2d", "max_pool2d_with_indices")
def max_pool(
    step: Step, image: Image, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool
) -> Image | list[Image]:
    if pair(step, dilation, "dilation") != 1:
        raise step.refuse("max pooling with dilation", "use dilation=1")
    found = step.emit(
        "max_pool",
        [picture(step, image)],
        window(step, kernel, stride, padding, ceil),
        shape=pooled(image, step),
    )
    return [found] if step.operation == "max_pool2d_with_indices" else found


@rule("avg_pool2d")
def avg_pool(
    step: Step, image: Image, kernel: Any, stride: Any, padding: Any, ceil: bool, counted: bool, divisor: Any
) -> Image:
    attributes = window(step, kernel, stride, padding, ceil)
    if divisor is not None or (attributes["padding"] and not counted):
        raise step.refuse(
            "average pooling with a divisor of its own, or without its padding", "use count_include_pad=True"
        )
    return step.emit("avg_pool", [picture(step, image)], attributes)


def pooled(image: Image, step: Step) -> tuple[int, ...]:
    """Of a result that comes with indices, the result's alone."""
    values = step.node.meta["val"]
    return tuple((values[0] if isinstance(values, (list, tuple)) else values).shape)


def window(step: Step, kernel: Any, stride: Any, padding: Any, ceil: bool) -> dict[str, Any]:
    attributes = {
        "kernel": pair(step, kernel, "kernel"),
        "stride": pair(step, stride or kernel, "stride"),
        "padding": pair(step, padding, "padding"),
    }
    # At the sizes that the network takes, multiples of the stride, both roundings are one.
    if ceil and (attributes["kernel"] != attributes["stride"] or attributes["padding"]):
        raise step.refuse("pooling with ceil_mode has no operation in Mirra", "use ceil_mode=False")
    return attributes


@rule("adaptive_avg_pool2d", "_adaptive_avg_pool2d")
def adaptive_avg_pool(step: Step, image: Image, sizes: Any) -> Image:
    extent = pair(step, sizes, "output size")
    if extent == 1:
        return step.emit("global_avg_pool", [picture(step, image)])
    return step.emit("adaptive_avg_pool", [picture(step, image)], {"extent": extent})


# ---- sizes


@rule("upsample_nearest2d", "_upsample_nearest_exact2d")
def nearest(step: Step, image: Image, *rest: Any) -> Image:
    return step.emit("upsample_nearest", [picture(step, image)], {"factor": enlargement(step, image)})


@rule("upsample_bilinear2d")
def bilinear(step: Step, image: Image, sizes: Any, align_corners: bool, *rest: Any) -> Image:
    if align_corners:
        raise step.refuse("bilinear upsampling with align_corners=True", "use align_corners=False, and train it so")
    return step.emit("upsample_bilinear", [picture(step, image)], {"factor": enlargement(step, image)})


def enlargement(step: Step, image: Image) -> int:
    factors = {after / before for after, before in zip(step.shape[2:], image.shape[2:])}
    factor = factors.pop()
    if factors or factor != int(factor):
        raise step.refuse(
            f"an enlargement from {list(image.shape[2:])} to {list(step.shape[2:])}",
            "enlarge by whole factors; to halve, use a convolution with a stride or average pooling",
        )
    return int(factor)


@rule("pixel_shuffle", "pixel_unshuffle")
def pixel_shuffle(step: Step, image: Image, factor: int) -> Image:
    return step.emit(step.operation, [picture(step, image)], {"factor": factor})


@rule("pad", "constant_pad_nd", "reflection_pad2d")
def pad(step: Step, image: Image, sizes: Any, mode: Any = "constant", value: Any = None) -> Image:
    if step.operation == "constant_pad_nd":
        mode, value = "constant", mode
    if step.operation == "reflection_pad2d":
        mode = "reflect"
    sides: dict[str, int] = dict(zip(("left", "right", "top", "bottom"), [*sizes, 0, 0]))
    if not any(sizes):
        return image
    if any(sizes[4:]) or mode not in ("constant", "reflect"):
        raise step.refuse(f"padding by {list(sizes)} with mode '{mode}'", "pad height and width, by zeros or 'reflect'")
    if max(sizes) <= 0:
        return cropped(step, image, {side: -size for side, size in sides.items()})
    if min(sizes) < 0 or (mode == "constant" and value):
        raise step.refuse(f"padding by {list(sizes)} with {value}", "pad by zeros, and crop in a step of its own")
    return step.emit("zero_pad" if mode == "constant" else "reflection_pad", [picture(step, image)], sides)


def cropped(step: Step, image: Image, sides: dict[str, int]) -> Image:
    return step.emit("crop", [picture(step, image)], sides)


# ---- channels, and views


@rule("slice")
def part(step: Step, image: Image, dim: int = 0, start: Any = None, end: Any = None, stride: int = 1) -> Image:
    axis = dim % len(image.shape)
    extent = image.shape[axis]
    begin, end, _ = slice(start, end).indices(extent)
    if (begin, end, stride) == (0, extent, 1):
        return image
    if stride != 1 or axis == 0 or image.layout != "NCHW":
        raise step.refuse(f"a slice of dimension {axis} by {begin}:{end}:{stride}", "slice channels, rows or columns")
    if axis == 1:
        return channels(step, image, begin, end)
    before, after = ("top", "bottom") if axis == 2 else ("left", "right")
    return cropped(step, image, {before: begin, after: extent - end})


@rule("narrow")
def narrow(step: Step, image: Image, dim: int, start: int, length: int) -> Image:
    return part(step, image, dim, start, start + length)


def channels(step: Step, image: Image, begin: int, end: int) -> Image:
    shape = (image.shape[0], end - begin, *image.shape[2:])
    return step.emit("channel_slice", [picture(step, image)], {"begin": begin, "end": end}, shape=shape)


@rule("split", "split_with_sizes", "chunk")
def split(step: Step, image: Image, sizes: Any, dim: int = 0) -> list[Image]:
    extent = image.shape[dim]
    if dim % len(image.shape) != 1:
        raise step.refuse(f"a split of dimension {dim}", "split channels, dim=1")
    if step.operation == "chunk":
        sizes = math.ceil(extent / sizes)
    if isinstance(sizes, int):
        sizes = [min(sizes, extent - begin) for begin in range(0, extent, sizes)]
    ends = torch.tensor(sizes).cumsum(0).tolist()
    return [channels(step, image, end - size, end) for size, end in zip(sizes, ends)]


@rule("cat")
def concat(step: Step, images: list[Any], dim: int = 0) -> Image:
    if dim % len(step.shape) != 1:
        raise step.refuse(f"a concatenation along dimension {dim}", "put channels together, dim=1")
    if len(images) > 64:
        raise step.refuse(f"a concatenation of {len(images)} tensors", "put at most 64 together at once")
    return step.emit("concat", [picture(step, image) for image in images])


@rule("permute", "transpose")
def permute(step: Step, image: Image, *order: Any) -> Image:
    """To channels last and back; or the middle step of (un)shuffling pixels."""
    places = list(range(len(image.shape)))
    if step.operation == "transpose":
        one, other = order
        places[one], places[other] = places[other], places[one]
    else:
        places = [place % len(image.shape) for place in order[0]]
    layout = "".join(image.layout[place] for place in places)
    if layout in ("NCHW", "NHWC", UNSHUFFLED, SHUFFLED):
        return Image(image.source, step.shape, layout)
    raise step.refuse(f"dimensions in the order {places}", "permute to (N, H, W, C) and back only")


@rule("view", "reshape", "_unsafe_view", "flatten", "squeeze", "unsqueeze", "expand")
def view(step: Step, value: Image, *rest: Any) -> Image:
    shape = step.shape
    if shape == value.shape:
        return value
    layout = seen_as(value, shape)
    if layout == "NF":
        return step.emit("flatten", [value], layout=layout)
    if layout is not None:
        return Image(value.source, shape, layout)
    if value.layout == UNSHUFFLED and shape == (shape[0], math.prod(value.shape[1:4]), *value.shape[4:]):
        return step.emit("pixel_unshuffle", [value._replace(layout="NCHW")], {"factor": value.shape[2]})
    if value.layout == SHUFFLED and shape == (*shape[:2], math.prod(value.shape[2:4]), math.prod(value.shape[4:])):
        return step.emit("pixel_shuffle", [value._replace(layout="NCHW")], {"factor": value.shape[3]})
    raise step.refuse(
        f"a view of {list(value.shape)} as {list(shape)}",
        "flatten all but the batch, or give one pixel (N, C) as (N, C, 1, 1); for (un)shuffling use nn.PixelShuffle",
    )


def seen_as(value: Image, shape: tuple[int, ...]) -> str | None:
    """The layout of a picture that is viewed as another shape; None: there is none."""
    if value.layout == "NC":
        return {(*value.shape, 1): "NC1", (*value.shape, 1, 1): "NCHW"}.get(shape)
    if value.layout == "NC1":
        return {(*value.shape, 1): "NCHW", value.shape[:2]: "NC"}.get(shape)
    if value.layout != "NCHW" or shape[0] != value.shape[0]:
        return None
    _, channels, height, width = value.shape
    if len(shape) == 2:
        return "NC" if (height, width) == (1, 1) else "NF"
    if len(shape) != 6:
        return None
    if shape[1] == channels and shape[3] == shape[5] and shape[2] * shape[3] == height:
        return "NCHhWw"
    return "NCabHW" if shape[4:] == (height, width) and shape[2] == shape[3] else None


@rule("dropout", "feature_dropout")
def dropout(step: Step, value: Image, share: float, training: bool) -> Image:
    if training and share:
        raise step.refuse("dropout that does not end with training", "use nn.Dropout, or F.dropout with self.training")
    return value


@rule("clone", "contiguous", "detach", "alias", "lift_fresh_copy", "_to_copy", "to", "type_as")
def unchanged(step: Step, value: Image, *rest: Any) -> Image:
    if isinstance(step.node.meta.get("val"), torch.Tensor) and step.node.meta["val"].dtype != torch.float32:
        raise step.refuse(f"a change to {step.node.meta['val'].dtype}", "compute in torch.float32 throughout")
    return value


ADVICE.update(
    {
        "upsample_bicubic2d": "use bilinear or nearest upsampling, or nn.PixelShuffle",
        "_softmax": "attention has no operation in Mirra",
        "softmax": "attention has no operation in Mirra",
        "scaled_dot_product_attention": "attention has no operation in Mirra",
        "bmm": "products of two pictures' matrices have no operation in Mirra",
        "matmul": "products of two pictures' matrices have no operation in Mirra",
        "grid_sampler": "warping has no operation in Mirra",
        "replication_pad2d": "pad by zeros or padding_mode='reflect'",
        "roll": "shifted windows have no operation in Mirra",
        "hardswish": "use ReLU, LeakyReLU, PReLU, SiLU or GELU",
        "mish": "use ReLU, LeakyReLU, PReLU, SiLU or GELU",
        "elu": "use ReLU, LeakyReLU, PReLU, SiLU or GELU",
        "softplus": "use ReLU, LeakyReLU, PReLU, SiLU or GELU",
        "select": "keep the dimension: x[:, 0:1] instead of x[:, 0]",
        "unbind": "keep the dimension: x.split(1, dim=1)",
        "adaptive_max_pool2d": "use average pooling",
        "amax": "use average pooling",
    }
)

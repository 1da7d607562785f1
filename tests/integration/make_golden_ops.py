#!/usr/bin/env python3
"""Writes tests/unit/golden_ops.json: what PyTorch makes of graphs of one or a few operations, for runtime_golden_test.cpp.

    make_golden_ops.py OUT

A case holds the graph as bundles have it, the shapes of its inputs, and samples of its output. Inputs and weights are
functions of their names and places alone, as in make_golden.py. To be run again when an operation is added; needs torch.
"""
import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from make_golden import values

SAMPLES = 97
CHANNELS = 6


class Case:
    """Builds a graph and runs it in PyTorch, node by node."""

    def __init__(self, name, **inputs):
        self.graph = {"name": name, "inputs": [{"name": key, "channels": shape[1]} for key, shape in inputs.items()],
                      "nodes": [], "outputs": []}
        self.shapes = inputs
        self.tensors = {key: values(f"{name} {key}", shape, -3, 3) for key, shape in inputs.items()}

    def weight(self, name, shape):
        if name.endswith("running_var"):
            return values(f"{self.graph['name']} {name}", shape, 0.5, 1.5)
        bound = 1 if len(shape) == 1 else (6 / torch.Size(shape[1:]).numel()) ** 0.5
        return values(f"{self.graph['name']} {name}", shape, -bound, bound)

    def __call__(self, op, run, *inputs, attributes=None, **weights):
        """One more node: `run` takes the inputs and then the weights."""
        name = f"n{len(self.graph['nodes'])}"
        node = {"name": name, "op": op, "inputs": list(inputs)}
        if attributes:
            node["attributes"] = attributes
        if weights:
            node["weights"] = {role: f"{name}.{role}" for role in weights}
        self.graph["nodes"].append(node)
        given = {role: self.weight(f"{name}.{role}", shape) for role, shape in weights.items()}
        self.tensors[name] = run(*[self.tensors[key] for key in inputs], **given)
        return name

    def done(self):
        last = self.graph["nodes"][-1]["name"]
        self.graph["outputs"] = [{"name": "y", "source": last}]
        flat = self.tensors[last].flatten()
        step = max(1, flat.numel() // SAMPLES)
        return {"graph": self.graph, "shapes": self.shapes, "step": step, "samples": [round(v, 6) for v in flat[::step].tolist()]}

    # -- the operations

    def conv(self, x, out, kernel=3, stride=1, groups=1):
        channels = self.tensors[x].shape[1]
        attributes = {"in_channels": channels, "out_channels": out, "kernel": kernel, "stride": stride,
                      "padding": kernel // 2, "groups": groups}
        return self("conv2d", lambda x, weight, bias: F.conv2d(x, weight, bias, stride, kernel // 2, 1, groups), x,
                    attributes=attributes, weight=[out, channels // groups, kernel, kernel], bias=[out])

    def prelu(self, x):
        channels = self.tensors[x].shape[1]
        return self("prelu", lambda x, weight: F.prelu(x, weight), x, attributes={"channels": channels}, weight=[channels])

    def silu(self, x):
        return self("silu", F.silu, x)

    def gelu(self, x, approximate=0):
        return self("gelu", lambda x: F.gelu(x, approximate=["none", "tanh"][approximate]), x,
                    attributes={"approximate": approximate})

    def leaky_relu(self, x):
        return self("leaky_relu", lambda x: F.leaky_relu(x, 0.2), x, attributes={"slope": 0.2})

    def gelu_tanh(self, x):
        return self.gelu(x, 1)

    def relu(self, x):
        return self("relu", F.relu, x)

    def sigmoid(self, x):
        return self("sigmoid", torch.sigmoid, x)

    def add(self, a, b):
        return self("add", lambda a, b: a + b, a, b)

    def multiply(self, a, b):
        return self("multiply", lambda a, b: a * b, a, b)

    def scale(self, x, bias):
        channels = self.tensors[x].shape[1]
        each = lambda v: v.view(1, -1, 1, 1)
        roles = {"weight": [channels], **({"bias": [channels]} if bias else {})}
        run = lambda x, weight, bias=torch.zeros(channels): x * each(weight) + each(bias)
        return self("scale", run, x, attributes={"channels": channels}, **roles)

    def layer_norm(self, x, epsilon=1e-6):
        channels = self.tensors[x].shape[1]

        def run(x, weight, bias):
            return F.layer_norm(x.permute(0, 2, 3, 1), [channels], weight, bias, epsilon).permute(0, 3, 1, 2)
        return self("layer_norm", run, x, attributes={"channels": channels, "epsilon": epsilon}, weight=[channels], bias=[channels])

    def shuffle(self, x, factor):
        return self("pixel_shuffle", lambda x: F.pixel_shuffle(x, factor), x, attributes={"factor": factor})

    def unshuffle(self, x, factor):
        return self("pixel_unshuffle", lambda x: F.pixel_unshuffle(x, factor), x, attributes={"factor": factor})

    def bilinear(self, x, factor):
        run = lambda x: F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
        return self("upsample_bilinear", run, x, attributes={"factor": factor})

    def pool(self, x):
        return self("global_avg_pool", lambda x: F.adaptive_avg_pool2d(x, 1), x)

    def half(self, x, begin, end):
        return self("channel_slice", lambda x: x[:, begin:end], x, attributes={"begin": begin, "end": end})


def picture(channels=CHANNELS, height=12, width=18):
    return [2, channels, height, width]


def single():
    """One operation each."""
    for name in ("prelu", "silu", "gelu", "layer_norm"):
        case = Case(name, x=picture())
        getattr(case, name)("x")
        yield case
    case = Case("gelu-tanh", x=picture())
    case.gelu_tanh("x")
    yield case
    case = Case("layer_norm-epsilon", x=picture())
    case.layer_norm("x", 1e-2)
    yield case
    for bias in (False, True):
        case = Case(f"scale-{bias}", x=picture())
        case.scale("x", bias)
        yield case
    for factor in (2, 3):
        for name, channels in (("shuffle", 4 * 9), ("unshuffle", 2), ("bilinear", 3)):
            case = Case(f"{name}-{factor}", x=picture(channels))
            getattr(case, name)("x", factor)
            yield case
    case = Case("bilinear-4", x=picture(1, 1, 5))
    case.bilinear("x", 4)
    yield case
    for kernel, stride in ((3, 1), (7, 1), (3, 2), (5, 1)):
        case = Case(f"depthwise-{kernel}-{stride}", x=picture(20))
        case.conv("x", 20, kernel, stride, 20)
        yield case


def older():
    """One operation each, of those that the published architectures have."""
    def one(op, run, depth=CHANNELS, weights=None, **attributes):
        case = Case(op, x=picture(depth))
        case(op, run, "x", attributes=attributes, **(weights or {}))
        return case

    yield one("conv_transpose2d", lambda x, weight, bias: F.conv_transpose2d(x, weight, bias, 3, 1, 1),
              weights={"weight": [CHANNELS, 5, 4, 4], "bias": [5]}, in_channels=CHANNELS, out_channels=5, kernel=4, stride=3,
              padding=1, output_padding=1)
    norm = {role: [CHANNELS] for role in ("weight", "bias", "running_mean", "running_var")}
    yield one("batch_norm", lambda x, weight, bias, running_mean, running_var:
              F.batch_norm(x, running_mean, running_var, weight, bias, eps=1e-3), weights=norm, channels=CHANNELS, epsilon=1e-3)
    yield one("leaky_relu", lambda x: F.leaky_relu(x, 0.2), slope=0.2)
    yield one("tanh", torch.tanh)
    yield one("max_pool", lambda x: F.max_pool2d(x, 3, 2, 1), kernel=3, stride=2, padding=1)
    yield one("avg_pool", lambda x: F.avg_pool2d(x, 3, 2, 1), kernel=3, stride=2, padding=1)
    yield one("upsample_nearest", lambda x: F.interpolate(x, scale_factor=3, mode="nearest"), factor=3)
    yield one("reflection_pad", lambda x: F.pad(x, (1, 2, 3, 4), "reflect"), left=1, right=2, top=3, bottom=4)
    yield one("crop", lambda x: x[:, :, 3:-4, 1:-2], left=1, right=2, top=3, bottom=4)
    yield one("normalise", lambda x: (x - 0.3) / 0.7, mean=[0.3], deviation=[0.7])

    taps = torch.tensor([[[1, 1], [1, 1]], [[-1, 1], [-1, 1]], [[-1, -1], [1, 1]], [[1, -1], [-1, 1]]]) / 2
    bands = taps.repeat_interleave(3, 0)[:, None]  # band by band, of three channels
    yield one("haar_analysis", lambda x: F.conv2d(x.repeat(1, 4, 1, 1), bands, stride=2, groups=12), 3)
    yield one("haar_synthesis", lambda x: F.conv_transpose2d(x, bands, stride=2, groups=12).view(2, 4, 3, 24, 36).sum(1), 12)

    case = Case("concat", a=picture(2), b=picture(3))
    case("concat", lambda a, b: torch.cat([a, b], 1), "a", "b")
    yield case
    case = Case("head", x=picture())
    pooled = case("adaptive_avg_pool", lambda x: F.adaptive_avg_pool2d(x, 5), "x", attributes={"extent": 5})
    flat = case("flatten", lambda x: x.flatten(1), pooled)
    case("linear", lambda x, weight, bias: F.linear(x, weight, bias), flat,
         attributes={"in_channels": 25 * CHANNELS, "out_channels": 9}, weight=[9, 25 * CHANNELS], bias=[9])
    yield case


def pairs():
    """Two values, of which the second may be smaller."""
    for op in ("add", "multiply"):
        case = Case(f"{op}-alike", a=picture(), b=picture())
        getattr(case, op)("a", "b")
        yield case
        case = Case(f"{op}-of-channels", a=picture())
        getattr(case, op)("a", case.pool("a"))
        yield case
        case = Case(f"{op}-of-places", a=picture(), b=picture(1))
        getattr(case, op)("a", "b")
        yield case
        # A convolution before the addition, which the compiled graph takes into it where it can.
        case = Case(f"{op}-convolved", a=picture())
        case.relu(getattr(case, op)("a", case.conv(case.pool("a"), CHANNELS, 1)))
        yield case


def curves():
    """Functions of each value, which a convolution before them takes in."""
    for name in ("leaky_relu", "prelu", "silu", "gelu", "gelu_tanh", "relu", "sigmoid"):
        for channels in (3, 16):
            case = Case(f"conv-{channels}-{name}", x=picture(channels))
            getattr(case, name)(case.conv("x", channels))
            yield case


def networks():
    """Blocks of common restoration networks."""
    case = Case("nafnet-block", x=picture(8))
    y = case.conv(case.conv(case.layer_norm("x"), 16, 1), 16, 3, 1, 16)
    y = case.multiply(case.half(y, 0, 8), case.half(y, 8, 16))
    y = case.multiply(y, case.conv(case.pool(y), 8, 1))
    case.add("x", case.scale(case.conv(y, 8, 1), False))
    yield case

    case = Case("rcan-block", x=picture(8))
    y = case.conv(case.relu(case.conv("x", 8)), 8)
    gate = case.sigmoid(case.conv(case.relu(case.conv(case.pool(y), 2, 1)), 8, 1))
    case.add("x", case.multiply(y, gate))
    yield case

    case = Case("srresnet-tail", x=picture(8))
    y = case.prelu(case.shuffle(case.conv("x", 32), 2))
    case.add(case.conv(y, 3), case.bilinear(case.conv("x", 3), 2))
    yield case

    case = Case("convnext-block", x=picture(8))
    y = case.layer_norm(case.conv("x", 8, 7, 1, 8))
    y = case.conv(case.gelu(case.conv(y, 32, 1)), 8, 1)
    case.add("x", case.scale(y, False))
    yield case

    case = Case("spatial-attention", x=picture(8))
    y = case.silu(case.conv("x", 8))
    case.multiply(y, case.sigmoid(case.conv(y, 1, 7)))
    yield case


def main():
    torch.set_num_threads(1)
    with torch.no_grad():
        cases = [case.done() for make in (single, older, pairs, curves, networks) for case in make()]
    text = json.dumps(cases, separators=(",", ":")).replace('{"graph"', '\n{"graph"')
    pathlib.Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()

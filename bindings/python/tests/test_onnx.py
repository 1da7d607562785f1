"""Files of `mirra-train export`: valid, and ONNX Runtime computes what Mirra computes."""

import json
import os
import pathlib
import re
import subprocess

import numpy as np
import pytest

import mirra

onnx = pytest.importorskip("onnx", reason="this system has ONNX for the newest Python alone")
onnxruntime = pytest.importorskip("onnxruntime", reason="this system has ONNX Runtime for the newest Python alone")

ROOT = pathlib.Path(__file__).parents[3]
PREFIX = pathlib.Path(os.environ.get("MIRRA_PREFIX", "/usr"))
DICE = np.random.default_rng(5)

# Each a branch of one graph: op, attributes, shapes of weights.
BRANCHES = [
    (
        "conv2d",
        {"in_channels": 4, "out_channels": 6, "kernel": 3, "stride": 2, "padding": 1, "groups": 2},
        {"weight": [6, 2, 3, 3], "bias": [6]},
    ),
    (
        "conv2d",
        {"in_channels": 4, "out_channels": 3, "kernel": 3, "padding": 2, "dilation": 2},
        {"weight": [3, 4, 3, 3]},
    ),
    (
        "conv_transpose2d",
        {"in_channels": 4, "out_channels": 3, "kernel": 3, "stride": 2, "padding": 1, "output_padding": 1},
        {"weight": [4, 3, 3, 3], "bias": [3]},
    ),
    (
        "batch_norm",
        {"channels": 4, "epsilon": 0.1},
        {"weight": [4], "bias": [4], "running_mean": [4], "running_var": [4]},
    ),
    ("linear", {"in_channels": 24, "out_channels": 5}, {"weight": [5, 24], "bias": [5]}),
    ("relu", {}, {}),
    ("leaky_relu", {"slope": 0.2}, {}),
    ("tanh", {}, {}),
    ("sigmoid", {}, {}),
    ("max_pool", {"kernel": 3, "stride": 2, "padding": 1}, {}),
    ("avg_pool", {"kernel": 3, "stride": 2, "padding": 1}, {}),
    ("global_avg_pool", {}, {}),
    ("adaptive_avg_pool", {"extent": 5}, {}),
    ("flatten", {}, {}),
    ("concat", {}, {}),
    ("add", {}, {}),
    ("channel_slice", {"begin": 1, "end": 3}, {}),
    ("upsample_nearest", {"factor": 3}, {}),
    ("reflection_pad", {"left": 1, "right": 2, "top": 3, "bottom": 4}, {}),
    ("crop", {"left": 1, "right": 0, "top": 0, "bottom": 3}, {}),
    ("normalise", {"mean": [0.1, 0.2, 0.3, 0.4], "deviation": [0.5, 0.6, 0.7, 0.8]}, {}),
    ("haar_analysis", {}, {}),
    ("haar_synthesis", {}, {}),
    ("prelu", {"channels": 4}, {"weight": [4]}),
    ("silu", {}, {}),
    ("gelu", {}, {}),
    ("gelu", {"approximate": 1}, {}),
    ("multiply", {}, {}),
    ("scale", {"channels": 4}, {"weight": [4], "bias": [4]}),
    ("scale", {"channels": 4}, {"weight": [4]}),
    ("layer_norm", {"channels": 4, "epsilon": 0.01}, {"weight": [4], "bias": [4]}),
    ("pixel_shuffle", {"factor": 2}, {}),
    ("pixel_unshuffle", {"factor": 2}, {}),
    ("upsample_bilinear", {"factor": 3}, {}),
]
PAIRED = {"concat", "add", "multiply"}


def every_op():
    """The graph, and weights by name."""
    pooled = {"name": "pooled", "op": "adaptive_avg_pool", "inputs": ["image"], "attributes": {"extent": 2}}
    channels = {
        "name": "six",
        "op": "conv2d",
        "inputs": ["image"],
        "weights": {"weight": "six.weight"},
        "attributes": {"in_channels": 4, "out_channels": 6, "kernel": 1},
    }
    nodes = [channels, dict(pooled, inputs=["six"]), {"name": "row", "op": "flatten", "inputs": ["pooled"]}]
    weights = {"six.weight": [6, 4, 1, 1]}
    for index, (op, attributes, shapes) in enumerate(BRANCHES):
        name = f"{op}.{index}"
        inputs = {"linear": ["row"], "flatten": ["pooled"]}.get(op, ["image", "other"] if op in PAIRED else ["image"])
        nodes.append(
            {
                "name": name,
                "op": op,
                "inputs": inputs,
                "attributes": attributes,
                "weights": {role: f"{name}.{role}" for role in shapes},
            }
        )
        weights |= {f"{name}.{role}": shape for role, shape in shapes.items()}
    ports = [{"name": "image", "channels": 4}, {"name": "other", "channels": 4}]
    outputs = [
        {"name": node["name"], "source": node["name"]} for node in nodes if node["name"] not in ("six", "pooled", "row")
    ]
    values = {
        name: (DICE.random(shape) + 0.1).astype(np.float32) * (-1) ** index
        for index, (name, shape) in enumerate(weights.items())
    }
    values |= {name: np.abs(value) for name, value in values.items() if name.endswith("running_var")}
    return {"name": "every", "inputs": ports, "nodes": nodes, "outputs": outputs}, values


def train(*words):
    result = subprocess.run(
        [PREFIX / "bin" / "mirra-train", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def compare(engine, path, graph, inputs, folder):
    """A graph of a bundle, by Mirra and by ONNX Runtime."""
    file = folder / f"{pathlib.Path(path).stem}-{graph}.onnx"
    if not file.exists():
        train("export", path, "--graph", graph, "--onnx", file)
        onnx.checker.check_model(onnx.load(file), full_check=True)
    with mirra.Bundle(path) as bundle:
        wanted = engine.run_graph(bundle, graph, inputs, precision="fp32")
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    made = dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs)))
    assert {re.sub("_2$", "", name) for name in made} == set(wanted)
    for name, values in made.items():
        truth = np.asarray(wanted[re.sub("_2$", "", name)])
        assert values.shape == truth.shape, name
        assert np.abs(values - truth).max() <= 1e-4 * max(np.abs(truth).max(), 1e-3), name


def tensor(*shape):
    return DICE.random(shape, dtype=np.float32)


def test_every_op(engine, tmp_path):
    listed = set(
        re.findall(r"OP\((\w+)\)", (ROOT / "sdk" / "include" / "mirra" / "graph.hpp").read_text(encoding="utf-8"))
    ) - {"OP"}
    assert {op for op, _, _ in BRANCHES} == listed
    graph, weights = every_op()
    (tmp_path / "every.json").write_text(json.dumps(graph), encoding="utf-8")
    mirra.Tensors(weights).save(tmp_path / "every.safetensors")
    bundle = tmp_path / "every.mirra"
    train(
        "bundle",
        "--graph",
        tmp_path / "every.json",
        "--weights",
        tmp_path / "every.safetensors",
        "--task",
        "none",
        "--storage",
        "f32",
        "-o",
        bundle,
    )
    for batch, height, width in ((1, 16, 24), (2, 20, 12)):
        compare(
            engine,
            bundle,
            "every",
            {"image": tensor(batch, 4, height, width) - 0.5, "other": tensor(batch, 4, height, width)},
            tmp_path,
        )


@pytest.mark.parametrize(
    ("name", "graph", "inputs"),
    [
        ("denoiser-fast", "denoiser", {"image": (1, 3, 48, 64), "noise_level": (1, 1, 48, 64)}),
        ("encoder-resnet18-std", "classifier", {"image": (2, 3, 32, 32)}),
        ("encoder-alexnet-std", "classifier", {"image": (1, 3, 224, 224)}),
        ("inverter-alexnet-ar", "autoencoder-conv5", {"image": (1, 3, 224, 160)}),
    ],
)
def test_bundles_that_ship(engine, tmp_path, name, graph, inputs):
    compare(
        engine,
        engine.find_bundle(f"{name}.mirra"),
        graph,
        {port: tensor(*shape) for port, shape in inputs.items()},
        tmp_path,
    )

"""Modules of PyTorch as networks of Mirra."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="this system has no PyTorch for this Python")

import pytorch_networks as networks  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

import mirra  # noqa: E402
import mirra.pytorch  # noqa: E402
from mirra.pytorch import __main__  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[3]
ARCHITECTURES = [
    networks.DnCNN,
    networks.NAFNet,
    networks.SRVGG,
    networks.RRDBNet,
    networks.FSRCNN,
    networks.IMDN,
    networks.UNet,
]


class Of(nn.Module):
    """A module of a function, with other modules."""

    def __init__(self, function, **modules):
        super().__init__()
        self.function = function
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x):
        return self.function(self, x)


def convert(function, channels=4, **modules):
    return mirra.pytorch.convert(networks.seeded(Of(function, **modules)), channels)


def ops(network):
    return [node["op"] for node in network.graph["nodes"]]


@pytest.fixture(scope="module")
def converted():
    """Each architecture once: (module, network)."""
    found = {}

    def get(kind):
        if kind not in found:
            module = networks.seeded(kind())
            found[kind] = (module, mirra.pytorch.convert(module, 3, name="upscaler"))
        return found[kind]

    return get


def run(network, pixels):
    with mirra.Bundle(network.to_bytes()) as bundle:
        return mirra.engine().run_graph(bundle, network.name, {"image": pixels}, precision="fp32")["image"].numpy()


@pytest.mark.parametrize("kind", ARCHITECTURES, ids=lambda kind: kind.__name__)
class TestArchitecture:
    def test_equals_the_module(self, converted, kind):
        module, network = converted(kind)
        assert network.check() < 1e-5
        pixels = np.random.default_rng(3).random((2, 3, 40, 72), np.float32)
        with torch.no_grad():
            expected = module(torch.from_numpy(pixels)).numpy()
        assert np.abs(run(network, pixels) - expected).max() <= 1e-5 * np.abs(expected).max()

    def test_tiles_equal_the_whole(self, converted, kind):
        _, network = converted(kind)
        with mirra.Bundle(network.to_bytes()) as bundle:
            facts = bundle.graphs[0]
        if not facts.tileable:
            assert kind is networks.NAFNet  # it averages over the whole picture
            return
        left, top, right, bottom = (-(-side // facts.alignment) * facts.alignment for side in facts.halo)
        tile = 4 * facts.alignment
        pixels = np.random.default_rng(4).random((1, 3, top + tile + bottom + 8, left + tile + right + 8), np.float32)
        whole = run(network, pixels)
        part = run(network, pixels[:, :, : top + tile + bottom, : left + tile + right])
        factor = whole.shape[2] // pixels.shape[2]
        rows, columns = (slice(side * factor, (side + tile) * factor) for side in (top, left))
        assert np.abs(whole[:, :, rows, columns] - part[:, :, rows, columns]).max() < 1e-5

    def test_names_are_those_of_the_state_dict(self, converted, kind):
        module, network = converted(kind)
        state = {name for name in module.state_dict() if not name.endswith("num_batches_tracked")}
        assert state - set(network.weights) <= {"middle.1.weight"}  # one slope for all channels
        convolutions = [name for name, each in module.named_modules() if isinstance(each, nn.Conv2d)]
        assert sorted(node["name"] for node in network.graph["nodes"] if node["op"] == "conv2d") == sorted(convolutions)


def test_shapes_of_a_batch_and_modes_are_kept():
    module = networks.DnCNN()
    module.model[3].eval()
    mirra.pytorch.convert(module, 3)
    assert module.training
    assert not module.model[3].training
    assert module.model[4].training


EXACT = {
    "normalise": (lambda m, x: (x - torch.tensor([0.1, 0.2, 0.3, 0.4]).view(1, 4, 1, 1)) / 0.25, ["normalise"]),
    "range": (lambda m, x: x * 2 - 1, ["normalise"]),
    "turned": (lambda m, x: 1 - x, ["scale"]),
    "halved": (lambda m, x: torch.relu(x) / 2 + 3, ["relu", "scale"]),
    "clamp": (lambda m, x: (3 * x).clamp(0.5, 1), ["normalise", "relu", "scale", "relu", "scale"]),
    "gated": (lambda m, x: x * x.mean((2, 3), keepdim=True), ["global_avg_pool", "multiply"]),
    "places": (lambda m, x: x + torch.sigmoid(x[:, 1:2]), ["channel_slice", "sigmoid", "add"]),
    "slices": (
        lambda m, x: torch.cat([x[:, 3:], x.narrow(1, 0, 2), x[:, -2:-1]], 1),
        ["channel_slice"] * 3 + ["concat"],
    ),
    "splits": (lambda m, x: torch.cat(x.split([1, 3], 1)[::-1], 1), ["channel_slice"] * 2 + ["concat"]),
    "reflected": (lambda m, x: F.pad(x, (2, 1, 0, 3), mode="reflect"), ["reflection_pad"]),
    "cropped": (lambda m, x: x[:, :, 2:-1, 3:], ["crop"]),
    "unpadded": (lambda m, x: F.pad(x, (-1, -2, -3, -4)), ["crop"]),
    "nearest": (lambda m, x: F.interpolate(x, scale_factor=3), ["upsample_nearest"]),
    "bilinear": (
        lambda m, x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
        ["upsample_bilinear"],
    ),
    "as large as": (
        lambda m, x: x + F.interpolate(F.avg_pool2d(x, 2), size=x.shape[-2:], mode="bilinear"),
        ["avg_pool", "upsample_bilinear", "add"],
    ),
    "average": (lambda m, x: F.avg_pool2d(x, 3, 1, 1), ["avg_pool"]),
    "largest": (lambda m, x: F.max_pool2d(x, 3, 2, 1), ["max_pool"]),
    "largest of all": (lambda m, x: F.max_pool2d(x, 2, ceil_mode=True), ["max_pool"]),
    "curves": (
        lambda m, x: F.gelu(F.gelu(F.silu(torch.tanh(F.leaky_relu(x - 0.5, 0.2)))), approximate="tanh"),
        ["normalise", "leaky_relu", "tanh", "silu", "gelu", "gelu"],
    ),
    "squared": (lambda m, x: x**2 + x.square(), ["multiply", "multiply", "add"]),
    "shuffled": (lambda m, x: F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2), ["pixel_shuffle", "pixel_unshuffle"]),
    "shuffled by hand": (
        lambda m, x: (
            x.view(x.shape[0], 1, 2, 2, *x.shape[2:])
            .permute(0, 1, 4, 2, 5, 3)
            .reshape(x.shape[0], 1, 2 * x.shape[2], 2 * x.shape[3])
        ),
        ["pixel_shuffle"],
    ),
    "in place": (
        lambda m, x: torch.cat([x + 1, (x * 2).add_(1).relu_()], 1),
        ["normalise", "normalise", "relu", "concat"],
    ),
    "over a view": (lambda m, x: _over_a_view(x * 2 - 1), ["normalise", "relu", "concat"]),
    "layer norm": (
        lambda m, x: F.layer_norm(x.permute(0, 2, 3, 1), (4,)).permute(0, 3, 1, 2),
        ["layer_norm"],
    ),
    "by the variance": (
        lambda m, x: (x - x.mean(1, True)) * torch.rsqrt(x.var(1, keepdim=True, unbiased=False) + 1e-3) * 3 + 1,
        ["layer_norm"],
    ),
    "not used": (lambda m, x: (x.relu(), x.sigmoid())[1], ["sigmoid"]),
    "unbounded": (lambda m, x: (3 * x).clamp(-torch.inf, 1), ["scale", "relu", "scale"]),
    "without the indices": (lambda m, x: F.max_pool2d(x, 2, return_indices=True)[0], ["max_pool"]),
    "nothing": (lambda m, x: F.dropout(x, 0.5, m.training).contiguous().view(x.shape), []),
}


def _over_a_view(x):
    x.view(x.shape).relu_()
    return torch.cat([x, x], 1)


@pytest.mark.parametrize("name", EXACT)
def test_said_exactly(name):
    function, wanted = EXACT[name]
    network = convert(function)
    assert network.check() < 1e-5
    assert ops(network) == wanted


LAYERS = {
    "dilated": (nn.Conv2d(4, 6, 3, padding=2, dilation=2), ["conv2d"]),
    "grouped": (nn.Conv2d(4, 8, 5, stride=2, padding=2, groups=4), ["conv2d"]),
    "same": (nn.Conv2d(4, 4, 3, padding="same", bias=False), ["conv2d"]),
    "reflect": (nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"), ["reflection_pad", "conv2d"]),
    "padded": (nn.Sequential(nn.ZeroPad2d(2), nn.Conv2d(4, 4, 5)), ["conv2d"]),
    "transposed": (nn.ConvTranspose2d(4, 3, 4, stride=2, padding=1), ["conv_transpose2d"]),
    "plain norm": (nn.BatchNorm2d(4, affine=False), ["batch_norm"]),
    "one slope": (nn.PReLU(), ["prelu"]),
    "bounded": (nn.ReLU6(), ["relu", "scale", "relu", "scale"]),
    "pooled": (nn.AdaptiveAvgPool2d(3), ["adaptive_avg_pool"]),
    "dropped": (nn.Sequential(nn.Dropout2d(0.5), nn.Identity(), nn.ReLU(inplace=True)), ["relu"]),
    "head": (
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)),
        ["global_avg_pool", "conv2d", "flatten"],
    ),
    "wide head": (
        nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 5)),
        ["adaptive_avg_pool", "flatten", "linear"],
    ),
    "weight norm": (nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 4, 1)), ["conv2d"]),
    "spectral norm": (nn.utils.parametrizations.spectral_norm(nn.Conv2d(4, 4, 1)), ["conv2d"]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    layer, wanted = LAYERS[name]
    network = convert(lambda m, x: m.layer(x), layer=layer)
    assert network.check() < 1e-5
    assert ops(network) == wanted


REFUSED = {
    "attention": (lambda m, x: torch.softmax(x, 1), "no operation for 'softmax'", "attention"),
    "instance norm": (lambda m, x: F.instance_norm(x), "no operation for 'instance_norm'", "whole picture"),
    "bicubic": (lambda m, x: F.interpolate(x, scale_factor=2, mode="bicubic"), "bicubic", "bilinear"),
    "corners": (
        lambda m, x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True),
        "align_corners",
        "align_corners=False",
    ),
    "to a size": (lambda m, x: F.interpolate(x, size=(256, 256)), "an enlargement", "whole factors"),
    "by the size": (
        lambda m, x: F.pad(x, (0, x.shape[3] // 64, 0, 0), mode="reflect"),
        "depends on the size",
        "Mirra pads pictures by itself",
    ),
    "by the number of pixels": (lambda m, x: x * (1 / x.shape[2]), "depends on the size", "from those of the input"),
    "smaller": (lambda m, x: F.interpolate(x, scale_factor=0.5), "an enlargement", "stride"),
    "oblong": (lambda m, x: F.conv2d(x, torch.ones(4, 4, 1, 3)), "the kernel is 1 x 3", "square"),
    "of the picture": (lambda m, x: F.conv2d(x, x.mean() * torch.ones(4, 4, 1, 1)), "", ""),
    "for one size": (lambda m, x: F.linear(x.flatten(1), torch.ones(2, 2**15)), "cannot follow", "twice the height"),
    "a map": (
        lambda m, x: x + torch.linspace(0, 1, x.shape[3]),
        "differs from pixel to pixel",
        "number for each channel",
    ),
    "mean of the batch": (
        lambda m, x: x - x.mean(0, keepdim=True),
        "the mean over the dimensions [0]",
        "height and width",
    ),
    "mixed batch": (lambda m, x: x.flip(0), "no operation for 'flip'", ""),
    "mean alone": (lambda m, x: torch.relu(x.mean(1, keepdim=True)), "mean or variance over channels", "normalisation"),
    "both widened": (
        lambda m, x: x.mean((2, 3), keepdim=True)[:, :1] * x.mean((2, 3), keepdim=True) + x[:, :1],
        "widens both",
        "one at most",
    ),
    "every other": (lambda m, x: x[:, :, ::2], "a slice of dimension 2", "slice channels"),
    "one channel": (lambda m, x: x[:, 0], "no operation for 'select'", "x[:, 0:1]"),
    "division": (lambda m, x: x / x.sigmoid(), "division by a picture", "constants"),
    "one side": (
        lambda m, x: F.conv2d(F.pad(x, (0, 1, 0, 1)), torch.ones(4, 4, 2, 2)),
        "padding with zeros",
        "all sides",
    ),
    "zeros for pooling": (lambda m, x: F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 1), "padding with zeros", "before it"),
    "mixed precision": (lambda m, x: x.half().float(), "a change to torch.float16", "float32"),
    "lasting dropout": (lambda m, x: F.dropout(x, 0.5), "dropout that does not end", "nn.Dropout"),
    "branch": (lambda m, x: x if x.mean() > 0 else -x, "torch.export cannot follow", ""),
    "two": (lambda m, x: (x, x.relu()), "gives 2 tensors", "name all of them"),
    "two in two": (lambda m, x: (x,) if x.shape[0] > 1 else {"a": x}, "gives a dict", "a tuple of tensors"),
    "by a number of the size": (
        lambda m, x: torch.sigmoid(m.conv(x)) * (1 + 1e-7 * x.shape[2]),
        "depends on the size",
        "Mirra pads pictures by itself",
    ),
    "indices": (lambda m, x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2), "result 1 of", "first"),
    "by zero": (lambda m, x: x / 0, "a division by zero", "another number"),
    "by a zero": (lambda m, x: x / torch.zeros(4, 1, 1), "not finite numbers", "infinite"),
    "not a number": (lambda m, x: x.clamp(min=torch.nan), "not finite numbers", "infinite"),
    "out of range": (lambda m, x: F.leaky_relu(x, 20), "'slope' is out of range", "ops.md"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_line(name):
    function, message, hint = REFUSED[name]
    with pytest.raises(mirra.UnsupportedError) as caught:
        convert(function, conv=nn.Conv2d(4, 4, 1))
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.hint


def test_the_error_names_module_and_line():
    class Curve(nn.Module):
        def forward(self, x):
            return torch.erf(x)

    with pytest.raises(mirra.UnsupportedError) as caught:
        mirra.pytorch.convert(nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), Curve()), 3)
    assert "'erf'" in caught.value.message
    assert caught.value.subject.startswith("1, ")
    assert f"{pathlib.Path(__file__).name}:" in caught.value.subject
    assert "torch.erf(x)" in caught.value.subject


PLAIN = nn.Conv2d(4, 4, 1)
NOT_TAKEN = {
    "a class": (nn.ReLU, 4, {}, "a type is no module"),
    "a function": (torch.relu, 4, {}, "is no module"),
    "no channels": (PLAIN, 0, {}, "the example 0 is no picture"),
    "text": (PLAIN, "4", {}, "the example '4' is no picture"),
    "one picture": (PLAIN, torch.zeros(4, 8, 8), {}, "of shape [4, 8, 8] is no picture"),
    "a list": (PLAIN, [torch.zeros(1, 4, 8, 8)], {}, "is no picture"),
    "a space": (PLAIN, 4, {"name": "my network"}, "'my network' cannot be a name"),
    "no text": (PLAIN, 4, {"output": ("a", 3)}, "3 cannot be a name"),
    "one name twice": (PLAIN, 4, {"output": ("a", "a")}, "the outputs are called ['a', 'a']"),
    "no range": (PLAIN, 4, {"pixel_range": (1, 1)}, "black is 1 and white is 1"),
    "an endless range": (PLAIN, 4, {"pixel_range": (0, torch.inf)}, "white is inf"),
}


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_arguments_that_are_not_taken(name):
    module, example, options, message = NOT_TAKEN[name]
    with pytest.raises(mirra.InvalidArgumentError) as caught:
        mirra.pytorch.convert(module, example, **options)
    assert message in caught.value.message
    assert caught.value.hint


def test_weights_without_values_are_refused():
    with pytest.raises(mirra.UnsupportedError, match="without values"):
        mirra.pytorch.convert(nn.Conv2d(4, 4, 1, device="meta"), 4)


def test_names_that_no_bundle_takes_are_replaced():
    module = nn.Sequential()
    for name in ("a b", "a\tb", "ü", "n" * 300):
        module.add_module(name, nn.BatchNorm2d(4))
    network = mirra.pytorch.convert(networks.seeded(module), 4)
    assert len(network.weights) == 16
    assert all(name.isascii() and name.isprintable() and " " not in name for name in network.weights)


def test_half_precision_is_refused():
    with pytest.raises(mirra.UnsupportedError, match="float16"):
        mirra.pytorch.convert(networks.DnCNN().half(), 3)


def test_a_module_that_pads_otherwise_is_refused():
    def padded(module, x):
        return module.layers(F.pad(x, (-x.shape[3] % 16, 0)))[:, :, :, -x.shape[3] :]

    one, other = (nn.Conv2d(4, 4, 3, padding=1) for _ in range(2))
    assert ops(convert(padded, layers=one)) == ["conv2d"]  # more zeros beside zeros change nothing
    with pytest.raises(mirra.MismatchError) as caught:
        convert(padded, layers=nn.Sequential(one, other))
    assert "differ from the module's" in caught.value.message
    assert "pads pictures to a multiple" in caught.value.hint


def test_what_is_no_number_is_refused():
    """It agrees with nothing, not even with itself."""
    module = nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.ReLU(), nn.Conv2d(3, 3, 1, bias=False))
    for layer in (module[0], module[2]):
        layer.weight.data.fill_(1e30)
    with pytest.raises(mirra.MismatchError, match="no finite number"):
        mirra.pytorch.convert(module, 3)


def test_padding_inside_is_told(converted):
    _, network = converted(networks.NAFNet)
    assert "multiples of 4" in network.notes[0]
    assert converted(networks.DnCNN)[1].notes == []


def test_pixel_range():
    module = networks.seeded(Of(lambda m, x: m.conv(x).clamp(0, 255), conv=nn.Conv2d(3, 3, 3, padding=1)))
    network = mirra.pytorch.convert(module, 3, pixel_range=(0, 255))
    assert ops(network)[0] == "normalise"
    assert network.check() < 1e-5


def test_several_outputs():
    module = Of(lambda m, x: (x.relu(), x[:, :1]))
    network = mirra.pytorch.convert(module, 3, output=("image", "mask"))
    assert [each["name"] for each in network.graph["outputs"]] == ["image", "mask"]


def test_check_finds_other_weights(converted):
    module = networks.seeded(networks.DnCNN())
    network = mirra.pytorch.convert(module, 3)
    with torch.no_grad():
        module.model[0].weight += 1
    with pytest.raises(mirra.MismatchError, match="differ from the module's"):
        network.check()


def test_files_and_bundle(converted, tmp_path):
    _, network = converted(networks.DnCNN)
    network.save(tmp_path / "net.json", tmp_path / "net.safetensors")
    assert json.loads((tmp_path / "net.json").read_text()) == network.graph
    read = mirra.Tensors.read(tmp_path / "net.safetensors")
    assert set(read) == set(network.weights)
    assert all(np.array_equal(read[name], network.weights[name]) for name in read)
    network.bundle(tmp_path / "net.mirra", task="denoise", defaults={"sigma": "auto"}, licence="CC0-1.0", title="mine")
    with mirra.Bundle(tmp_path / "net.mirra") as bundle:
        info = bundle.info
        assert (info.task, info.name, info.licence, info.architecture) == ("denoise", "mine", "CC0-1.0", "DnCNN")
        assert bundle.manifest["defaults"] == {"sigma": "auto"}


def test_the_trainer_makes_the_same_bundle(converted, tmp_path):
    trainer = shutil.which("mirra-train", path=os.environ.get("MIRRA_PREFIX", "") + "/bin")
    if trainer is None:
        pytest.skip("this system has no mirra-train")
    _, network = converted(networks.NAFNet)
    graph, weights, made = (str(tmp_path / name) for name in ("net.json", "net.safetensors", "net.mirra"))
    network.save(graph, weights)
    files, options = ["--graph", graph, "--weights", weights], ["--task", "upscale", "--unchecked", "--storage", "f32"]
    subprocess.run([trainer, "bundle", *files, *options, "-o", made], check=True)
    theirs, mine = mirra.Bundle(made).manifest, mirra.Bundle(network.to_bytes()).manifest
    assert theirs["sha256"] == mine["sha256"]
    assert set(mine) <= set(theirs)
    assert mirra.Bundle(made).graphs == mirra.Bundle(network.to_bytes()).graphs


def test_a_denoiser_serves_the_task(converted, tmp_path, noisy):
    module, _ = converted(networks.DnCNN)
    network = mirra.pytorch.convert(module, 3, name="denoiser")
    network.bundle(tmp_path / "mine.mirra", task="denoise")
    whole = mirra.denoise(noisy, bundle=tmp_path / "mine.mirra").image
    assert whole.shape == noisy.shape
    assert np.array_equal(whole, mirra.denoise(noisy, bundle=tmp_path / "mine.mirra", tile_size=32).image)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A folder with a module and its weights, as a training program leaves them."""
    (tmp_path / "mine.py").write_text("import torch\ndef make():\n    return torch.nn.Conv2d(3, 3, 3, padding=1)\n")
    state = networks.seeded(nn.Conv2d(3, 3, 3, padding=1)).state_dict()
    torch.save({"params": {f"module.{name}": value for name, value in state.items()}}, tmp_path / "x.pth")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path, state


def test_command_line(mine):
    folder, state = mine
    words = ["mine:make", "--weights", "x.pth", "-o", "net.json", "net.safetensors", "--bundle", "net.mirra"]
    command = [sys.executable, "-m", "mirra.pytorch", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "weights     84\n" in done.stdout
    read = mirra.Tensors.read(folder / "net.safetensors")
    assert np.array_equal(read["weight"], state["weight"].numpy())
    assert mirra.Bundle(folder / "net.mirra").info.graph_count == 1


@pytest.mark.parametrize(
    ("factory", "weights", "said"),
    [
        ("mine:missing", "x.pth", "missing"),
        ("nowhere:make", "x.pth", "nowhere"),
        ("mine", "x.pth", "PACKAGE.MODULE:FACTORY"),
        ("mine:make", "missing.pth", "missing.pth"),
        ("mine:make", "other.pth", 'Unexpected key(s) in state_dict: "other"'),
        ("mine:make", "code.pth", "torch.save"),
        ("mine:make", "none.pth", "torch.save"),
        ("mine:make", "list.pth", "holds a list"),
    ],
)
def test_command_line_refuses(mine, capsys, factory, weights, said):
    folder, _ = mine
    torch.save({"other": torch.zeros(1)}, folder / "other.pth")
    torch.save(nn.ReLU(), folder / "code.pth")
    torch.save([torch.zeros(1)], folder / "list.pth")
    (folder / "none.pth").write_bytes(b"no weights")
    assert __main__.main([factory, "--weights", weights, "--bundle", "net.mirra"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert said in told
    assert not (folder / "net.mirra").exists()


def test_the_tutorial_runs(tmp_path, noisy):
    page = (ROOT / "docs/tutorials/bring-your-pytorch-network.md").read_text(encoding="utf-8")
    for name, text in re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", page, re.S):
        (tmp_path / name).write_text(text)
    commands = re.findall(r"the tests of the Python package do -->\n```sh\n(.*?)```", page, re.S)
    assert len(commands) == 5
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    mirra.write(tmp_path / "photo.jpg", noisy)
    folders = [str(tmp_path / "bin"), os.environ.get("MIRRA_PREFIX", "") + "/bin", os.environ["PATH"]]
    environment = {**os.environ, "PATH": os.pathsep.join(folders)}
    done = subprocess.run(
        ["bash", "-e"],
        input="\n".join(commands),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "weights     7990" in done.stdout
    assert mirra.read(tmp_path / "clean.jpg").info.width == noisy.shape[1]
    assert {"mine.json", "mine.safetensors", "mine.mirra"} <= {path.name for path in tmp_path.iterdir()}


@pytest.fixture(scope="module")
def upscaling(tmp_path_factory):
    """An engine with the sample plugin that runs any network of pictures."""
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("this system has no C++ compiler")
    plugin = tmp_path_factory.mktemp("plugins") / "upscale.so"
    source, include = ROOT / "samples/plugins/upscale/upscale.cpp", ROOT / "include"
    subprocess.run([compiler, "-std=c++17", "-shared", "-fPIC", f"-I{include}", source, "-o", plugin], check=True)
    with mirra.Engine(plugin_path=plugin.parent) as engine:
        yield engine


@pytest.mark.parametrize("kind", ARCHITECTURES, ids=lambda kind: kind.__name__)
def test_a_picture_in_tiles(kind, upscaling, tmp_path):
    """At a size that no network halves: as the module of the picture with repeated edges, and in tiles as in one."""
    low, high = -8, 8  # the results are clipped, and random networks give more than 0 to 1
    module = networks.seeded(kind())
    network = mirra.pytorch.convert(module, 3, name="upscaler", pixel_range=(low, high))
    network.bundle(tmp_path / "it.mirra", task="upscale")
    with mirra.Bundle(tmp_path / "it.mirra") as bundle:
        facts = bundle.graphs[0]
    picture = np.random.default_rng(5).random((75, 101, 3), np.float32)

    sides = [(0, -extent % facts.alignment) for extent in picture.shape[:2]]
    wider = np.pad(picture, (*sides, (0, 0)), mode="edge")
    with torch.no_grad():
        given = torch.from_numpy(wider).permute(2, 0, 1)[None] * (high - low) + low
        found = (module(given)[0].permute(1, 2, 0).numpy() - low) / (high - low)
    factor = found.shape[0] // wider.shape[0]
    expected = found[: 75 * factor, : 101 * factor].clip(0, 1)
    assert ((expected > 0) & (expected < 1)).mean() > 0.5

    for tile in (0, 64) if facts.tileable else (0,):
        with upscaling.session("upscale", bundle=tmp_path / "it.mirra", precision="fp32", tile_size=tile) as session:
            result = session.run(picture).image
        assert np.abs(result - expected).max() < 3e-6

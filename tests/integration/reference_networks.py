#!/usr/bin/env python3
"""Reference networks in PyTorch, written from the paper's description, independent of the SDK.

Writes, for every published architecture, randomly initialised checkpoints in the forms that exist in the wild (torch.save
as zip and in the format before 1.6, safetensors; DataParallel prefixes; spectral normalisation unfolded) and the inputs
and outputs that an importer and runtime must reproduce:

    reference_networks.py OUT [--sizes 224x224,96x160]

OUT/<arch>.json names the checkpoint files and the cases; OUT/<arch>-<HxW>.safetensors holds `image` and one tensor for each
`<graph>.<output>`. Needs torch; exits with 77 (skipped) where it cannot be imported.
"""
import argparse
import json
import pathlib
import struct
import sys

try:
    import torch
    from torch import nn
    from torch.nn.utils import spectral_norm
except ImportError:
    print("SKIP: this system's Python has no torch")
    sys.exit(77)

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


class AlexNet(nn.Module):
    """torchvision's layout; the head is there because real checkpoints have one."""

    def __init__(self, head=True):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2))
        if head:  # narrow, to keep the file small; the importer must pass over it
            self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(256, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 8))
            self.last_layer = nn.Linear(8, 10)

    def taps(self, x):
        found = {}
        for index, layer in enumerate(self.features):
            x = layer(x)
            name = {2: "conv1", 5: "conv2", 12: "conv5"}.get(index)
            if name:
                found[name] = x
        return found


def conv(i, o, bias=False):
    return spectral_norm(nn.Conv2d(i, o, 3, padding=1, bias=bias))


def tconv(i, o, stride):
    return spectral_norm(nn.ConvTranspose2d(i, o, 4, stride=stride, padding=1, bias=False))


def up():
    return nn.Upsample(scale_factor=2, mode="nearest")


class Generator(nn.Module):
    """Every layer is followed by batch norm and ReLU, but upsampling and the last one."""

    LAYERS = {
        "conv5": lambda: [conv(256, 256), tconv(256, 256, 1), conv(256, 256), tconv(256, 256, 2), conv(256, 256),
                          tconv(256, 128, 2), conv(128, 128), tconv(128, 64, 2), conv(64, 64), tconv(64, 32, 2),
                          conv(32, 32), tconv(32, 3, 2)],
        "conv2": lambda: [conv(192, 192), tconv(192, 192, 1), conv(192, 96), up(), conv(96, 96), conv(96, 64), up(),
                          conv(64, 64), up(), conv(64, 64), up(), conv(64, 32), conv(32, 3)],
        "conv1": lambda: [conv(64, 64), tconv(64, 64, 1), conv(64, 64), up(), conv(64, 64), conv(64, 32), up(),
                          conv(32, 32), up(), conv(32, 16), conv(16, 3)],
    }

    def __init__(self, tap):
        super().__init__()
        layers = []
        for layer in self.LAYERS[tap]():
            layers.append(layer)
            if not isinstance(layer, nn.Upsample):
                layers += [nn.BatchNorm2d(layer.out_channels), nn.ReLU()]
        self.gen = nn.Sequential(*layers, conv(3, 3, bias=True), nn.Tanh())

    def forward(self, features):
        return 0.5 * (self.gen(features) + 1)


class AutoEncoder(nn.Module):
    def __init__(self, tap):
        super().__init__()
        self.tap = tap
        self.classifier = AlexNet(head=False)
        self.generator = Generator(tap)

    def run(self, image):
        features = self.classifier.taps(2 * image - 1)[self.tap]
        out = self.generator(features)
        return {f"encoder.{self.tap}": features, f"generator-{self.tap}.image": out, f"autoencoder-{self.tap}.image": out}


HAAR = {"LL": [[1, 1], [1, 1]], "LH": [[-1, 1], [-1, 1]], "HL": [[-1, -1], [1, 1]], "HH": [[1, -1], [-1, 1]]}


class WavePool(nn.Module):
    def __init__(self, channels, transposed=False):
        super().__init__()
        kind = nn.ConvTranspose2d if transposed else nn.Conv2d
        for band, taps in HAAR.items():
            layer = kind(channels, channels, 2, stride=2, bias=False, groups=channels)
            layer.weight.data = 0.5 * torch.tensor(taps, dtype=torch.float32).expand(channels, 1, 2, 2).clone()
            setattr(self, band, layer)

    def analyse(self, x):
        return [getattr(self, band)(x) for band in HAAR]

    def synthesise(self, bands):
        return sum(getattr(self, band)(x) for band, x in zip(HAAR, bands))


class DenoiserEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1_1 = nn.Conv2d(3, 64, 11, stride=4, padding=2)
        self.conv2_1 = nn.Conv2d(64, 192, 5, padding=2)
        self.conv3_1 = nn.Conv2d(192, 384, 3, padding=1)
        self.conv3_2 = nn.Conv2d(384, 256, 3, padding=1)
        self.conv3_3 = nn.Conv2d(256, 256, 3, padding=1)
        self.pool1, self.pool2, self.pool3 = WavePool(64), WavePool(192), WavePool(256)

    def forward(self, x):
        x, *d1 = self.pool1.analyse(torch.relu(self.conv1_1(x)))
        x, *d2 = self.pool2.analyse(torch.relu(self.conv2_1(x)))
        x = torch.relu(self.conv3_1(x))
        x = torch.relu(self.conv3_2(x))
        x, *d3 = self.pool3.analyse(torch.relu(self.conv3_3(x)))
        return x, d1, d2, d3


class DenoiserDecoder(nn.Module):
    CONVS = {"7_1": (256, 256), "6_1": (256, 256), "5_1": (256, 256), "5_2": (256, 192), "4_1": (192, 128),
             "4_2": (128, 64), "3_1": (64, 64), "2": (64, 32), "2_1": (32, 32), "1": (32, 3)}

    def __init__(self):
        super().__init__()
        for name, (i, o) in self.CONVS.items():
            setattr(self, "conv" + name, conv(i, o))
            setattr(self, "bn" + name, nn.BatchNorm2d(o))
        self.conv1_1 = conv(3, 3, bias=True)
        self.unpool1, self.unpool2, self.unpool3 = (WavePool(c, transposed=True) for c in (64, 192, 256))

    def block(self, name, x):
        return torch.relu(getattr(self, "bn" + name)(getattr(self, "conv" + name)(x)))

    def forward(self, x, d1, d2, d3):
        pad1, pad2 = nn.ReflectionPad2d((1, 0, 0, 1)), nn.ReflectionPad2d((2, 0, 0, 2))
        x = self.unpool3.synthesise([self.block("7_1", x), *d3])
        x = pad1(self.block("6_1", x))
        x = self.block("5_2", self.block("5_1", x))
        x = pad1(self.unpool2.synthesise([x, *d2]))
        x = self.block("4_2", self.block("4_1", x))
        x = pad2(self.unpool1.synthesise([x, *d1]))
        x = up()(self.block("3_1", x))
        x = up()(self.block("2_1", self.block("2", x)))
        return 0.5 * (torch.tanh(self.conv1_1(self.block("1", x))) + 1)


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.classifier = DenoiserEncoder()
        self.generator = DenoiserDecoder()

    def run(self, image):
        out = self.generator(*self.classifier(2 * image - 1))
        return {"denoiser.image": out, "autoencoder.image": out}


class Robust(nn.Module):
    """The wrapping of a robust classifier's checkpoint."""

    def __init__(self):
        super().__init__()
        self.model = AlexNet()
        self.normalizer = nn.Module()
        self.normalizer.register_buffer("new_mean", MEAN.view(3, 1, 1))
        self.normalizer.register_buffer("new_std", STD.view(3, 1, 1))
        self.attacker = nn.Module()
        self.attacker.normalize = self.normalizer
        self.attacker.model = self.model

    def run(self, image):
        scaled = self.model.taps(2 * image - 1)
        compared = self.model.taps((image - MEAN) / STD)
        out = {"encoder." + name: value for name, value in scaled.items()}
        out.update({"comparator." + name: value for name, value in compared.items()})
        return out


def randomise(network):
    """Spectral vectors that are not converged, batch statistics that are neither trivial nor those of the data."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for module in norms:
        nn.init.uniform_(module.weight, 0.7, 1.3)
        nn.init.uniform_(module.bias, -0.1, 0.3)
        module.momentum = 0.7
    network.train()
    for _ in range(3):
        network.run(torch.rand(4, 3, 64, 64))
    for module in norms:
        module.running_var *= torch.empty_like(module.running_var).uniform_(0.7, 1.4)
    return network.eval()


NETWORKS = {
    "alexnet-ae-conv5": lambda: AutoEncoder("conv5"),
    "alexnet-ae-conv2": lambda: AutoEncoder("conv2"),
    "alexnet-ae-conv1": lambda: AutoEncoder("conv1"),
    "alexnet-denoiser": Denoiser,
    "alexnet-encoder": Robust,
}


def save_safetensors(path, tensors):
    header, blobs, offset = {}, [], 0
    types = {torch.float32: "F32", torch.int64: "I64"}
    for name, tensor in tensors.items():
        blob = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": types[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def save_checkpoints(network, arch, out):
    state = nn.DataParallel(network).state_dict()
    assert all(key.startswith("module.") for key in state)
    last = list(network.parameters())[-2:]  # enough to have an optimizer's state in the file
    optimizer = torch.optim.Adam(last, lr=0.0)
    for parameter in last:
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    training = {"model": state, "optimizer": optimizer.state_dict(), "epoch": 90, "amp": None, "schedule": {"last": 90}}
    torch.save(training, out / f"{arch}.pth")
    torch.save(training, out / f"{arch}-legacy.pth", _use_new_zipfile_serialization=False)
    # torch.save of a bare dict whose tensors are views with strides.
    strided = {key[len("module."):]: value.transpose(0, 1).contiguous().transpose(0, 1) if value.dim() == 4 else value
               for key, value in state.items()}
    torch.save(strided, out / f"{arch}-strided.pth")
    save_safetensors(out / f"{arch}.safetensors", state)
    return [f"{arch}.pth", f"{arch}-legacy.pth", f"{arch}-strided.pth", f"{arch}.safetensors"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--sizes", default="64x64,96x160")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    sizes = [tuple(map(int, size.split("x"))) for size in options.sizes.split(",")]
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    for arch, make in NETWORKS.items():
        network = randomise(make())
        index = {"checkpoints": save_checkpoints(network, arch, options.out), "cases": []}
        for height, width in sizes:
            image = torch.rand(1, 3, height, width)
            with torch.no_grad():
                tensors = {"image": image, **network.run(image)}
            name = f"{arch}-{height}x{width}.safetensors"
            save_safetensors(options.out / name, tensors)
            index["cases"].append(name)
        (options.out / f"{arch}.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()

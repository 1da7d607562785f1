#!/usr/bin/env python3
"""Imports torchvision's networks with random weights as encoders, and compares each tap with torchvision's.

    reference_torchvision.py MIRRA MIRRA_TRAIN

Exits with 77 (skipped) where torch or torchvision cannot be imported.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import reference_networks as reference  # skips where torch is missing
import reference_parity
import torch

try:
    from torchvision import models
except ImportError:
    print("SKIP: this system's Python has no torchvision")
    sys.exit(77)

RESIDUAL = {"layer1": "layer1", "layer2": "layer2", "layer3": "layer3", "layer4": "layer4"}
# The module behind which each tap lies; VGG's are behind the ReLU of a block's first convolution.
TAPS = {
    "resnet18": RESIDUAL,
    "resnet50": RESIDUAL,
    "wide_resnet50_2": RESIDUAL,
    "alexnet": {"features.2": "conv1", "features.5": "conv2", "features.12": "conv5"},
    "vgg19": {"features.1": "conv1_1", "features.6": "conv2_1", "features.11": "conv3_1", "features.20": "conv4_1",
              "features.29": "conv5_1"},
}
SIZES = [(64, 64), (96, 160), (100, 140)]


class Encoder(torch.nn.Module):
    def __init__(self, name):
        super().__init__()
        self.network = getattr(models, name)(weights=None)
        self.found = {}
        for place, tap in TAPS[name].items():
            self.network.get_submodule(place).register_forward_hook(lambda _, given, out, tap=tap: self.keep(tap, out))

    def keep(self, tap, out):
        self.found[f"encoder.{tap}"] = out.clone()  # what follows may work in its place

    def run(self, image):
        self.network((image - reference.MEAN) / reference.STD)
        return dict(self.found)


def main():
    mirra, mirra_train = sys.argv[1:3]
    torch.manual_seed(13)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        parity = reference_parity.Parity(mirra, mirra_train, pathlib.Path(folder))
        for name in TAPS:
            encoder = reference.randomise(Encoder(name))
            file, bundle = parity.folder / "weights.pth", parity.folder / f"{name}.mirra"
            torch.save(encoder.network.state_dict(), file)
            subprocess.run([mirra_train, "import", "--arch", f"torchvision-{name}", file, "-o", bundle], check=True,
                           stdout=subprocess.DEVNULL)
            graphs = json.loads(reference_parity.load(bundle)[1]["mirra.manifest"])["graphs"]
            assert list(graphs) == ["encoder"] and len(graphs["encoder"]["outputs"]) == len(TAPS[name]), graphs.keys()
            for height, width in SIZES:
                image = torch.rand(1, 3, height, width)
                with torch.no_grad():
                    expected = encoder.run(image)
                parity.compare(bundle, "encoder", {"image": image}, expected)
            bundle.unlink()
            print("compared", name, flush=True)
    sys.exit(1 if parity.failures else 0)


if __name__ == "__main__":
    main()

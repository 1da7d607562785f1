#!/usr/bin/env python3
"""Imports the checkpoints of reference_networks.py and reference_classifiers.py; compares each graph's outputs with PyTorch's.

    reference_parity.py MIRRA MIRRA_TRAIN

Exits with 77 (skipped) where torch cannot be imported.
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import reference_networks as reference  # skips where torch is missing
import reference_classifiers
import torch

TOLERANCE = 1e-4
SIZES = {"alexnet-denoiser": [(64, 64), (96, 160)], "resnet18-classifier": [(32, 32)],
         "wrn-28-10-classifier": [(32, 32)]}
DEFAULT_SIZES = [(64, 64), (96, 160), (100, 140)]  # the last is no multiple of 32
REFUSED = {"alexnet-denoiser": (100, 140)}


def load(path):
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    body = data[8 + length:]
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(bytearray(body[begin:end]), dtype=torch.float32).reshape(entry["shape"])
    return tensors, metadata


class Parity:
    def __init__(self, mirra, mirra_train, folder):
        self.mirra, self.mirra_train, self.folder = mirra, mirra_train, folder
        self.failures = 0

    def run_graph(self, bundle, graph, tensors):
        source, target = self.folder / "in.safetensors", self.folder / "out.safetensors"
        target.unlink(missing_ok=True)
        reference.save_safetensors(source, tensors)
        command = [self.mirra, "graph", bundle, "--run", graph, "--in", source, "--out", target, "--precision", "fp32"]
        return subprocess.run(command, capture_output=True, text=True), target

    def compare(self, bundle, graph, tensors, expected):
        done, target = self.run_graph(bundle, graph, tensors)
        if done.returncode != 0:
            self.fail(f"{bundle.name} {graph}: {done.stderr.strip()}")
            return
        for name, values in load(target)[0].items():
            wanted = expected[f"{graph}.{name}"]
            scale = max(1, wanted.abs().max().item())
            worst = (values - wanted).abs().max().item() / scale if values.shape == wanted.shape else float("inf")
            if not worst < TOLERANCE:
                self.fail(f"{bundle.name} {graph}.{name}: differs by {worst:.1e}")

    def fail(self, text):
        print("FAILED", text)
        self.failures += 1

    def check(self, name, network):
        arch = name.split("+")[0]
        files = reference.save_checkpoints(network, name, self.folder)
        bundles = [self.folder / (file + ".mirra") for file in files]
        for file, bundle in zip(files, bundles):
            command = [self.mirra_train, "import", "--arch", arch, self.folder / file, "-o", bundle]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if len({bundle_digest(bundle) for bundle in bundles}) != 1:
            self.fail(f"{name}: the formats give different weights")
        graphs = json.loads(load(bundles[0])[1]["mirra.manifest"])["graphs"]
        for height, width in SIZES.get(arch, DEFAULT_SIZES):
            image = torch.rand(1, 3, height, width)
            with torch.no_grad():
                expected = network.run(image)
            for graph, description in graphs.items():
                given = description["inputs"][0]["name"]
                tensors = {given: next(iter(expected.values())) if given == "features" else image}
                self.compare(bundles[0], graph, tensors, expected)
        if arch in REFUSED:
            done, _ = self.run_graph(bundles[0], "autoencoder", {"image": torch.rand(1, 3, *REFUSED[arch])})
            if done.returncode == 0 or not done.stderr.strip():
                self.fail(f"{arch}: {REFUSED[arch]} was not refused")


def bundle_digest(path):
    return json.loads(load(path)[1]["mirra.manifest"])["sha256"]


def main():
    mirra, mirra_train = sys.argv[1:3]
    torch.manual_seed(11)
    torch.set_num_threads(1)  # threads that wait for each other on a busy machine take minutes
    with tempfile.TemporaryDirectory() as folder:
        parity = Parity(mirra, mirra_train, pathlib.Path(folder))
        for name, make in {**reference.NETWORKS, **reference_classifiers.NETWORKS}.items():
            parity.check(name, reference.randomise(make()))
            print("compared", name, flush=True)
    sys.exit(1 if parity.failures else 0)


if __name__ == "__main__":
    main()

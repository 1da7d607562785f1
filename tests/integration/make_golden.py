#!/usr/bin/env python3
"""Writes tests/unit/golden.json: outputs of the reference networks in PyTorch, for runtime_golden_test.cpp.

    make_golden.py OUT

Weights and pictures are functions of their names and places alone (see `values`), so the file holds only outputs: a few
hundred samples of each. To be run again when an architecture is added; needs torch.
"""
import json
import pathlib
import sys

import numpy as np
import reference_networks as reference
import torch
from torch import nn

SIZES = [(64, 64), (96, 160)]
SAMPLES = 97
MASK = (1 << 64) - 1


def hash_name(name):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def values(name, shape, low, high):
    """Value i is SplitMix64's finaliser of hash(name) + (i + 1) * golden ratio, its upper 24 bits over 2^24, in [low, high)."""
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        x = np.uint64(hash_name(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    unit = (x >> np.uint64(40)).astype(np.float64) / (1 << 24)
    return torch.from_numpy((low + (high - low) * unit).astype(np.float32)).view(*shape)


def weight(name, shape):
    if name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
        return values(name, shape, 0.5, 1.5)
    if len(shape) == 1:
        return values(name, shape, -0.1, 0.1)
    bound = (6 / np.prod(shape[1:])) ** 0.5
    return values(name, shape, -bound, bound)


RENAMED = {"conv1_1": "features.0", "conv2_1": "features.3", "conv3_1": "features.6", "conv3_2": "features.8",
           "conv3_3": "features.10"}


def own_name(key):
    """What Mirra's graphs call a tensor of the reference networks."""
    room, _, rest = key.partition(".")
    if room != "classifier":
        return key
    layer, _, role = rest.rpartition(".")
    return f"encoder.{RENAMED.get(layer, layer)}.{role}"


def fill(network):
    for module in network.modules():
        if hasattr(module, "weight_orig"):
            nn.utils.remove_spectral_norm(module)
    with torch.no_grad():
        for key, tensor in network.state_dict().items():
            if "pool" not in key and not key.endswith("num_batches_tracked"):
                tensor.copy_(weight(own_name(key), tuple(tensor.shape)))
    return network.eval()


def main():
    cases = []
    torch.set_num_threads(1)
    for arch, make in reference.NETWORKS.items():
        if arch == "alexnet-encoder":  # a part of the autoencoders
            continue
        network = fill(make())
        for height, width in SIZES:
            image = values(f"image {height}x{width}", (1, 3, height, width), 0, 1)
            with torch.no_grad():
                flat = list(network.run(image).values())[-1].flatten()
            step = max(1, flat.numel() // SAMPLES)
            samples = [round(v, 7) for v in flat[::step].tolist()]
            cases.append({"arch": arch, "height": height, "width": width, "step": step, "samples": samples})
    pathlib.Path(sys.argv[1]).write_text(json.dumps(cases, separators=(",", ":")).replace('{"arch"', '\n{"arch"') + "\n")


if __name__ == "__main__":
    main()

"""Times adversarial training in mirra-train and in PyTorch eager, in turns, with the same network, batch and attack.

    python3 -m venv build/bench && build/bench/bin/pip install -r tests/bench/requirements.txt
    build/bench/bin/python tests/bench/compare_training.py [--arch resnet18 alexnet] [--width 0.25] [--device cpu]

Both train with PGD of 7 steps (evaluation mode, no random start, no best iterate), then one SGD step with momentum and
weight decay. mirra-train loads, augments and logs as always; PyTorch has its batch in memory. Prints a Markdown table of
images per second, all pictures over all of the time, each the median of the rounds, and Mirra's over the peer's.
"""
import argparse
import os
import pathlib
import statistics
import struct
import subprocess
import tempfile
import time
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEPS, WARM = 7, 4  # of the attack; batches before a measurement of PyTorch
EPOCHS = 3  # of the longer of two runs of mirra-train
EPSILON, STEP_SIZE = 1.0, 0.3
CLASSES = 10


def channels(count, width):
    return count if width == 1 else max(1, round(count * width / 8)) * 8


class Block(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.shortcut = nn.Sequential()
        if stride != 1 or inside != outside:
            self.shortcut = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def resnet18(width):
    stages = [channels(c, width) for c in (64, 128, 256, 512)]
    layers = [nn.Conv2d(3, stages[0], 3, 1, 1, bias=False), nn.BatchNorm2d(stages[0]), nn.ReLU()]
    inside = stages[0]
    for index, outside in enumerate(stages):
        layers += [Block(inside, outside, 1 if index == 0 else 2), Block(outside, outside, 1)]
        inside = outside
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inside, CLASSES))


def alexnet(width):
    a, b, c, d, e = (channels(n, width) for n in (64, 192, 384, 256, 256))
    return nn.Sequential(
        nn.Conv2d(3, a, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(a, b, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(b, c, 3, 1, 1), nn.ReLU(), nn.Conv2d(c, d, 3, 1, 1), nn.ReLU(), nn.Conv2d(d, e, 3, 1, 1), nn.ReLU(),
        nn.MaxPool2d(3, 2), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(9 * e, 512), nn.ReLU(), nn.Linear(512, CLASSES))


NETWORKS = {"resnet18": (resnet18, 32, "mean_std_cifar"), "alexnet": (alexnet, 128, "mean_std")}
CONSTANTS = {"mean_std_cifar": ([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
             "mean_std": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])}


class Normalised(nn.Module):
    def __init__(self, network, transform):
        super().__init__()
        self.network = network
        for name, values in zip(("mean", "deviation"), CONSTANTS[transform]):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1))

    def forward(self, x):
        return self.network((x - self.mean) / self.deviation)


def attack(network, images, labels):
    network.eval()
    moved = images
    for _ in range(STEPS):
        leaf = moved.detach().requires_grad_()
        loss = F.cross_entropy(network(leaf), labels)
        (gradient,) = torch.autograd.grad(loss, leaf)
        length = gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        change = (leaf.detach() + STEP_SIZE * gradient / (length + 1e-10) - images).renorm(2, 0, EPSILON)
        moved = (images + change).clamp(0, 1)
    network.train()
    return moved.detach()


def eager(arguments, arch, channels_last, bf16):
    """Images per second of the loop as one writes it in Python."""
    build, extent, transform = NETWORKS[arch]
    network = Normalised(build(arguments.width), transform).to(arguments.device)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = network.to(memory_format=layout)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    images = torch.rand(arguments.batch, 3, extent, extent, device=arguments.device).contiguous(memory_format=layout)
    labels = torch.randint(CLASSES, (arguments.batch,), device=arguments.device)

    def step():
        with torch.autocast(torch.device(arguments.device).type, torch.bfloat16, enabled=bf16):
            moved = attack(network, images, labels)
            optimiser.zero_grad(set_to_none=True)
            loss = F.cross_entropy(network(moved), labels)
        loss.backward()
        optimiser.step()
        return loss.item()

    for _ in range(WARM):
        step()
    begin = time.perf_counter()
    for _ in range(arguments.batches):
        step()
    return arguments.batches * arguments.batch / (time.perf_counter() - begin)


RECIPE = """[network]
architecture = "{arch}"
width = {width}
hidden = [512]
pooled_extent = 3
input_transform = "{transform}"
[data]
extent = {extent}
batch = {batch}
crop = "pad"
[adversary]
kind = "pgd"
epsilon = {epsilon}
steps = {steps}
step_size = {step_size}
[optimizer]
rate = 0.01
weight_decay = 5e-4
[validation]
every_epochs = 1000
pictures = 1
steps = 1
[training]
precision = "{precision}"
"""


def write_pictures(folder, count, extent):
    """Uniform noise as PNG, written with zlib alone."""
    random = np.random.default_rng(0)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for index in range(count):
        place = folder / f"class{index % CLASSES}"
        place.mkdir(parents=True, exist_ok=True)
        rows = b"".join(b"\0" + random.integers(0, 256, extent * 3, dtype=np.uint8).tobytes() for _ in range(extent))
        (place / f"{index}.png").write_bytes(b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", extent, extent, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def mirra(arguments, arch, precision):
    """Images per second: a run of three epochs less one of a single epoch, which has the same start, validation and end."""
    _, extent, transform = NETWORKS[arch]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_pictures(folder / "train", arguments.batch * arguments.batches, extent)
        write_pictures(folder / "val", CLASSES, extent)
        (folder / "recipe.toml").write_text(RECIPE.format(
            arch=arch, width=arguments.width, transform=transform, extent=extent, batch=arguments.batch, epsilon=EPSILON,
            steps=STEPS, step_size=STEP_SIZE, precision=precision))

        def seconds(epochs):
            begin = time.perf_counter()
            subprocess.run([arguments.mirra_train, "encoder", "--data", folder, "--recipe", folder / "recipe.toml", "-o",
                            folder / f"{epochs}.mirra", "--epochs", str(epochs), "--device", arguments.device, "--threads",
                            str(arguments.threads)], check=True, capture_output=True)
            return time.perf_counter() - begin

        once = seconds(1)
        return (EPOCHS - 1) * arguments.batch * arguments.batches / (seconds(EPOCHS) - once)


def compare(arguments, arch):
    contestants = {"Mirra fp32": lambda: mirra(arguments, arch, "fp32"),
                   "PyTorch eager fp32": lambda: eager(arguments, arch, False, False),
                   "PyTorch eager fp32 channels-last": lambda: eager(arguments, arch, True, False)}
    if arguments.bf16:
        contestants |= {"Mirra bf16": lambda: mirra(arguments, arch, "bf16"),
                        "PyTorch eager bf16 autocast": lambda: eager(arguments, arch, False, True),
                        "PyTorch eager bf16 autocast channels-last": lambda: eager(arguments, arch, True, True)}
    rates = {name: [] for name in contestants}
    for _ in range(arguments.rounds):
        for name, run in contestants.items():
            rates[name].append(run())
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"\n{arch}, width {arguments.width}, {NETWORKS[arch][1]} px, batch {arguments.batch}, PGD-{STEPS}, "
          f"{arguments.device}, {arguments.threads} threads\n\n| training | images/s | Mirra over it |\n|---|---|---|")
    for name, value in medians.items():
        own = medians["Mirra bf16" if "bf16" in name else "Mirra fp32"]
        print(f"| {name} | {value:.1f} | {own / value:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--batches", type=int, default=4, help="a measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bf16", action="store_true", help="also in bf16, which pays where the hardware has it")
    parser.add_argument("--mirra-train", default=str(ROOT / "build/release/bin/mirra-train"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for arch in arguments.arch:
        compare(arguments, arch)


if __name__ == "__main__":
    main()

"""Times adversarial training in mirra-train and in PyTorch eager, in turns, with the same network, batch and attack.

    python3 -m venv build/bench && build/bench/bin/pip install -r tests/bench/requirements.txt
    build/bench/bin/python tests/bench/compare_training.py [--arch resnet18 alexnet] [--width 0.25] [--device cpu]

Both train with PGD of 7 steps (evaluation mode, no random start, no best iterate), then one SGD step with momentum and
weight decay. mirra-train loads, augments and logs as always; PyTorch has its batch in memory. Prints a Markdown table of
images per second, all pictures over all of the time, each the median of the rounds, and Mirra's over the peer's.
"""
import argparse
import pathlib
import subprocess
import tempfile
import time

import torch
import torch.nn.functional as F
from torch import nn

import training_contest

STEPS = 7  # of the attack
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

    return training_contest.rate(step, arguments.batch, arguments.batches)


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


def mirra(arguments, arch, precision):
    """Images per second: a run of three epochs less one of a single epoch, which has the same start, validation and end."""
    _, extent, transform = NETWORKS[arch]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        training_contest.write_pictures(folder / "train", arguments.batch * arguments.batches, extent)
        training_contest.write_pictures(folder / "val", CLASSES, extent)
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
    title = (f"{arch}, width {arguments.width}, {NETWORKS[arch][1]} px, batch {arguments.batch}, PGD-{STEPS}, "
             f"{arguments.device}, {arguments.threads} threads")
    training_contest.run(title, arguments, lambda precision: mirra(arguments, arch, precision),
                         lambda channels_last, bf16: eager(arguments, arch, channels_last, bf16))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--batches", type=int, default=4, help="a measurement")
    arguments = training_contest.parse(parser)
    for arch in arguments.arch:
        compare(arguments, arch)


if __name__ == "__main__":
    main()

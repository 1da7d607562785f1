"""Times the training of an AlexNet conv5 inverter with all three losses in mirra-train and in PyTorch eager, in turns.

    python3 -m venv build/bench && build/bench/bin/pip install -r tests/bench/requirements.txt
    build/bench/bin/python tests/bench/compare_inverter_training.py [--width 1] [--extent 224] [--device cpu]

A step is the paper's: the encoder's features, the generator under spectral norm, a step of the discriminator (Table A5), one
of the generator against it (pixel, feature and adversarial loss). mirra-train loads, augments and logs as always; PyTorch has
its batch in memory. Prints a Markdown table of images per second, each the median of the rounds, and Mirra's over the peer's.
"""
import argparse
import pathlib
import subprocess
import tempfile
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import spectral_norm

import training_contest
from compare_training import CONSTANTS, channels

FEW = 2  # steps of the shorter of two runs of mirra-train


def encoder(width):
    a, b, c, d, e = (channels(n, width) for n in (64, 192, 384, 256, 256))
    network = nn.Sequential(
        nn.Conv2d(3, a, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(a, b, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(b, c, 3, 1, 1), nn.ReLU(), nn.Conv2d(c, d, 3, 1, 1), nn.ReLU(), nn.Conv2d(d, e, 3, 1, 1), nn.ReLU(),
        nn.MaxPool2d(3, 2))
    return network.requires_grad_(False).eval()


def generator(width):
    wide = lambda count: count if count == 3 else channels(count, width)
    layers, inside = [], wide(256)

    def append(make, outside):
        nonlocal inside
        layers.extend([spectral_norm(make(inside, wide(outside)), dim=1 if make is not convolution else 0),
                       nn.BatchNorm2d(wide(outside)), nn.ReLU()])
        inside = wide(outside)

    def convolution(i, o):
        return nn.Conv2d(i, o, 3, 1, 1, bias=False)

    def transposed(stride):
        return lambda i, o: nn.ConvTranspose2d(i, o, 4, stride, 1, bias=False)

    append(convolution, 256)
    append(transposed(1), 256)
    append(convolution, 256)
    for count in (256, 128, 64, 32):
        append(transposed(2), count)
        append(convolution, count)
    append(transposed(2), 3)
    return nn.Sequential(*layers, spectral_norm(nn.Conv2d(3, 3, 3, 1, 1)), nn.Tanh())


class Discriminator(nn.Module):
    def __init__(self, features):
        super().__init__()
        sn = spectral_norm
        self.picture = nn.Sequential(
            sn(nn.Conv2d(3, 32, 7, 4, 1)), nn.ReLU(), sn(nn.Conv2d(32, 64, 5)), nn.ReLU(), sn(nn.Conv2d(64, 128, 3, 2)), nn.ReLU(),
            sn(nn.Conv2d(128, 256, 3)), nn.ReLU(), sn(nn.Conv2d(256, 256, 3, 2)), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.features = nn.Sequential(nn.AdaptiveAvgPool2d(6), nn.Flatten(), sn(nn.Linear(36 * features, 1024)), nn.ReLU(),
                                      sn(nn.Linear(1024, 512)), nn.ReLU())
        self.both = nn.Sequential(nn.Dropout(), sn(nn.Linear(768, 512)), nn.ReLU(), nn.Dropout(), sn(nn.Linear(512, 1)))

    def forward(self, picture, features):
        return self.both(torch.cat([self.picture(picture), self.features(features)], 1))


def eager(arguments, channels_last, bf16):
    layout = torch.channels_last if channels_last else torch.contiguous_format
    networks = [encoder(arguments.width), generator(arguments.width), Discriminator(channels(256, arguments.width))]
    e, g, d = (n.to(arguments.device).to(memory_format=layout) for n in networks)
    mean, deviation = (torch.tensor(c, device=arguments.device).view(1, 3, 1, 1) for c in CONSTANTS["mean_std"])
    features = lambda x: e((x - mean) / deviation)
    adam_g = torch.optim.Adam(g.parameters(), 3e-4, (0.0, 0.9))
    adam_d = torch.optim.Adam(d.parameters(), 1.2e-3, (0.0, 0.9))
    images = torch.rand(arguments.batch, 3, arguments.extent, arguments.extent, device=arguments.device)
    images = images.contiguous(memory_format=layout)

    def step():
        with torch.autocast(torch.device(arguments.device).type, torch.bfloat16, enabled=bf16):
            with torch.no_grad():
                wanted = features(images)
            output = 0.5 * (g(wanted) + 1)
            adam_d.zero_grad(set_to_none=True)
            loss_d = F.softplus(-d(images, wanted)).mean() + F.softplus(d(output.detach(), wanted)).mean()
        loss_d.backward()
        adam_d.step()
        adam_g.zero_grad(set_to_none=True)
        with torch.autocast(torch.device(arguments.device).type, torch.bfloat16, enabled=bf16):
            loss = F.l1_loss(output, images) + F.mse_loss(features(output), wanted) + F.softplus(-d(output, wanted)).mean()
        loss.backward()
        adam_g.step()
        return loss.item()

    return training_contest.rate(step, arguments.batch, arguments.steps)


ENCODER = """[network]
architecture = "alexnet"
width = {width}
hidden = [16]
pooled_extent = 1
[data]
extent = {extent}
batch = 2
crop = "pad"
[optimizer]
epochs = 1
rate = 1e-6
[validation]
pictures = 1
steps = 1
"""
INVERTER = """[data]
extent = {extent}
batch = {batch}
crop = "pad"
padding = 0
[loss]
kind = "pix+feat+gan"
[validation]
every = 1000000
pictures = 1
[training]
precision = "{precision}"
"""


def mirra(arguments, precision):
    """Images per second: a run of many steps less one of a few, which has the same start and end."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        training_contest.write_pictures(folder / "few", 20, arguments.extent)
        training_contest.write_pictures(folder / "train", 4 * arguments.batch, arguments.extent)
        (folder / "encoder.toml").write_text(ENCODER.format(**vars(arguments)))
        (folder / "inverter.toml").write_text(INVERTER.format(precision=precision, **vars(arguments)))
        run = lambda *words: subprocess.run([arguments.mirra_train, *map(str, words), "--threads", str(arguments.threads)],
                                            check=True, capture_output=True)
        run("encoder", "--data", folder / "few", "--validation", folder / "few", "--recipe", folder / "encoder.toml", "-o",
            folder / "encoder.mirra")

        def seconds(steps):
            begin = time.perf_counter()
            run("inverter", "--encoder", folder / "encoder.mirra", "--data", folder / "train", "--recipe", folder / "inverter.toml",
                "--steps", steps, "--device", arguments.device, "-o", folder / f"{steps}.mirra")
            return time.perf_counter() - begin

        few = seconds(FEW)
        return arguments.steps * arguments.batch / (seconds(FEW + arguments.steps) - few)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=float, default=1)
    parser.add_argument("--extent", type=int, default=224)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=6, help="a measurement")
    arguments = training_contest.parse(parser)
    title = (f"AlexNet conv5 inverter, width {arguments.width}, {arguments.extent} px, batch {arguments.batch}, pix+feat+gan, "
             f"{arguments.device}, {arguments.threads} threads")
    training_contest.run(title, arguments, lambda precision: mirra(arguments, precision),
                         lambda channels_last, bf16: eager(arguments, channels_last, bf16))


if __name__ == "__main__":
    main()

"""Times the steps of four trainings in mirra-train and in PyTorch eager, in turns: the same network, batch and precision.

    python3 -m venv build/bench && build/bench/bin/pip install -r tests/bench/requirements.txt
    build/bench/bin/python tests/bench/compare_steps.py [--training denoiser encoder inverter segmentation] [--device cpu]

denoiser: recipes/small/denoiser-fast.toml, 16 crops of 128 px. encoder: an AlexNet against PGD, then SGD. inverter: its
generator from conv5 with all three losses. segmentation: the network of an anomaly detector that marks defects.
mirra-train loads, cuts, distorts and logs as always; PyTorch has its batch in memory. Mirra's rate is that of log.csv, which
counts all the time but for validations and checkpoints; the steps before the first row warm it up, as some do PyTorch.
Prints a Markdown table of images per second, each the median of the rounds, and Mirra's over the peer's.
"""
import argparse
import csv
import itertools
import pathlib
import subprocess
import tempfile

import torch
import torch.nn.functional as F

import compare_inverter_training
import compare_training
import graph_module
import training_contest

DENOISER = training_contest.ROOT / "trainer/recipes/small/denoiser-fast.toml"
DENOISER_BATCH, DENOISER_CROP = 16, 128
MARKING = {"batch": 8, "extent": 256}
ENCODER = {"width": 0.5, "batch": 32}
INVERTER = {"width": 0.5, "extent": 128, "batch": 16}


class Peer:
    """A network and its optimiser in PyTorch, as one writes them."""

    def __init__(self, arguments, channels_last, bf16):
        self.device, self.bf16 = torch.device(arguments.device), bf16
        self.layout = torch.channels_last if channels_last else torch.contiguous_format

    def take(self, network, rate):
        self.network = network.to(self.device).to(memory_format=self.layout).train()
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(not name.endswith(("running_mean", "running_var")))
        self.optimiser = torch.optim.Adam(self.network.parameters(), rate)

    def batch(self, *shape):
        return torch.rand(*shape, device=self.device).contiguous(memory_format=self.layout)

    def forward(self, *inputs):
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            return self.network(*inputs).float()

    def learn(self, loss):
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        return loss.item()


def eager_denoiser(arguments, bundle, channels_last, bf16):
    peer = Peer(arguments, channels_last, bf16)
    peer.take(graph_module.load(bundle, "denoiser")[0], 1e-3)
    clean = peer.batch(DENOISER_BATCH, 3, DENOISER_CROP, DENOISER_CROP)
    level = torch.full((DENOISER_BATCH, 1, DENOISER_CROP, DENOISER_CROP), -0.25, device=peer.device)

    def step():
        sigma = torch.rand(DENOISER_BATCH, 1, 1, 1, device=peer.device) * (75 / 255)
        noisy = (clean + sigma * torch.randn_like(clean)).clamp(0, 1)
        return peer.learn(F.l1_loss(peer.forward(noisy, level), clean))

    return training_contest.rate(step, DENOISER_BATCH, arguments.steps)


def marking_loss(logits, mask):
    z = logits.squeeze(1)
    p = z.sigmoid()
    entropy = F.binary_cross_entropy_with_logits(z, mask, reduction="none")
    right = p * mask + (1 - p) * (1 - mask)
    focal = ((1 - right) ** 2 * entropy * (0.75 * mask + 0.25 * (1 - mask))).mean()
    dice = 1 - (2 * (p * mask).sum() + 1) / ((p * p).sum() + mask.sum() + 1)
    most = z.flatten(1).topk(z[0].numel() // 1000).values.mean(1)
    return 10 * focal + dice + 0.5 * F.binary_cross_entropy_with_logits(most, mask.flatten(1).amax(1))


def eager_segmentation(arguments, bundle, channels_last, bf16):
    peer = Peer(arguments, channels_last, bf16)
    peer.take(graph_module.load(bundle, "segmenter")[0], 2e-3)
    batch, extent = MARKING["batch"], MARKING["extent"]
    pictures = peer.batch(batch, 3, extent, extent)
    masks = (torch.rand(batch, extent, extent, device=peer.device) > 0.97).float()
    averages = [parameter.detach().clone() for parameter in peer.network.parameters()]

    def step():
        loss = peer.learn(marking_loss(peer.forward(pictures), masks))
        with torch.no_grad():
            for average, parameter in zip(averages, peer.network.parameters()):
                average.lerp_(parameter, 0.01)
        return loss

    return training_contest.rate(step, batch, arguments.steps)


def values(arguments, **others):
    return argparse.Namespace(**{**vars(arguments), **others})


def logged_rate(run):
    """Pictures per second over the rows of a log but for the first."""
    with open(run / "log.csv", newline="") as file:
        rows = [(int(row["step"]), float(row["pictures_per_second"])) for row in csv.DictReader(file)]
    steps = [row[0] - before[0] for before, row in itertools.pairwise(rows)]
    return sum(steps) / sum(count / rate for count, (_, rate) in zip(steps, rows[1:]))


class Mirra:
    """The trainings of mirra-train, each in a folder of its own; they leave the networks that the peers take."""

    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        training_contest.write_pictures(folder / "crops/train", 20, 256)
        training_contest.write_pictures(folder / "classes/train", 4 * ENCODER["batch"], 128)
        training_contest.write_pictures(folder / "classes/val", 10, 128)

    def run(self, task, *words):
        bundle = self.folder / f"{task}.mirra"
        command = [self.arguments.mirra_train, task, "-o", bundle, "--restart", "--device", self.arguments.device, "--threads",
                   self.arguments.threads, *words]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        return logged_rate(self.folder / f"{task}.mirra.run")

    def steps(self):
        return 3 * self.arguments.steps

    def recipe(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def denoiser(self, precision):
        return self.run("denoiser", "--data", self.folder / "crops/train", "--recipe", DENOISER, "--steps", self.steps(),
                        "--set", f"validation.every={self.arguments.steps}", "--set", "validation.pictures=1",
                        "--set", f"training.precision={precision}")

    def encoder(self, precision):
        _, extent, transform = compare_training.NETWORKS["alexnet"]
        recipe = self.recipe("encoder.toml", compare_training.RECIPE.format(
            arch="alexnet", width=ENCODER["width"], transform=transform, extent=extent, batch=ENCODER["batch"],
            epsilon=compare_training.EPSILON, steps=compare_training.STEPS, step_size=compare_training.STEP_SIZE,
            precision=precision))
        return self.run("encoder", "--data", self.folder / "classes", "--recipe", recipe, "--epochs",
                        max(2, self.steps() // 4), "--set", "validation.every_epochs=2", "--set", "validation.pictures=1")

    def inverter(self, precision):
        made = self.folder / "encoder.mirra"
        if not made.exists():
            self.encoder("fp32")
        recipe = self.recipe("inverter.toml", compare_inverter_training.INVERTER.format(
            extent=INVERTER["extent"], batch=INVERTER["batch"], precision=precision))
        return self.run("inverter", "--encoder", made, "--data", self.folder / "classes/train", "--recipe", recipe, "--steps",
                        self.steps(), "--set", f"validation.every={self.arguments.steps}")

    def segmentation(self, precision):
        return self.run("anomaly", "--data", self.folder / "crops/train", "--method", "segmentation",
                        "--segmentation-steps", self.steps(), "--set", f"training.precision={precision}",
                        "--set", "memory.pictures=0", "--set", f"validation.every={self.arguments.steps}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    trainings = ["denoiser", "encoder", "inverter", "segmentation"]
    parser.add_argument("--training", nargs="+", choices=trainings, default=trainings)
    parser.add_argument("--steps", type=int, default=8, help="a measurement")
    arguments = training_contest.parse(parser)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        mirra = Mirra(arguments, folder)
        eager = {"denoiser": lambda *how: eager_denoiser(arguments, folder / "denoiser.mirra", *how),
                 "encoder": lambda *how: compare_training.eager(values(arguments, **{**ENCODER, "batches": arguments.steps}),
                                                                "alexnet", *how),
                 "inverter": lambda *how: compare_inverter_training.eager(values(arguments, **INVERTER), *how),
                 "segmentation": lambda *how: eager_segmentation(arguments, folder / "anomaly.mirra", *how)}
        for training in arguments.training:
            training_contest.run(f"{training}, {arguments.device}, {arguments.threads} threads", arguments,
                                 getattr(mirra, training), eager[training])


if __name__ == "__main__":
    main()

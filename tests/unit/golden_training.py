#!/usr/bin/env python3
"""Writes golden_training.json: what PyTorch computes in training steps, for trainer_golden_test.cpp.

    golden_training.py OUT

Weights and pictures are functions of their names and places alone (`values` of tests/integration/make_golden.py), so the
file holds only results: of large tensors, some forty evenly spaced samples. Needs torch; nothing of Mirra is imported.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
import torch
import torch.nn.functional as F
from make_golden import values
from torch import nn

SAMPLES = 40
cases = {}


def keep(name, tensor):
    flat = torch.as_tensor(tensor).detach().flatten()
    step = max(1, flat.numel() // SAMPLES)
    cases[name] = {"step": step, "samples": [float(f"{v:.7g}") for v in flat[::step].tolist()]}


def unit(name, size):
    return F.normalize(values(name, (size,), -1, 1), dim=0)


def fill(network, name):
    """Parameters from their names; the vectors of spectral norms as unit vectors."""
    with torch.no_grad():
        for key, tensor in network.named_parameters():
            key = key.replace("weight_orig", "weight")
            tensor.copy_(values(f"{name} {key}", tuple(tensor.shape), -0.2, 0.2))
        for key, tensor in network.named_buffers():
            if key.endswith(("_u", "_v")):
                tensor.copy_(unit(f"{name} {key}", tensor.numel()))


def spectral_norm():
    """Two passes in training, the power iteration in each, then one in evaluation."""
    for name, layer, dim in (("conv", nn.Conv2d(3, 5, 3, padding=1), 0),
                             ("deconv", nn.ConvTranspose2d(3, 5, 4, stride=2, padding=1), 1)):
        layer = nn.utils.spectral_norm(layer, dim=dim).train()
        fill(layer, name)
        image = values(f"{name} image", (2, 3, 8, 8), -1, 1)
        for step in range(2):
            layer.zero_grad()
            output = layer(image)
            output.square().mean().backward()
            keep(f"spectral_norm {name} {step} output", output)
            keep(f"spectral_norm {name} {step} gradient", layer.weight_orig.grad)
            keep(f"spectral_norm {name} {step} u", layer.weight_u)
            keep(f"spectral_norm {name} {step} v", layer.weight_v)
        layer.eval()
        keep(f"spectral_norm {name} evaluation", layer(image))


def batch_norm():
    """Statistics of the batch normalise; the running ones follow with a momentum of 0.1 and judge in evaluation."""
    layer = nn.BatchNorm2d(4).train()
    with torch.no_grad():
        layer.weight.copy_(values("norm weight", (4,), 0.5, 1.5))
        layer.bias.copy_(values("norm bias", (4,), -0.5, 0.5))
    for step in range(2):
        layer.zero_grad()
        image = values(f"norm image {step}", (3, 4, 5, 6), -1, 2).requires_grad_()
        output = layer(image)
        (output * values("norm direction", (3, 4, 5, 6), -1, 1)).sum().backward()
        keep(f"batch_norm {step} output", output)
        keep(f"batch_norm {step} image gradient", image.grad)
        keep(f"batch_norm {step} weight gradient", layer.weight.grad)
        keep(f"batch_norm {step} bias gradient", layer.bias.grad)
        keep(f"batch_norm {step} running_mean", layer.running_mean)
        keep(f"batch_norm {step} running_var", layer.running_var)
    keep("batch_norm evaluation", layer.eval()(image))


class Discriminator(nn.Module):
    """Table A5 at an eighth of its width, 8 channels at least, for pictures of 32 pixels: strides of 1, 1, 2, 1, 2."""

    def __init__(self):
        super().__init__()
        normed = nn.utils.spectral_norm

        def convolution(*arguments, **named):
            return normed(nn.Conv2d(*arguments, **named))

        self.features = nn.ModuleDict({"0": convolution(3, 8, 7, padding=1), "3": convolution(8, 8, 5),
                                       "6": convolution(8, 16, 3, stride=2), "9": convolution(16, 32, 3),
                                       "12": convolution(32, 32, 3, stride=2)})
        self.classifier01 = nn.ModuleDict({"0": convolution(4, 128, 6), "2": convolution(128, 64, 1)})
        self.classifier02 = nn.ModuleDict({"1": convolution(96, 64, 1), "4": convolution(64, 1, 1)})

    def forward(self, image, features):
        x, y = image, F.adaptive_avg_pool2d(features, 6)
        for layer in self.features.values():
            x = F.relu(layer(x))
        for layer in self.classifier01.values():
            y = F.relu(layer(y))
        z = torch.cat([x.mean((2, 3), keepdim=True), y], 1)
        return self.classifier02["4"](F.relu(self.classifier02["1"](z))).flatten(1)


def gan():
    """A step of the discriminator on real and generated pictures, then the generator's loss."""
    network = Discriminator().train()
    fill(network, "gan")
    adam = torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.5, 0.999), eps=1e-3)
    features = values("gan features", (2, 4, 2, 2), 0, 1)
    real, generated = values("gan real", (2, 3, 32, 32), 0, 1), values("gan generated", (2, 3, 32, 32), 0, 1)
    ones, zeros = torch.ones(2, 1), torch.zeros(2, 1)
    entropy = F.binary_cross_entropy_with_logits
    loss = entropy(network(real, features), ones) + entropy(network(generated, features), zeros)
    loss.backward()
    gradients = {key.replace("weight_orig", "weight"): p.grad.clone() for key, p in network.named_parameters()}
    adam.step()
    keep("gan discriminator loss", loss)
    for key in ("features.0.weight", "features.12.bias", "classifier01.0.weight", "classifier02.4.weight"):
        keep(f"gan gradient {key}", gradients[key])
    for key, parameter in network.named_parameters():
        keep(f"gan weight {key.replace('weight_orig', 'weight')}", parameter)
    picture = generated.clone().requires_grad_()
    loss = entropy(network(picture, features), ones)
    loss.backward()
    keep("gan generator loss", loss)
    keep("gan generator gradient", picture.grad)


def pgd():
    """Two steps of the attack of adversarial training, in both norms, on a network of two layers."""
    first, second = values("pgd first", (12, 48), -0.3, 0.3), values("pgd second", (5, 12), -0.5, 0.5)
    images, labels = values("pgd images", (3, 3, 4, 4), 0, 1), torch.tensor([0, 3, 2])
    for norm, epsilon, rate in (("l2", 0.7, 0.4), ("linf", 0.03, 0.02)):
        points = images.clone()
        for _ in range(2):
            points = points.detach().requires_grad_()
            F.cross_entropy(torch.tanh(points.flatten(1) @ first.T) @ second.T, labels, reduction="sum").backward()
            gradient = points.grad
            if norm == "l2":
                length = gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
                move = points.detach() + rate * gradient / length - images
                length = move.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
                move = move * (epsilon / length).clamp(max=1)
            else:
                move = (points.detach() + rate * gradient.sign() - images).clamp(-epsilon, epsilon)
            points = (images + move).clamp(0, 1)
        keep(f"pgd {norm}", points)


def optimizers():
    """Three steps with given gradients."""
    makers = {
        "adam": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.9, 0.99), eps=1e-8),
        "adam decay": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.5, 0.999), eps=1e-6, weight_decay=0.1),
        "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01),
        "sgd nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8, weight_decay=0.1, nesterov=True),
    }
    for name, make in makers.items():
        parameter = values("optimizer start", (30,), -1, 1).requires_grad_()
        optimizer = make([parameter])
        for step in range(3):
            parameter.grad = values(f"optimizer gradient {step}", (30,), -0.5, 0.5)
            optimizer.step()
        keep(f"optimizer {name}", parameter)


def main():
    torch.set_num_threads(1)
    for make in (spectral_norm, batch_norm, gan, pgd, optimizers):
        make()
    text = json.dumps(cases, separators=(",", ":")).replace('},"', '},\n"')
    pathlib.Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()

"""Classifiers in PyTorch in their published layouts, independent of the SDK; for reference_parity.py.

Every network's `run(image)` gives its logits and the features that the paper inverts, by graph and output.
"""
import torch
from torch import nn
from torch.nn import functional as F

CIFAR = ([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010])
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


class Classifier(nn.Module):
    def lively(self):
        """Weights that keep the signal's size, so that the logits depend on the picture."""
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight)
        return self

    def run(self, image):
        logits, taps = self(image)
        return {"classifier.logits": logits, **{"encoder." + name: value for name, value in taps.items()}}


def sequence(layers, x, taps):
    """Runs a sequence; `taps`: index -> name. @returns the result and what was tapped"""
    found = {}
    for index, layer in enumerate(layers):
        x = layer(x)
        if index in taps:
            found[taps[index]] = x
    return x, found


class AlexNet(Classifier):
    """torchvision's, or robustness's, whose last layer stands apart."""

    def __init__(self, c=64, hidden=4096, classes=1000, extent=6, apart=False):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, c, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(c, 3 * c, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(3 * c, 6 * c, 3, padding=1), nn.ReLU(),
            nn.Conv2d(6 * c, 4 * c, 3, padding=1), nn.ReLU(),
            nn.Conv2d(4 * c, 4 * c, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2))
        self.avgpool = nn.AdaptiveAvgPool2d(extent)
        head = [nn.Dropout(), nn.Linear(4 * c * extent * extent, hidden), nn.ReLU(), nn.Dropout(),
                nn.Linear(hidden, hidden)]
        self.apart = apart
        if apart:
            self.classifier = nn.Sequential(*head)
            self.last_layer = nn.Linear(hidden, classes)
        else:
            self.classifier = nn.Sequential(*head, nn.ReLU(), nn.Linear(hidden, classes))

    def forward(self, x):
        x, taps = sequence(self.features, x, {2: "conv1", 5: "conv2", 12: "conv5"})
        x = self.classifier(self.avgpool(x).flatten(1))
        return (self.last_layer(F.relu(x)) if self.apart else x), taps


class Vgg16(Classifier):
    def __init__(self, c=64, hidden=4096, classes=1000, extent=7, batch_norm=False):
        super().__init__()
        layers, channels = [], 3
        for factor in (1, 1, 0, 2, 2, 0, 4, 4, 4, 0, 8, 8, 8, 0, 8, 8, 8, 0):
            if factor == 0:
                layers.append(nn.MaxPool2d(2, 2))
                continue
            layers.append(nn.Conv2d(channels, factor * c, 3, padding=1))
            channels = factor * c
            layers += [nn.BatchNorm2d(channels)] if batch_norm else []
            layers.append(nn.ReLU())
        self.taps = {place: f"conv{i + 1}_1" for i, place in enumerate((2, 9, 16, 26, 36) if batch_norm else (1, 6, 11, 18, 25))}
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(extent)
        self.classifier = nn.Sequential(
            nn.Linear(channels * extent * extent, hidden), nn.ReLU(), nn.Dropout(),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(), nn.Linear(hidden, classes))

    def forward(self, x):
        x, taps = sequence(self.features, x, self.taps)
        return self.classifier(self.avgpool(x).flatten(1)), taps


class BasicBlock(nn.Module):
    def __init__(self, i, o, stride, skip):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o)
        self.skip = skip
        layers = [nn.Conv2d(i, o, 1, stride=stride, bias=False), nn.BatchNorm2d(o)] if stride != 1 or i != o else []
        setattr(self, skip, nn.Sequential(*layers))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + getattr(self, self.skip)(x))


class ResNet18(Classifier):
    """For 32 x 32 pictures, with the names of robustness or of torchvision."""

    def __init__(self, c=64, classes=10, skip="shortcut", last="linear"):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)
        channels = c
        for stage in range(4):
            out = c << stage
            blocks = [BasicBlock(channels, out, 2 if stage else 1, skip), BasicBlock(out, out, 1, skip)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            channels = out
        self.last = last
        setattr(self, last, nn.Linear(channels, classes))

    def forward(self, x):
        x = self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x)))))
        layer3 = self.layer3(x)
        layer4 = self.layer4(layer3)
        logits = getattr(self, self.last)(layer4.mean((2, 3)))
        return logits, {"layer3": layer3, "layer4": layer4}


class WideBlock(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(i), nn.Conv2d(i, o, 3, stride=stride, padding=1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(o), nn.Conv2d(o, o, 3, padding=1, bias=False)
        self.convShortcut = None if i == o else nn.Conv2d(i, o, 1, stride=stride, bias=False)

    def forward(self, x):
        activated = F.relu(self.bn1(x))
        y = self.conv2(F.relu(self.bn2(self.conv1(activated))))
        return y + (x if self.convShortcut is None else self.convShortcut(activated))


class WideStage(nn.Module):
    def __init__(self, i, o, stride, blocks):
        super().__init__()
        self.layer = nn.Sequential(*(WideBlock(o if n else i, o, 1 if n else stride) for n in range(blocks)))

    def forward(self, x):
        return self.layer(x)


class WideResNet(Classifier):
    """The names of Zagoruyko, TRADES and RobustBench; TRADES's has a stage that nothing uses."""

    def __init__(self, depth=28, widen=10, classes=10, unused_stage=False):
        super().__init__()
        blocks = (depth - 4) // 6
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.block1 = WideStage(16, 16 * widen, 1, blocks)
        if unused_stage:
            self.sub_block1 = WideStage(16, 16 * widen, 1, blocks)
        self.block2 = WideStage(16 * widen, 32 * widen, 2, blocks)
        self.block3 = WideStage(32 * widen, 64 * widen, 2, blocks)
        self.bn1 = nn.BatchNorm2d(64 * widen)
        self.fc = nn.Linear(64 * widen, classes)

    def forward(self, x):
        block2 = self.block2(self.block1(self.conv1(x)))
        raw = self.block3(block2)
        block3 = F.relu(self.bn1(raw))
        return self.fc(block3.mean((2, 3))), {"block2": block2, "block3_raw": raw, "block3": block3}


class Normalised(nn.Module):
    """How robustness (new_mean, new_std) and RobustBench (mean, std) wrap a network."""

    def __init__(self, model, constants, names=("new_mean", "new_std")):
        super().__init__()
        self.model, self.names = model, names
        self.normalizer = nn.Module()
        for name, values in zip(names, constants):
            self.normalizer.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1))

    def run(self, image):
        mean, deviation = (getattr(self.normalizer, name) for name in self.names)
        return self.model.run((image - mean) / deviation)


# By architecture; behind a plus, a second layout of it.
NETWORKS = {
    "alexnet-classifier": lambda: AlexNet(8, 32, 10, 3).lively(),
    "alexnet-classifier+apart": lambda: Normalised(AlexNet(16, 32, 2, 2, apart=True).lively(), IMAGENET),
    "vgg16-classifier": lambda: Vgg16(8, 32, 10, 2).lively(),
    "vgg16-classifier+bn": lambda: Normalised(Vgg16(8, 32, 2, 1, batch_norm=True).lively(), IMAGENET, ("mean", "std")),
    "resnet18-classifier": lambda: Normalised(ResNet18(8).lively(), CIFAR),
    "resnet18-classifier+torchvision": lambda: ResNet18(16, 2, "downsample", "fc").lively(),
    "wrn-28-10-classifier": lambda: WideResNet(28, 2).lively(),
    "wrn-28-10-classifier+shallow": lambda: WideResNet(10, 1, 2, unused_stage=True).lively(),
}

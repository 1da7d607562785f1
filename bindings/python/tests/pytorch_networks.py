"""Architectures that people have, in plain PyTorch, small, written after their papers and public code.

DnCNN    Zhang 2017, "Beyond a Gaussian Denoiser"; code: cszn/KAIR (MIT)
NAFNet   Chen 2022, "Simple Baselines for Image Restoration"; code: megvii-research/NAFNet (MIT)
SRVGG    Wang 2021, "Real-ESRGAN", SRVGGNetCompact; code: xinntao/Real-ESRGAN (BSD-3-Clause)
RRDBNet  Wang 2018, "ESRGAN"; code: XPixelGroup/BasicSR (Apache-2.0)
FSRCNN   Dong 2016, "Accelerating the Super-Resolution Convolutional Neural Network"
IMDN     Hui 2019, "Lightweight Image Super-Resolution with Information Multi-distillation Network", as simplified in
         cszn/KAIR (MIT)
UNet     Ronneberger 2015, "U-Net", with padded convolutions
"""

import torch
import torch.nn.functional as F
from torch import nn


def seeded(module, seed=1):
    """The module in evaluation, with random weights and running statistics."""
    dice = torch.Generator().manual_seed(seed)

    def uniform(tensor, low, high):
        return torch.rand(tensor.shape, generator=dice) * (high - low) + low

    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name.endswith("running_var"):
                value.copy_(uniform(value, 0.5, 1.5))
            elif value.is_floating_point():
                reach = (3 / max(value[0].numel(), 4)) ** 0.5 if value.dim() > 1 else 0.5
                value.copy_(uniform(value, -reach, reach) + (name.endswith("norm.weight") or 0))
    return module.eval()


class DnCNN(nn.Module):
    def __init__(self, channels=3, width=16, depth=5):
        super().__init__()
        layers = [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
        for _ in range(depth - 2):
            layers += [nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        layers.append(nn.Conv2d(width, channels, 3, padding=1))
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return x - self.model(x)


class LayerNormFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, eps):
        _, channels, _, _ = x.size()
        mu = x.mean(1, keepdim=True)
        var = (x - mu).pow(2).mean(1, keepdim=True)
        y = (x - mu) / (var + eps).sqrt()
        return weight.view(1, channels, 1, 1) * y + bias.view(1, channels, 1, 1)


class LayerNorm2d(nn.Module):
    def __init__(self, channels, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x):
        return LayerNormFunction.apply(x, self.weight, self.bias, self.eps)


class SimpleGate(nn.Module):
    def forward(self, x):
        one, other = x.chunk(2, dim=1)
        return one * other


class NAFBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm1, self.norm2 = LayerNorm2d(width), LayerNorm2d(width)
        self.conv1 = nn.Conv2d(width, 2 * width, 1)
        self.conv2 = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width)
        self.conv3 = nn.Conv2d(width, width, 1)
        self.sca = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, width, 1))
        self.sg = SimpleGate()
        self.conv4 = nn.Conv2d(width, 2 * width, 1)
        self.conv5 = nn.Conv2d(width, width, 1)
        self.dropout1, self.dropout2 = nn.Identity(), nn.Dropout(0.1)
        self.beta = nn.Parameter(torch.zeros(1, width, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, inp):
        x = self.sg(self.conv2(self.conv1(self.norm1(inp))))
        x = self.dropout1(self.conv3(x * self.sca(x)))
        y = inp + x * self.beta
        x = self.dropout2(self.conv5(self.sg(self.conv4(self.norm2(y)))))
        return y + x * self.gamma


class NAFNet(nn.Module):
    def __init__(self, channels=3, width=8, encoders=(1, 1), middle=1, decoders=(1, 1)):
        super().__init__()
        self.intro = nn.Conv2d(channels, width, 3, padding=1)
        self.ending = nn.Conv2d(width, channels, 3, padding=1)
        self.encoders, self.decoders = nn.ModuleList(), nn.ModuleList()
        self.ups, self.downs = nn.ModuleList(), nn.ModuleList()
        for count in encoders:
            self.encoders.append(nn.Sequential(*[NAFBlock(width) for _ in range(count)]))
            self.downs.append(nn.Conv2d(width, 2 * width, 2, 2))
            width *= 2
        self.middle_blks = nn.Sequential(*[NAFBlock(width) for _ in range(middle)])
        for count in decoders:
            self.ups.append(nn.Sequential(nn.Conv2d(width, 2 * width, 1, bias=False), nn.PixelShuffle(2)))
            width //= 2
            self.decoders.append(nn.Sequential(*[NAFBlock(width) for _ in range(count)]))
        self.padder_size = 2 ** len(encoders)

    def forward(self, inp):
        _, _, height, width = inp.shape
        inp = self.check_image_size(inp)
        x = self.intro(inp)
        skips = []
        for encoder, down in zip(self.encoders, self.downs):
            x = encoder(x)
            skips.append(x)
            x = down(x)
        x = self.middle_blks(x)
        for decoder, up, skip in zip(self.decoders, self.ups, skips[::-1]):
            x = decoder(up(x) + skip)
        x = self.ending(x) + inp
        return x[:, :, :height, :width]

    def check_image_size(self, x):
        _, _, height, width = x.size()
        below = (self.padder_size - height % self.padder_size) % self.padder_size
        right = (self.padder_size - width % self.padder_size) % self.padder_size
        return F.pad(x, (0, right, 0, below))


class SRVGG(nn.Module):
    def __init__(self, channels=3, width=16, depth=3, upscale=4):
        super().__init__()
        self.upscale = upscale
        self.body = nn.ModuleList([nn.Conv2d(channels, width, 3, 1, 1), nn.PReLU(num_parameters=width)])
        for _ in range(depth):
            self.body.extend([nn.Conv2d(width, width, 3, 1, 1), nn.PReLU(num_parameters=width)])
        self.body.append(nn.Conv2d(width, channels * upscale * upscale, 3, 1, 1))
        self.upsampler = nn.PixelShuffle(upscale)

    def forward(self, x):
        out = x
        for layer in self.body:
            out = layer(out)
        out = self.upsampler(out)
        out += F.interpolate(x, scale_factor=self.upscale, mode="nearest")
        return out


class DenseBlock(nn.Module):
    def __init__(self, width, growth):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(width + i * growth, growth, 3, 1, 1) for i in range(4)])
        self.last = nn.Conv2d(width + 4 * growth, width, 3, 1, 1)
        self.lrelu = nn.LeakyReLU(0.2, inplace=True)

    def forward(self, x):
        found = [x]
        for conv in self.convs:
            found.append(self.lrelu(conv(torch.cat(found, 1))))
        return self.last(torch.cat(found, 1)) * 0.2 + x


class RRDBNet(nn.Module):
    def __init__(self, channels=3, width=8, growth=4, blocks=2):
        super().__init__()
        self.conv_first = nn.Conv2d(4 * channels, width, 3, 1, 1)
        self.body = nn.Sequential(*[DenseBlock(width, growth) for _ in range(blocks)])
        self.conv_up1, self.conv_up2 = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        self.conv_last = nn.Conv2d(width, channels, 3, 1, 1)
        self.lrelu = nn.LeakyReLU(0.2, inplace=True)

    def forward(self, x):
        count, channels, height, width = x.size()
        folded = x.view(count, channels, height // 2, 2, width // 2, 2)
        x = folded.permute(0, 1, 3, 5, 2, 4).reshape(count, channels * 4, height // 2, width // 2)
        x = self.conv_first(x)
        x = x + self.body(x) * 0.2
        x = self.lrelu(self.conv_up1(F.interpolate(x, scale_factor=2, mode="nearest")))
        x = self.lrelu(self.conv_up2(F.interpolate(x, scale_factor=2, mode="nearest")))
        return self.conv_last(x)


class FSRCNN(nn.Module):
    def __init__(self, channels=3, width=12, shrunk=6, depth=2, upscale=3):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, width, 5, padding=2), nn.PReLU(width))
        middle = [nn.Conv2d(width, shrunk, 1), nn.PReLU()]
        for _ in range(depth):
            middle += [nn.Conv2d(shrunk, shrunk, 3, padding=1), nn.PReLU(shrunk)]
        self.middle = nn.Sequential(*middle, nn.Conv2d(shrunk, width, 1), nn.PReLU(width))
        self.last = nn.ConvTranspose2d(width, channels, 9, stride=upscale, padding=4, output_padding=upscale - 1)

    def forward(self, x):
        return self.last(self.middle(self.first(x)))


class IMDBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.sizes = (width // 4, width - width // 4)
        kept, rest = self.sizes
        self.convs = nn.ModuleList([nn.Conv2d(width if i == 0 else rest, width, 3, padding=1) for i in range(3)])
        self.conv4 = nn.Conv2d(rest, kept, 3, padding=1)
        self.conv1x1 = nn.Conv2d(4 * kept, width, 1)

    def forward(self, x):
        rest, kept = x, []
        for conv in self.convs:
            each, rest = torch.split(F.leaky_relu(conv(rest), 0.05), self.sizes, dim=1)
            kept.append(each)
        return x + self.conv1x1(torch.cat((*kept, self.conv4(rest)), dim=1))


class IMDN(nn.Module):
    def __init__(self, channels=3, width=16, blocks=2, upscale=2):
        super().__init__()
        self.head = nn.Conv2d(channels, width, 3, padding=1)
        self.body = nn.Sequential(*[IMDBlock(width) for _ in range(blocks)], nn.Conv2d(width, width, 3, padding=1))
        self.tail = nn.Sequential(nn.Conv2d(width, channels * upscale**2, 3, padding=1), nn.PixelShuffle(upscale))

    def forward(self, x):
        x = self.head(x)
        return self.tail(x + self.body(x))


class UNet(nn.Module):
    def __init__(self, channels=3, width=8):
        super().__init__()
        self.in_conv, self.down1 = self.double(channels, width), self.double(width, 2 * width)
        self.down2 = self.double(2 * width, 4 * width)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.up1 = self.double(6 * width, 2 * width)
        self.up2 = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.out = nn.Sequential(self.double(2 * width, width), nn.Conv2d(width, channels, 1), nn.Sigmoid())

    @staticmethod
    def double(before, after):
        return nn.Sequential(
            nn.Conv2d(before, after, 3, padding=1),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
            nn.Conv2d(after, after, 3, padding=1),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        first = self.in_conv(x)
        second = self.down1(F.max_pool2d(first, 2))
        third = self.down2(F.max_pool2d(second, 2))
        x = self.up1(torch.cat([second, self.up(third)], dim=1))
        return self.out(torch.cat([first, self.up2(x)], dim=1))

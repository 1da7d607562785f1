#!/usr/bin/env python3
"""Imports three random autoencoders as a stylizer, stylizes with them, and compares with PyTorch.

    reference_stylizer.py MIRRA MIRRA_TRAIN

Exits with 77 (skipped) where torch cannot be imported.
"""
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

import reference_networks as reference  # skips where torch is missing
import torch

LEVELS = ("conv5", "conv2", "conv1")  # coarse to fine, as the authors apply them
SIZES = [((96, 128), (64, 160)), ((160, 64), (224, 96))]
TOLERANCE = 1e-3


def write_png(path, image):
    """@param image: [3, h, w] of whole numbers, 8 bits."""
    rows = image.permute(1, 2, 0).to(torch.uint8)
    body = b"".join(b"\0" + bytes(row.flatten().tolist()) for row in rows)
    header = struct.pack(">IIBBBBB", image.shape[2], image.shape[1], 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(body)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks))


def paeth(left, above, corner):
    estimate = left + above - corner
    return min((abs(estimate - left), 0, left), (abs(estimate - above), 1, above), (abs(estimate - corner), 2, corner))[2]


def read_png(path):
    """@returns [3, h, w] in [0, 1], of an RGB file of 16 bits."""
    data, at, parts = path.read_bytes(), 8, {b"IDAT": b""}
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        parts[kind] = parts.get(kind, b"") + data[at + 8:at + 8 + length]
        at += 12 + length
    width, height, depth, color = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    assert (depth, color) == (16, 2), (depth, color)
    body, step, before, rows = zlib.decompress(parts[b"IDAT"]), 6, bytes(width * 6), []
    for y in range(height):
        kind, row = body[y * (width * 6 + 1)], bytearray(body[y * (width * 6 + 1) + 1:(y + 1) * (width * 6 + 1)])
        for i in range(len(row)):
            left, corner = (row[i - step], before[i - step]) if i >= step else (0, 0)
            row[i] = row[i] + (0, left, before[i], (left + before[i]) // 2, paeth(left, before[i], corner))[kind] & 255
        before = bytes(row)
        rows.append(struct.unpack(f">{width * 3}H", before))
    return torch.tensor(rows, dtype=torch.float32).reshape(height, width, 3).permute(2, 0, 1) / 65535


def power(covariance, exponent):
    values, vectors = torch.linalg.eigh(covariance)
    return vectors @ torch.diag(values.clamp_min(1e-5) ** exponent) @ vectors.T


def whiten_and_color(content, style):
    """Equations of section 9: the identity is added to both covariances; the result keeps the content's range."""
    def parts(features):
        flat = features[0].flatten(1).double()
        mean = flat.mean(1, keepdim=True)
        centred = flat - mean
        return centred, mean, centred @ centred.T / max(1, flat.shape[1] - 1) + torch.eye(flat.shape[0])
    centred, _, whitening = parts(content)
    _, mean, coloring = parts(style)
    out = power(coloring, 0.5) @ power(whitening, -0.5) @ centred + mean
    return out.float().clamp(content.min(), content.max()).reshape(content.shape)


class Stylizer:
    def __init__(self, shared):
        self.levels = {tap: reference.randomise(reference.AutoEncoder(tap)) for tap in LEVELS}
        if shared:
            for tap in LEVELS[1:]:
                self.levels[tap].classifier.load_state_dict(self.levels["conv5"].classifier.state_dict())

    def run(self, content, style):
        for tap, network in self.levels.items():
            def encode(image):
                return network.classifier.taps(2 * image - 1)[tap]
            content = network.generator(whiten_and_color(encode(content), encode(style)))
        return content


def check(mirra, mirra_train, folder, stylizer):
    files = []
    for tap in reversed(LEVELS):
        files.append(folder / reference.save_checkpoints(stylizer.levels[tap], f"alexnet_ar_{tap}", folder)[0])
    bundle = folder / "stylizer.mirra"
    subprocess.run([mirra_train, "import", "--arch", "alexnet-stylizer", *files, "-o", bundle], check=True,
                   stdout=subprocess.DEVNULL)
    failures = 0
    for sizes in SIZES:
        content, style = ((torch.rand(3, h // 8, w // 8).repeat_interleave(8, 1).repeat_interleave(8, 2) * 255).round()
                          for h, w in sizes)
        write_png(folder / "content.png", content)
        write_png(folder / "style.png", style)
        subprocess.run([mirra, "stylize", folder / "content.png", "--style", folder / "style.png", "--bundle", bundle,
                        "-o", folder / "out.png", "--margin", "0", "--precision", "fp32", "--bit-depth", "16", "-q"],
                       check=True)
        with torch.no_grad():
            wanted = stylizer.run(content[None] / 255, style[None] / 255)[0]
        worst = (read_png(folder / "out.png") - wanted).abs().max().item()
        print(f"{sizes}: differs by {worst:.1e}, of a range of {wanted.std():.2f}")
        failures += not worst < TOLERANCE
    return failures


def main():
    mirra, mirra_train = sys.argv[1:3]
    torch.manual_seed(12)
    torch.set_num_threads(1)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for shared in (True, False):
            failures += check(mirra, mirra_train, pathlib.Path(folder), Stylizer(shared))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

"""Times style transfer in Mirra and in PyTorch eager, in one run, in turns, on the same pictures.

    python3 -m venv build/bench && build/bench/bin/pip install -r tests/bench/requirements.txt
    build/bench/bin/python tests/bench/compare_stylizer.py [--bundle bundles/stylizer-paper.mirra] [--size 512x512 2040x1536]

PyTorch runs the authors' pipeline (docs/explanation/method.md): at each level it encodes content and style, whitens and colours by singular value
decompositions, and decodes; the content is padded by its mirror image, as theirs is. A second row has eigendecompositions instead.
Mirra runs `mirra stylize --detail 0`, the same method with the same margin, with the style as a picture and, in a second row, prepared by `mirra style-prepare`; its times are those of
the second of two pictures in a folder, as PyTorch's pipeline has run before it is timed, without decoding and encoding of files. The results are compared before anything is timed.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

import numpy as np
import torch
from PIL import Image

import graph_module
from pictures import write_picture

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALIGNMENT, MARGIN = 32, 64


def picture(width, height, seed):
    """Blobs and grain in colour, uint8 {height, width, 3}."""
    generator = torch.Generator().manual_seed(seed)
    blobs = torch.nn.functional.interpolate(torch.rand(1, 3, height // 64 + 2, width // 64 + 2, generator=generator), (height, width), mode="bicubic")
    grain = torch.rand(1, 3, height, width, generator=generator) - 0.5
    return ((blobs + 0.2 * grain).clamp(0, 1)[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()


def to_tensor(pixels):
    return torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)[None]


def padded(x):
    """With its mirror image around it, up to the networks' alignment."""
    for axis in (2, 3):
        extent = x.shape[axis]
        total = -(-(extent + 2 * MARGIN) // ALIGNMENT) * ALIGNMENT
        places = torch.arange(-MARGIN, total - MARGIN) % (2 * extent)
        x = x.index_select(axis, torch.where(places < extent, places, 2 * extent - 1 - places))
    return x


def by_svd(symmetric):
    vectors, values, _ = torch.linalg.svd(symmetric)
    return values, vectors


def transform(content, style, decompose):
    """Whitening and colouring of {1, C, h, w}."""
    def centred(features):
        flat = features[0].flatten(1)
        mean = flat.mean(1, keepdim=True)
        flat = flat - mean
        covariance = flat @ flat.T / max(flat.shape[1] - 1, 1) + torch.eye(len(flat))
        return flat, mean, *decompose(covariance)

    flat, _, values, vectors = centred(content)
    _, style_mean, style_values, style_vectors = centred(style)
    white = vectors @ torch.diag(values.rsqrt()) @ vectors.T @ flat
    coloured = style_vectors @ torch.diag(style_values.sqrt()) @ style_vectors.T @ white + style_mean
    return coloured.clamp(content.min(), content.max()).reshape(content.shape)


class Pipeline:
    """The authors' style transfer in PyTorch."""

    def __init__(self, bundle):
        manifest = json.loads(graph_module.read_safetensors(bundle)[1]["mirra.manifest"])
        self.levels = [(graph_module.load(bundle, f"encoder-{level}")[0], graph_module.load(bundle, f"generator-{level}")[0])
                       for level in re.sub(":[^,]*", "", manifest["defaults"]["levels"]).split(",")]

    def run(self, content, style, decompose):
        height, width = content.shape[2:]
        x = padded(content)
        with torch.inference_mode():
            for encoder, generator in self.levels:
                x = generator(transform(encoder(x), encoder(style), decompose))
        return x[:, :, MARGIN:MARGIN + height, MARGIN:MARGIN + width]


class Mirra:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder

    def call(self, *command):
        run = subprocess.run([self.arguments.mirra, *map(str, command), "--bundle", self.arguments.bundle, "--threads", str(self.arguments.threads),
                              "--precision", "fp32", "--json"], check=True, capture_output=True, text=True)
        return json.loads(run.stdout)["results"][-1]["seconds"]

    def prepare(self):
        self.call("style-prepare", self.folder / "style.png", "-o", self.folder / "style.safetensors")

    def stylize(self, style):
        return self.call("stylize", self.folder / "contents", "--style", self.folder / style, "--detail", 0, "--edges", 0, "--margin", MARGIN,
                         "-o", self.folder / "out")


def check_same(pipeline, mirra, content, style):
    """Both must give the same picture before they are timed; returns the largest and the mean difference in units of 1/255."""
    mirra.stylize("style.png")
    ours = to_tensor(np.asarray(Image.open(mirra.folder / "out" / "second.png")))
    difference = (ours - pipeline.run(content, style, by_svd)).abs() * 255
    assert difference.mean() < 1, f"the pictures differ by {difference.mean()} levels"
    return difference.max().item(), difference.mean().item()


def compare(arguments, size, folder):
    width, height = map(int, size.split("x"))
    style_side = arguments.style_size
    content_pixels, style_pixels = picture(width, height, 0), picture(style_side, style_side, 1)
    (folder / "contents").mkdir(exist_ok=True)
    for name in ("first", "second"):
        write_picture(folder / "contents" / f"{name}.png", content_pixels)
    write_picture(folder / "style.png", style_pixels)
    content, style = to_tensor(content_pixels), to_tensor(style_pixels)
    pipeline, mirra = Pipeline(arguments.bundle), Mirra(arguments, folder)
    mirra.prepare()
    largest, mean = check_same(pipeline, mirra, content, style)

    def eager(decompose):
        begin = time.perf_counter()
        pipeline.run(content, style, decompose)
        return time.perf_counter() - begin

    contestants = {"Mirra": lambda: mirra.stylize("style.png"),
                   "Mirra, style prepared": lambda: mirra.stylize("style.safetensors"),
                   "PyTorch eager, SVD": lambda: eager(by_svd),
                   "PyTorch eager, eigh": lambda: eager(torch.linalg.eigh)}
    seconds = {name: [] for name in contestants}
    for _ in range(arguments.rounds):
        for name, measure in contestants.items():
            seconds[name].append(measure())
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"\n{size}, style {style_side}x{style_side}, {arguments.threads} threads, fp32; the pictures differ by {largest:.1f} of 255 at most, {mean:.3f} in the mean\n")
    print("| style transfer | ms | time / Mirra |\n|---|---|---|")
    for name, value in medians.items():
        print(f"| {name} | {value * 1e3:.0f} | {value / medians['Mirra']:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", default=str(ROOT / "bundles/stylizer-paper.mirra"))
    parser.add_argument("--size", nargs="+", default=["512x512", "2040x1536"])
    parser.add_argument("--style-size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--mirra", default=str(ROOT / "build/release/bin/mirra"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as name:
        for size in arguments.size:
            compare(arguments, size, pathlib.Path(name))


if __name__ == "__main__":
    main()

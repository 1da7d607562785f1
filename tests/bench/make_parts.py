"""Draws pictures of good parts, as a camera over a line sees them: brushed plates with four bolts and a hole, a little turned and moved, under
light that varies. For trying the anomaly detector where no pictures of parts are at hand. Needs numpy alone. --missing-bolt draws bad parts.

    build/bench/bin/python tests/bench/make_parts.py OUT [--count 250] [--seed 0] [--extent 160] [--missing-bolt]
"""
import argparse
import pathlib

import numpy as np

from pictures import write_picture


def part(random, extent, bolts=4):
    """{extent, extent, 3}, uint8; of the bolts the first ones."""
    turn, scale = random.normal(0, 0.05), 1 + random.normal(0, 0.02)
    shift = random.normal(0, 0.015, 2)
    rows, columns = np.mgrid[0:extent, 0:extent] / (extent - 1) * 2 - 1
    x = (np.cos(turn) * columns + np.sin(turn) * rows) / scale - shift[0]
    y = (np.cos(turn) * rows - np.sin(turn) * columns) / scale - shift[1]
    edge = 3 / extent
    inside = lambda distance: np.clip(0.5 - distance / edge, 0, 1)[..., None]
    corner = np.hypot(np.maximum(np.abs(x) - 0.62, 0), np.maximum(np.abs(y) - 0.52, 0)) - 0.12
    streaks = np.interp(y.ravel() * extent, np.arange(-extent, extent), random.normal(0, 0.02, 2 * extent)).reshape(y.shape)
    picture = np.full((extent, extent, 3), (0.16, 0.18, 0.2))
    layer = lambda mask, color: picture * (1 - mask) + mask * color
    picture = layer(inside(corner), np.array((0.62, 0.64, 0.67)) + streaks[..., None])
    for bx, by in ((-0.52, -0.42), (-0.52, 0.42), (0.52, -0.42), (0.52, 0.42))[:bolts]:
        radius = np.hypot(x - bx, y - by)
        picture = layer(inside(radius - 0.11), np.array((0.72, 0.6, 0.3)) * (1 - 0.3 * (radius / 0.11))[..., None])
    ring = np.hypot(x, y)
    picture = layer(inside(ring - 0.3), (0.35, 0.37, 0.4))
    picture = layer(inside(ring - 0.22), (0.1, 0.1, 0.12))
    light = (1 + random.normal(0, 0.06)) * (1 + random.normal(0, 0.05) * columns + random.normal(0, 0.05) * rows)
    noisy = picture * light[..., None] + random.normal(0, 0.012, picture.shape)
    return np.round(np.clip(noisy, 0, 1) * 255).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--extent", type=int, default=160)
    parser.add_argument("--missing-bolt", action="store_true")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(arguments.seed)
    for index in range(arguments.count):
        write_picture(arguments.out / f"{index:04}.png", part(random, arguments.extent, 3 if arguments.missing_bolt else 4))


if __name__ == "__main__":
    main()

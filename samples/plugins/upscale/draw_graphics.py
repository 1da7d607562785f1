#!/usr/bin/env python3
"""Draws pictures of shapes, lines and gradients in saturated colours, which photographs hardly have: draw_graphics.py FOLDER [COUNT].

A network that has seen photographs alone softens the edges of logos and diagrams. Needs Pillow.
"""

import pathlib
import random
import sys

from PIL import Image, ImageDraw

SIDE, OVERSAMPLING = 256, 4


def color(dice):
    return tuple(dice.choice((0, 255, dice.randrange(256))) for _ in range(3))


def gradient(dice):
    """Colours that change evenly from corner to corner."""
    corners = Image.new("RGB", (2, 2))
    corners.putdata([color(dice) for _ in range(4)])
    return corners.resize((SIDE * OVERSAMPLING, SIDE * OVERSAMPLING), Image.BILINEAR)


def draw_one(pen, dice, side):
    x, y = (dice.uniform(-0.1, 1.1) * side for _ in range(2))
    r = side * dice.uniform(0.01, 0.2)
    box, kind = (x - r, y - r, x + r * dice.uniform(0.3, 1.5), y + r), dice.randrange(5)
    if box[0] >= box[2]:
        return
    fill, width = color(dice), int(dice.uniform(1, 12) * OVERSAMPLING / 2)
    if kind == 0:
        pen.ellipse(box, fill=fill)
    elif kind == 1:
        pen.rectangle(box, fill=fill)
    elif kind == 2:
        pen.line((x, y, dice.uniform(0, side), dice.uniform(0, side)), fill=fill, width=width)
    elif kind == 3:
        pen.arc(box, dice.uniform(0, 360), dice.uniform(0, 360), fill=fill, width=width)
    else:
        pen.polygon([(x + dice.uniform(-r, r), y + dice.uniform(-r, r)) for _ in range(dice.randrange(3, 7))], fill=fill)


def picture(seed):
    dice = random.Random(seed)
    large = gradient(dice)
    pen = ImageDraw.Draw(large)
    for _ in range(dice.randrange(10, 60)):
        draw_one(pen, dice, large.width)
    return large.resize((SIDE, SIDE), Image.BOX)  # edges as a camera or a good renderer has them


def main(folder, count=150):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        picture(i).save(folder / f"graphics{i:03}.png", optimize=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:3]))

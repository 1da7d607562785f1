#!/usr/bin/env python3
"""Difference of two inverters, picture by picture, and its standard error.

Inverts every picture at its own size with both bundles, by `mirra invert`, and compares each result with its original by
`mirra compare`. Results are 8-bit PNG files, so means differ from those of `mirra-train eval inversion` in the third
decimal. Needs nothing but Python.

    python3 tests/bench/paired_inversion.py --data PHOTOS --bundle std.mirra ar.mirra --csv paired.csv
"""
import argparse
import csv
import json
import math
import statistics
import subprocess
import tempfile
from pathlib import Path


def pictures_of(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".png", ".jpg", ".jpeg"})


def invert(mirra: str, bundle: str, data: Path, out: Path) -> None:
    command = [mirra, "invert", str(data), "--recursive", "-o", str(out), "--bundle", bundle, "--format", "png"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def similarity(mirra: str, a: Path, b: Path) -> tuple[float, float]:
    answer = subprocess.run([mirra, "compare", "--json", str(a), str(b)], check=True, capture_output=True, text=True)
    values = json.loads(answer.stdout)
    return values["psnr"], values["ssim"]


def error_of(values: list[float]) -> float:
    return statistics.stdev(values) / math.sqrt(len(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of pictures, at any depth")
    parser.add_argument("--bundle", nargs=2, required=True, help="two inverter bundles")
    parser.add_argument("--mirra", default="build/release/bin/mirra")
    parser.add_argument("--csv", type=Path, help="one row a picture")
    arguments = parser.parse_args()

    pictures = pictures_of(arguments.data)
    names = [Path(bundle).stem for bundle in arguments.bundle]
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for name, bundle in zip(names, arguments.bundle):
            invert(arguments.mirra, bundle, arguments.data, Path(folder) / name)
        for picture in pictures:
            inside = picture.relative_to(arguments.data)
            results = [Path(folder) / name / inside.with_suffix(".png") for name in names]
            rows.append([str(inside), *(round(v, 5) for r in results for v in similarity(arguments.mirra, picture, r))])

    if arguments.csv:
        with arguments.csv.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["picture", *(f"{measure} {name}" for name in names for measure in ("psnr", "ssim"))])
            writer.writerows(rows)
    for column, measure in ((1, "PSNR"), (2, "SSIM")):
        first, second = [row[column] for row in rows], [row[column + 2] for row in rows]
        differences = [b - a for a, b in zip(first, second)]
        print(f"{measure}: {names[0]} {statistics.mean(first):.4f}, {names[1]} {statistics.mean(second):.4f}; "
              f"difference {statistics.mean(differences):+.4f}, standard error {error_of(differences):.4f}, "
              f"{names[1]} ahead on {sum(d > 0 for d in differences)} of {len(rows)}")


if __name__ == "__main__":
    main()

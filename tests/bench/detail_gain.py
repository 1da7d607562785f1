"""What `mirra denoise --detail` gives back (docs/measurements/denoiser.md): PSNR without it, and the gain by it: mean (worst, best) over the pictures.

    build/bench-denoisers/bin/python tests/bench/detail_gain.py --data cbsd68 kodak24 mcmaster [--count 8] [--sigma 0 1 2 5 10 25]

Middles of the first pictures of each folder, with the noise of compare_denoisers.py, clipped and rounded to 8 bits; the level is found out.
"""
import argparse
import pathlib
import tempfile

import numpy as np

from compare_denoisers import FULL_RANGE, ROOT, noisy_picture, pictures_in, pictures_of, psnr
from noise_estimates import in_eight_bits
from told_levels import denoised

DETAILS = (0, 0.5, 1)


def middle(picture, size):
    top, left = (max(0, (length - size) // 2) for length in picture.shape[:2])
    return picture[top:top + size, left:left + size]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", type=pathlib.Path, required=True, help="folders of clean pictures")
    parser.add_argument("--count", type=int, default=8, help="pictures of a folder at most")
    parser.add_argument("--size", type=int, default=320, help="height and width of the middles, in pixels")
    parser.add_argument("--sigma", nargs="+", type=float, default=[0, 1, 2, 5, 10, 25])
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--bundle", type=pathlib.Path, default=ROOT / "bundles/denoiser.mirra")
    parser.add_argument("--mirra", type=pathlib.Path, default=ROOT / "build/release/bin/mirra")
    arguments = parser.parse_args()
    for folder in arguments.data:
        if not pictures_in(folder):
            parser.error(f"there are no pictures in {folder}")
    pictures = [middle(picture, arguments.size) for folder in arguments.data for picture in pictures_of(folder, arguments.count)]
    print(f"{len(pictures)} pictures\n\n| Sigma | PSNR at detail 0 | gain at 0.5 (worst, best) | gain at 1 (worst, best) |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for sigma in arguments.sigma:
            noisy = [in_eight_bits(noisy_picture(clean, sigma, True, arguments.seed, index)) for index, clean in enumerate(pictures)]

            def quality(picture, clean, detail):
                return psnr(denoised(arguments.mirra, arguments.bundle, picture, folder, "--detail", str(detail)) / FULL_RANGE, clean)

            none, *others = (np.array([quality(*pair, detail) for pair in zip(noisy, pictures)]) for detail in DETAILS)
            gains = [f"{gain.mean():+.2f} dB ({gain.min():+.2f}, {gain.max():+.2f})" for gain in (other - none for other in others)]
            print(f"| {sigma:g} | {none.mean():.2f} | {gains[0]} | {gains[1]} |", flush=True)


if __name__ == "__main__":
    main()

"""What a denoiser makes of a stated noise level (docs/measurements/denoiser.md): how much it takes, in units of 1/255, and its PSNR.

    build/bench-denoisers/bin/python tests/bench/told_levels.py --bundle FILE --data kodak24 [--sigma 25] [--told 5 10 15 20 25 50]

The noise is that of compare_denoisers.py, clipped and rounded to 8 bits; `mirra denoise --sigma` does the work. Taken is the root of the mean
square of noisy - result, a mean over the pictures; asked is told^2 / sigma, that of the best estimate of what holds the rest.
"""
import argparse
import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image

from compare_denoisers import FULL_RANGE, ROOT, noisy_picture, pictures_in, pictures_of, psnr
from noise_estimates import in_eight_bits


def denoised(tool, bundle, noisy, folder, *options):
    before, after = pathlib.Path(folder) / "noisy.png", pathlib.Path(folder) / "result.png"
    Image.fromarray(noisy).save(before)
    command = [tool, "denoise", before, "-o", after, "--bundle", bundle, "--precision", "fp32", *options]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(run.stderr.strip())
    return np.asarray(Image.open(after).convert("RGB"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=pathlib.Path, required=True, help="the denoiser")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="a folder of clean pictures")
    parser.add_argument("--count", type=int, help="pictures at most")
    parser.add_argument("--sigma", type=float, default=25)
    parser.add_argument("--told", nargs="+", type=float, default=[5, 10, 15, 20, 25, 50])
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--mirra", type=pathlib.Path, default=ROOT / "build/release/bin/mirra")
    arguments = parser.parse_args()
    if not pictures_in(arguments.data):
        parser.error(f"there are no pictures in {arguments.data}")
    pictures = [(clean, in_eight_bits(noisy_picture(clean, arguments.sigma, True, arguments.seed, index)))
                for index, clean in enumerate(pictures_of(arguments.data, arguments.count))]
    print("| Told | Asked | Taken | PSNR |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for told in ["auto"] + arguments.told:
            text = told if told == "auto" else f"{told:g}"
            asked = arguments.sigma if told == "auto" else min(told, arguments.sigma) ** 2 / arguments.sigma
            results = [denoised(arguments.mirra, arguments.bundle, noisy, folder, "--sigma", text) for _, noisy in pictures]
            taken = np.mean([np.sqrt(np.mean((noisy.astype(float) - result) ** 2)) for (_, noisy), result in zip(pictures, results)])
            quality = np.mean([psnr(result / FULL_RANGE, clean) for (clean, _), result in zip(pictures, results)])
            print(f"| {text} | {asked:.1f} | {taken:.1f} | {quality:.2f} |", flush=True)


if __name__ == "__main__":
    main()

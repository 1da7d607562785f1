"""Noise as camera files hold it (docs/measurements/denoiser.md): correlated by demosaicing and by JPEG's chroma, denoised by `mirra denoise`.

    build/bench-denoisers/bin/python tests/bench/camera_noise.py --data kodak24 [--sigma 10 25] [--bundle FILE ...]

The noise is that of compare_denoisers.py, clipped and rounded to 8 bits; then the picture is saved as JPEG of quality 95 with the chroma of the
row, or (demosaiced) its RGGB mosaic is interpolated along edges by OpenCV, or both. PSNR in dB against the clean picture, which the file has lost
something of without any noise.
"""
import argparse
import io
import pathlib
import tempfile

import cv2
import numpy as np
from PIL import Image

from compare_denoisers import FULL_RANGE, ROOT, noisy_picture, pictures_in, pictures_of, psnr
from noise_estimates import in_eight_bits
from told_levels import denoised

QUALITY = 95
QUALITIES = [ROOT / "bundles" / name for name in ("denoiser-fast.mirra", "denoiser.mirra", "denoiser-best.mirra")]


def jpeg(chroma):
    def saved(pixels):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY, subsampling=chroma)
        return np.asarray(Image.open(file).convert("RGB"))
    return saved


def demosaiced(pixels):
    mosaic = pixels[..., 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = pixels[::2, ::2, 0], pixels[1::2, 1::2, 2]
    return cv2.cvtColor(mosaic, cv2.COLOR_BayerRGGB2RGB_EA)


CAMERAS = {"JPEG 4:4:4": jpeg("4:4:4"), "JPEG 4:2:2": jpeg("4:2:2"), "JPEG 4:2:0": jpeg("4:2:0"), "demosaiced": demosaiced,
           "demosaiced, JPEG 4:2:0": lambda pixels: jpeg("4:2:0")(demosaiced(pixels))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="a folder of clean pictures")
    parser.add_argument("--count", type=int, help="pictures at most")
    parser.add_argument("--sigma", nargs="+", type=float, default=[10, 25])
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--bundle", nargs="+", type=pathlib.Path, default=QUALITIES)
    parser.add_argument("--mirra", type=pathlib.Path, default=ROOT / "build/release/bin/mirra")
    arguments = parser.parse_args()
    if not pictures_in(arguments.data):
        parser.error(f"there are no pictures in {arguments.data}")
    print(f"| Sigma | File | Without noise | Noisy | {' | '.join(bundle.stem for bundle in arguments.bundle)} |\n"
          f"|{'---|' * (4 + len(arguments.bundle))}")
    with tempfile.TemporaryDirectory() as folder:
        for sigma in arguments.sigma:
            for name, process in CAMERAS.items():
                scores = []
                for index, clean in enumerate(pictures_of(arguments.data, arguments.count)):
                    noisy = process(in_eight_bits(noisy_picture(clean, sigma, True, arguments.seed, index)))
                    results = [process(in_eight_bits(clean)), noisy] + [denoised(arguments.mirra, bundle, noisy, folder) for bundle in arguments.bundle]
                    scores.append([psnr(result / FULL_RANGE, clean) for result in results])
                print(f"| {sigma:g} | {name} | {' | '.join(f'{score:.2f}' for score in np.mean(scores, axis=0))} |", flush=True)


if __name__ == "__main__":
    main()

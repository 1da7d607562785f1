"""How well the level of Gaussian noise is found (docs/measurements/denoiser.md): the mean error of mirra_image_estimate_noise(), and how often it is
within 10 %.

    build/bench-denoisers/bin/python tests/bench/noise_estimates.py --data cbsd68 kodak24 mcmaster [--gray] [--sigma 5 10 15 25 50]

The noise is that of compare_denoisers.py, on pictures in colours or (--gray) their luma of ITU-R BT.601, in floats and not clipped, or
clipped to [0, 1] and rounded to 8 bits.
"""
import argparse
import ctypes
import pathlib

import numpy as np

from compare_denoisers import FULL_RANGE, PACKED, ROOT, Image, noisy_picture, pictures_in, pictures_of, sized

FORMAT_U8, FORMAT_F32 = 1, 4
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def estimate(library, pixels):
    pixels = np.ascontiguousarray(pixels)
    image = sized(Image(width=pixels.shape[1], height=pixels.shape[0], format=FORMAT_U8 if pixels.dtype == np.uint8 else FORMAT_F32,
                        color=pixels.shape[2], plane_count=1, flags=PACKED))
    image.planes[0].data = pixels.ctypes.data
    sigma, error = ctypes.c_double(), ctypes.c_void_p()
    if library.mirra_image_estimate_noise(ctypes.byref(image), ctypes.byref(sigma), ctypes.byref(error)) != 0:
        raise RuntimeError(library.mirra_error_message(error).decode())
    return sigma.value


def in_eight_bits(noisy):
    return np.rint(np.clip(noisy, 0, 1) * FULL_RANGE).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", type=pathlib.Path, required=True, help="folders of clean pictures")
    parser.add_argument("--sigma", nargs="+", type=float, default=[5, 10, 15, 25, 50])
    parser.add_argument("--gray", action="store_true")
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--library", type=pathlib.Path, default=ROOT / "build/release/lib/libmirra.so")
    arguments = parser.parse_args()
    for folder in arguments.data:
        if not pictures_in(folder):
            parser.error(f"there are no pictures in {folder}")
    library = ctypes.CDLL(str(arguments.library))
    library.mirra_error_message.restype = ctypes.c_char_p
    pictures = [picture for folder in arguments.data for picture in pictures_of(folder, None)]
    if arguments.gray:
        pictures = [(picture @ LUMA)[..., None] for picture in pictures]
    print("| Sigma | Noise | Mean error | Within 10 % |\n|---|---|---|---|")
    for sigma in arguments.sigma:
        for name, stored in (("unclipped, floats", lambda noisy: noisy), ("clipped, 8 bits", in_eight_bits)):
            errors = np.array([abs(estimate(library, stored(noisy_picture(clean, sigma, False, arguments.seed, index))) / sigma - 1)
                               for index, clean in enumerate(pictures)])
            print(f"| {sigma:g} | {name} | {100 * errors.mean():.1f} % | {(errors <= 0.1).sum()} of {len(errors)} |", flush=True)


if __name__ == "__main__":
    main()

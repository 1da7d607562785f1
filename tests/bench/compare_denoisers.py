"""Compares Mirra's denoisers with CBM3D and OpenCV's non-local means, in one run, on the same noisy pictures.

    python3 -m venv build/bench-denoisers && build/bench-denoisers/bin/pip install -r tests/bench/requirements-denoisers.txt
    build/bench-denoisers/bin/python tests/bench/compare_denoisers.py --data cbsd68 kodak24 mcmaster [--sigma 15 25 50] [--bundle FILE...]

The noise is that of `mirra-train eval denoising` with the same seed, number for number: b = x + sigma n, clipped to [0, 1] or not.
Mirra is what hosts get: the task "denoise" of the built library, in floats, that finds the noise level out by itself. CBM3D (PyPI's
bm3d, its default profile) and non-local means (strength 0.8 sigma, 8 bits) are told the level. PSNR and SSIM are means over the
pictures, as in docs/how-to/measure-denoisers.md; seconds are those of the call alone, the methods in turns picture by picture.
"""
import argparse
import ctypes
import os
import pathlib
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = 0x9E3779B97F4A7C15
FULL_RANGE = 255
FORMAT_F32, COLOR_RGB, PRECISION_FP32 = 4, 3, 1
PACKED = 1
NLM_FACTOR, NLM_TEMPLATE, NLM_SEARCH = 0.8, 7, 21


def scrambled(values):
    """SplitMix64's output function."""
    z = np.atleast_1d(np.asarray(values, dtype=np.uint64))
    with np.errstate(over="ignore"):
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def normal(count, seed):
    """The numbers of image::add_gaussian_noise()."""
    with np.errstate(over="ignore"):
        stream = scrambled(np.uint64((seed + GOLDEN) % 2**64))
        counters = stream + np.arange(1, count + count % 2 + 1, dtype=np.uint64) * np.uint64(GOLDEN)
    unit = ((scrambled(counters) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log(unit[0::2])), 2 * np.pi * unit[1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)[:count]


def noisy_picture(clean, sigma, clipped, seed, index):
    """As trainer/eval/denoising.cpp has it."""
    stream = int(scrambled(np.uint64((seed + GOLDEN) % 2**64))[0]) ^ index
    noisy = (clean + sigma / FULL_RANGE * normal(clean.size, stream).reshape(clean.shape)).astype(np.float32)
    return np.clip(noisy, 0, 1) if clipped else noisy


class Plane(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("pixel_stride", ctypes.c_int64), ("row_stride", ctypes.c_int64)]


class Image(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("width", ctypes.c_int32), ("height", ctypes.c_int32), ("format", ctypes.c_int32),
                ("color", ctypes.c_int32), ("alpha_mode", ctypes.c_int32), ("transfer", ctypes.c_int32), ("plane_count", ctypes.c_uint32),
                ("reserved", ctypes.c_uint32), ("planes", Plane * 4), ("icc", ctypes.c_void_p), ("icc_bytes", ctypes.c_uint64),
                ("device", ctypes.c_char_p), ("stream", ctypes.c_void_p)]


class PortValue(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("reserved", ctypes.c_uint32), ("name", ctypes.c_char_p), ("image", ctypes.POINTER(Image)),
                ("value", ctypes.c_void_p), ("tensor", ctypes.c_void_p)]


class SessionOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("precision", ctypes.c_int32), ("task", ctypes.c_char_p), ("bundle", ctypes.c_void_p),
                ("device", ctypes.c_char_p), ("memory_limit", ctypes.c_uint64), ("threads", ctypes.c_int32), ("tile_size", ctypes.c_int32)]


def sized(structure):
    structure.struct_size = ctypes.sizeof(structure)
    return structure


class Mirra:
    """Sessions of the task "denoise" through the C interface."""

    def __init__(self, library, threads):
        self.library, self.threads = ctypes.CDLL(str(library)), threads
        self.library.mirra_error_message.restype = self.library.mirra_error_subject.restype = ctypes.c_char_p
        self.engine = ctypes.c_void_p()
        self.call("mirra_engine_create", None, ctypes.byref(self.engine))

    def call(self, name, *arguments):
        error = ctypes.c_void_p()
        if getattr(self.library, name)(*arguments, ctypes.byref(error)) != 0:
            message, subject = (getattr(self.library, f"mirra_error_{part}")(error) for part in ("message", "subject"))
            raise SystemExit(f"{name}: {message.decode()} ({(subject or b'').decode()})")

    def denoiser(self, path):
        bundle, session = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("mirra_bundle_open", str(path).encode(), ctypes.byref(bundle))
        options = sized(SessionOptions(precision=PRECISION_FP32, task=b"denoise", bundle=bundle, threads=self.threads))
        self.call("mirra_session_create", self.engine, ctypes.byref(options), ctypes.byref(session))
        return lambda noisy, sigma: self.run(session, noisy)

    def run(self, session, noisy):
        source, target = np.ascontiguousarray(noisy), np.empty_like(noisy, order="C")
        images = [self.image(pixels) for pixels in (source, target)]
        ports = (PortValue * 2)(*[sized(PortValue(name=name, image=ctypes.pointer(image))) for name, image in zip((b"image", b"output"), images)])
        self.call("mirra_session_run", session, ports, ctypes.c_size_t(2), None, None)
        return target

    @staticmethod
    def image(pixels):
        image = sized(Image(width=pixels.shape[1], height=pixels.shape[0], format=FORMAT_F32, color=COLOR_RGB, plane_count=1, flags=PACKED))
        image.planes[0].data = pixels.ctypes.data
        return image


def cbm3d(noisy, sigma):
    import bm3d
    return np.clip(bm3d.bm3d_rgb(noisy.astype(np.float64), sigma / FULL_RANGE), 0, 1).astype(np.float32)


def non_local_means(noisy, sigma):
    import cv2
    pixels = cv2.cvtColor(np.clip(np.rint(noisy * FULL_RANGE), 0, FULL_RANGE).astype(np.uint8), cv2.COLOR_RGB2BGR)
    strength = NLM_FACTOR * sigma
    result = cv2.fastNlMeansDenoisingColored(pixels, None, strength, strength, NLM_TEMPLATE, NLM_SEARCH)
    return cv2.cvtColor(result, cv2.COLOR_BGR2RGB).astype(np.float32) / FULL_RANGE


def psnr(a, b):
    return 10 * np.log10(1 / (np.mean((a.astype(np.float64) - b) ** 2) + 1e-8))


def ssim(a, b):
    """Gaussian window of 11 pixels and sigma 1.5, no padding."""
    from scipy.ndimage import correlate1d
    window = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window /= window.sum()

    def blurred(x):
        return correlate1d(correlate1d(x, window, 0), window, 1)[5:-5, 5:-5]

    a, b = a.astype(np.float64), b.astype(np.float64)
    mean_a, mean_b = blurred(a), blurred(b)
    variances = blurred(a * a) - mean_a**2 + blurred(b * b) - mean_b**2
    covariance = blurred(a * b) - mean_a * mean_b
    return np.mean((2 * mean_a * mean_b + 1e-4) * (2 * covariance + 9e-4) / ((mean_a**2 + mean_b**2 + 1e-4) * (variances + 9e-4)))


def pictures_in(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".png", ".jpg", ".jpeg"))


def pictures_of(folder, count):
    from PIL import Image as Picture
    for path in pictures_in(folder)[:count]:
        yield np.asarray(Picture.open(path).convert("RGB"), dtype=np.float32) / FULL_RANGE


class Score:
    def __init__(self):
        self.psnr, self.ssim, self.seconds, self.megapixels = [], [], 0, 0

    def add(self, result, clean, seconds):
        self.psnr.append(psnr(result, clean))
        self.ssim.append(ssim(result, clean))
        self.seconds += seconds
        self.megapixels += clean.shape[0] * clean.shape[1] / 1e6


def compare(methods, folder, sigma, clipped, arguments):
    scores = {name: Score() for name in methods}
    for index, clean in enumerate(pictures_of(folder, arguments.count)):
        noisy = noisy_picture(clean, sigma, clipped, arguments.seed, index)
        for name, method in methods.items():
            begin = time.perf_counter()
            result = method(noisy, sigma)
            scores[name].add(result, clean, time.perf_counter() - begin)
    for name, score in scores.items():
        print(f"| {folder.name} | {len(score.psnr)} | {sigma:g} | {'clipped' if clipped else 'unclipped'} | {name} | {np.mean(score.psnr):.2f} "
              f"| {np.mean(score.ssim):.4f} | {score.seconds / score.megapixels:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", type=pathlib.Path, required=True, help="folders of clean pictures")
    parser.add_argument("--bundle", nargs="+", type=pathlib.Path, default=[ROOT / "bundles/denoiser.mirra"])
    parser.add_argument("--sigma", nargs="+", type=float, default=[50])
    parser.add_argument("--noise", nargs="+", choices=["clipped", "unclipped"], default=["unclipped"])
    parser.add_argument("--count", type=int, help="pictures a folder at most")
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--without", nargs="+", choices=["cbm3d", "nlm"], default=[])
    parser.add_argument("--library", type=pathlib.Path, default=ROOT / "build/release/lib/libmirra.so")
    arguments = parser.parse_args()
    for folder in arguments.data:
        if not pictures_in(folder):
            parser.error(f"there are no pictures in {folder}")
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)  # before bm3d is imported
    import cv2
    cv2.setNumThreads(arguments.threads)
    mirra = Mirra(arguments.library, arguments.threads)
    methods = {"noisy": lambda noisy, sigma: noisy} | {f"Mirra {path.stem}": mirra.denoiser(path) for path in arguments.bundle}
    methods |= {name: method for key, name, method in (("nlm", "OpenCV NLM", non_local_means), ("cbm3d", "CBM3D", cbm3d)) if key not in arguments.without}
    print(f"{arguments.threads} threads, fp32, seed {arguments.seed}\n")
    print("| Data | Pictures | Sigma | Noise | Method | PSNR | SSIM | s/Mpx |\n|---|---|---|---|---|---|---|---|")
    for folder in arguments.data:
        for noise in arguments.noise:
            for sigma in arguments.sigma:
                compare(methods, folder, sigma, noise == "clipped", arguments)


if __name__ == "__main__":
    main()

"""What a change of the library does to the quality of the denoiser: mean PSNR of two builds over the same noisy pictures.

    build/bench-denoisers/bin/python tests/bench/denoiser_change.py --library build/release/lib/libmirra.so --against OLD/lib/libmirra.so \\
        --data cbsd68 kodak24 mcmaster [--sigma 5 15 25 50] [--count 12] [--bundle FILE...]

Noise, sessions and PSNR are those of compare_denoisers.py; each library runs in a process of its own.
"""
import argparse
import multiprocessing
import os
import pathlib

import numpy as np

from compare_denoisers import ROOT, Mirra, noisy_picture, pictures_in, pictures_of, psnr


def scores_of(job):
    library, bundle, folder, sigma, arguments = job
    run = Mirra(library, arguments.threads).denoiser(bundle)
    return [psnr(np.clip(run(noisy_picture(clean, sigma, True, arguments.seed, index), None), 0, 1), clean)
            for index, clean in enumerate(pictures_of(folder, arguments.count))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=pathlib.Path, default=ROOT / "build/release/lib/libmirra.so")
    parser.add_argument("--against", type=pathlib.Path, required=True, help="the libmirra.so of the other build")
    parser.add_argument("--data", nargs="+", type=pathlib.Path, required=True, help="folders of clean pictures")
    parser.add_argument("--bundle", nargs="+", type=pathlib.Path, default=[ROOT / "bundles/denoiser.mirra"])
    parser.add_argument("--sigma", nargs="+", type=float, default=[5, 15, 25, 50])
    parser.add_argument("--count", type=int, help="pictures a folder at most")
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    for folder in arguments.data:
        if not pictures_in(folder):
            parser.error(f"there are no pictures in {folder}")
    context = multiprocessing.get_context("spawn")
    print("| Bundle | Data | Pictures | Sigma | Against | This | Change | Worst picture | Best picture |\n|---|---|---|---|---|---|---|---|---|")
    for bundle in arguments.bundle:
        for folder in arguments.data:
            for sigma in arguments.sigma:
                found = []
                for library in (arguments.against, arguments.library):
                    with context.Pool(1) as pool:
                        found += pool.map(scores_of, [(library, bundle, folder, sigma, arguments)])
                old, new = map(np.array, found)
                change = new - old
                print(f"| {bundle.stem} | {folder.name} | {len(change)} | {sigma:g} | {old.mean():.2f} | {new.mean():.2f} | {change.mean():+.3f} "
                      f"| {change.min():+.3f} | {change.max():+.3f} |", flush=True)


if __name__ == "__main__":
    main()

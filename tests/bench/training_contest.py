"""What the benchmarks of trainings share: contestants in turns, a table of their rates, pictures to train on."""
import os
import pathlib
import statistics
import time

import numpy as np
import torch

from pictures import write_picture

ROOT = pathlib.Path(__file__).resolve().parents[2]
WARM = 4  # steps before a measurement of PyTorch


def parse(parser):
    """The arguments, with those that all of these benchmarks have."""
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bf16", action="store_true", help="also in bf16, which pays where the hardware has it")
    parser.add_argument("--mirra-train", default=str(ROOT / "build/release/bin/mirra-train"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    return arguments


def rate(step, batch, count):
    """Images per second of a loop in PyTorch."""
    for _ in range(WARM):
        step()
    begin = time.perf_counter()
    for _ in range(count):
        step()
    return count * batch / (time.perf_counter() - begin)


def run(title, arguments, mirra, eager):
    """mirra(precision) and eager(channels_last, bf16) give images per second."""
    contestants = {"Mirra fp32": lambda: mirra("fp32"),
                   "PyTorch eager fp32": lambda: eager(False, False),
                   "PyTorch eager fp32 channels-last": lambda: eager(True, False)}
    if arguments.bf16:
        contestants |= {"Mirra bf16": lambda: mirra("bf16"),
                        "PyTorch eager bf16 autocast": lambda: eager(False, True),
                        "PyTorch eager bf16 autocast channels-last": lambda: eager(True, True)}
    rates = {name: [] for name in contestants}
    for _ in range(arguments.rounds):
        for name, measure in contestants.items():
            rates[name].append(measure())
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"\n{title}\n\n| training | images/s | Mirra over it |\n|---|---|---|")
    for name, value in medians.items():
        own = medians["Mirra bf16" if "bf16" in name else "Mirra fp32"]
        print(f"| {name} | {value:.1f} | {own / value:.2f} |", flush=True)


def write_pictures(folder, count, extent, classes=10):
    """Uniform noise in folders of classes."""
    random = np.random.default_rng(0)
    for index in range(count):
        place = folder / f"class{index % classes}"
        place.mkdir(parents=True, exist_ok=True)
        write_picture(place / f"{index}.png", random.integers(0, 256, (extent, extent, 3), dtype=np.uint8))

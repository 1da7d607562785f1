"""Times the anomaly detector's latent search in Mirra, in batches, and in PyTorch eager, one image at a time.

    python3 -m venv build/bench && build/bench/bin/pip install -r tests/bench/requirements.txt
    build/bench/bin/python tests/bench/compare_latent_search.py --bundle ./parts.mirra [--pictures 16] [--iterations 100]

PyTorch runs the search as the authors' script does (docs/explanation/method.md): batch 1, SGD over the code, the networks' parameters left
as they are, so that their gradients are computed as well; a second row has them frozen. Pictures are noise. The scores are compared
before anything is timed. Each round times every contestant once more.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
import torch

import graph_module
from pictures import write_picture

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOMENTUM, RATE, FINAL_RATE = 0.9, 0.1, 0.001


def start(seed, count):
    """The plugin's normal noise (plugins/common/random.hpp)."""
    mask = (1 << 64) - 1

    def unit(index):
        z = (seed * 0xD1342543DE82EF95 + (index + 1) * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return ((z ^ (z >> 31)) >> 11) * 2.0**-53

    return [math.sqrt(-2 * math.log(1 - unit(2 * i))) * math.cos(2 * math.pi * unit(2 * i + 1)) for i in range(count)]


class Search:
    """One picture's search in PyTorch."""

    def __init__(self, bundle, iterations):
        metadata = graph_module.read_safetensors(bundle)[1]
        self.defaults = json.loads(metadata["mirra.manifest"])["defaults"]
        self.iterations = iterations
        self.generator = graph_module.load(bundle, "generator-" + self.defaults["layer"])[0]
        self.encoder, graph = graph_module.load(bundle, "encoder")
        # The module gives its graph's first output.
        graph["outputs"] = [o for o in graph["outputs"] if o["name"] == self.defaults["layer"]]
        used, wanted = [], {graph["outputs"][0]["source"]}
        for node in reversed(graph["nodes"]):
            if node["name"] in wanted:
                wanted.update(node["inputs"])
                used.insert(0, node)
        graph["nodes"] = used

    def freeze(self, frozen):
        for module in (self.generator, self.encoder):
            for parameter in module.parameters():
                parameter.requires_grad_(not frozen)

    def loss(self, code, picture, features):
        made = self.generator(code)
        return (self.defaults["feature_weight"] * (self.encoder(made) - features).square().sum() +
                self.defaults["pixel_weight"] * (made - picture).abs().sum())

    def run(self, picture):
        with torch.no_grad():
            features = self.encoder(picture)
        code = torch.tensor(start(0, features.numel()), dtype=torch.float32).reshape(features.shape).requires_grad_(True)
        optimizer = torch.optim.SGD([code], lr=RATE, momentum=MOMENTUM)
        last = max(self.iterations - 1, 1)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 1 + (FINAL_RATE / RATE - 1) * min(i / last, 1))
        for _ in range(self.iterations):
            optimizer.zero_grad()
            loss = self.loss(code, picture, features)
            loss.backward()
            loss.item()  # the script writes it down
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            return self.loss(code, picture, features).item()


def mirra(arguments, folder):
    """Scores of all pictures and the seconds of the run."""
    command = [arguments.mirra, "detect", str(folder / "first.png"), "--bundle", arguments.bundle, "--method", "latent-search", "--iterations",
               str(arguments.iterations), "--batch", str(folder / "batch.safetensors"), "--scores", str(folder / "scores.safetensors"),
               "--threads", str(arguments.threads), "--precision", "fp32", "--json"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    scores = graph_module.read_safetensors(folder / "scores.safetensors")[0]["scores"].tolist()
    return scores, result["results"][0]["seconds"]


def prepare(arguments, extent, folder):
    """One picture as a file, the others as a tensor; returns all as {N, 3, extent, extent}."""
    random = np.random.default_rng(0)
    values = np.round(random.random((arguments.pictures, 3, extent, extent)) * 255).astype(np.float32) / 255
    pictures = torch.from_numpy(values)
    write_picture(folder / "first.png", np.round(values[0].transpose(1, 2, 0) * 255).astype(np.uint8))
    graph_module.write_safetensors(folder / "batch.safetensors", {"batch": pictures[1:]})
    return pictures


def timed(run):
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--peer-pictures", type=int, default=3, help="that PyTorch searches in a round, one by one")
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--mirra", default=str(ROOT / "build/release/bin/mirra"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    search = Search(arguments.bundle, arguments.iterations)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pictures = prepare(arguments, int(search.defaults["extent"]), folder)
        scores = mirra(arguments, folder)[0]
        peers = [search.run(pictures[i:i + 1]) for i in range(arguments.peer_pictures)]
        difference = max(abs(a / b - 1) for a, b in zip(scores, peers))
        assert difference < 1e-2, f"the scores differ by {difference}"

        def eager(frozen):
            search.freeze(frozen)
            return timed(lambda: [search.run(pictures[i:i + 1]) for i in range(arguments.peer_pictures)]) / arguments.peer_pictures

        contestants = {f"Mirra, {arguments.pictures} at once": lambda: mirra(arguments, folder)[1] / arguments.pictures,
                       "PyTorch eager, one by one": lambda: eager(False),
                       "PyTorch eager, one by one, parameters frozen": lambda: eager(True)}
        seconds = {name: [] for name in contestants}
        for _ in range(arguments.rounds):
            for name, measure in contestants.items():
                seconds[name].append(measure())
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    own = next(iter(medians.values()))
    print(f"\n{arguments.iterations} iterations, {arguments.threads} threads, scores within {difference:.1e} of each other\n")
    print("| search | s/picture | time / Mirra |\n|---|---|---|")
    for name, value in medians.items():
        print(f"| {name} | {value:.3f} | {value / own:.2f} |")


if __name__ == "__main__":
    main()

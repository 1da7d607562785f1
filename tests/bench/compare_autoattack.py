"""Compares `mirra-train attack --attack autoattack` with the authors' implementation on the same bundle and images.

    python3 -m venv build/bench && build/bench/bin/pip install -r tests/bench/requirements.txt pyautoattack
    build/bench/bin/python tests/bench/compare_autoattack.py --bundle bundles/encoder-resnet18-l2-0.5.mirra \
        --images cifar-10-batches-bin/test_batch.bin --norm l2 --eps 0.5 [--count 200]

Images are records of a CIFAR-10 binary batch. Fails when the robust accuracies differ by more than one point.
"""
import argparse
import json
import logging
import pathlib
import re
import subprocess
import tempfile
import time

import numpy as np
import pyautoattack
import torch
import torch.nn.functional as F

import graph_module

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORD = 1 + 3 * 32 * 32


class Classifier(graph_module.GraphModule):
    """Adds the ops of the classification networks."""

    def __init__(self, graph, tensors):
        super().__init__(graph, tensors)
        self.tensors = tensors

    def apply_node(self, node, x):
        a, w = node.get("attributes", {}), {role: self.tensors[name] for role, name in node.get("weights", {}).items()}

        def constant(key):
            return torch.tensor(a[key]).view(1, -1, 1, 1)

        functions = {
            "normalise": lambda: (x[0] - constant("mean")) / constant("deviation"),
            "batch_norm": lambda: F.batch_norm(x[0], w["running_mean"], w["running_var"], w["weight"], w["bias"], False, 0,
                                               a.get("epsilon", 1e-5)),
            "linear": lambda: F.linear(x[0], w["weight"], w.get("bias")),
            "max_pool": lambda: F.max_pool2d(x[0], a["kernel"], a["stride"], a.get("padding", 0)),
            "avg_pool": lambda: F.avg_pool2d(x[0], a["kernel"], a["stride"], a.get("padding", 0)),
            "global_avg_pool": lambda: x[0].mean((2, 3), keepdim=True),
            "adaptive_avg_pool": lambda: F.adaptive_avg_pool2d(x[0], a["extent"]),
            "flatten": lambda: x[0].flatten(1),
        }
        return functions[node["op"]]() if node["op"] in functions else super().apply_node(node, x)


def load_classifier(bundle):
    tensors, metadata = graph_module.read_safetensors(bundle)
    graph = json.loads(metadata["mirra.manifest"])["graphs"]["classifier"]
    return Classifier(graph, tensors).eval().requires_grad_(False)


def ours(arguments, records):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "test_batch.bin").write_bytes(records.tobytes())
        command = [arguments.mirra_train, "attack", "--bundle", arguments.bundle, "--data", f"cifar10:{folder}", "--attack",
                   "autoattack", "--norm", arguments.norm, "--eps", str(arguments.eps), "--count", str(len(records)), "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Stages(logging.Handler):
    """Reads the accuracy after each attack from the reference's log."""

    def __init__(self):
        super().__init__()
        self.lines, self.clean = [], None

    def emit(self, record):
        message = record.getMessage()
        if found := re.match(r"initial accuracy: ([\d.]+)%", message):
            self.clean = float(found[1]) / 100
        if found := re.match(r"robust accuracy after (\S+): ([\d.]+)% \(total time ([\d.]+) s\)", message):
            self.lines.append((found[1].lower(), float(found[2]) / 100, float(found[3])))


def reference(arguments, records):
    images = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
    labels = torch.from_numpy(records[:, 0].astype(np.int64))
    stages, log = Stages(), logging.getLogger("auto-attack")
    log.setLevel(logging.DEBUG)
    log.addHandler(stages)
    attack = pyautoattack.AutoAttack(load_classifier(arguments.bundle), norm={"l2": "L2", "linf": "Linf"}[arguments.norm],
                                     eps=arguments.eps, seed=0)
    attack.run_standard_evaluation(images, labels, batch_size=arguments.batch)
    return stages


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--images", required=True, help="CIFAR-10 binary batch")
    parser.add_argument("--norm", choices=["l2", "linf"], default="l2")
    parser.add_argument("--eps", type=float, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--mirra-train", default=str(ROOT / "build/release/bin/mirra-train"))
    arguments = parser.parse_args()
    records = np.fromfile(arguments.images, np.uint8).reshape(-1, RECORD)[: arguments.count]

    begin = time.perf_counter()
    mine = ours(arguments, records)
    seconds = time.perf_counter() - begin
    begin = time.perf_counter()
    theirs = reference(arguments, records)
    print(f"| {len(records)} images, {arguments.norm} {arguments.eps} | Mirra | reference |\n|---|---|---|")
    print(f"| clean | {mine['clean_accuracy']:.4f} | {theirs.clean:.4f} |")
    after = {attack["name"]: attack["robust_accuracy"] for attack in mine.get("attacks", [])}
    for name, accuracy, _ in theirs.lines:
        print(f"| after {name} | {after.get(name, mine['robust_accuracy']):.4f} | {accuracy:.4f} |")
    print(f"| seconds | {seconds:.0f} | {time.perf_counter() - begin:.0f} |")
    robust = theirs.lines[-1][1] if theirs.lines else theirs.clean
    difference = abs(mine["robust_accuracy"] - robust)
    assert difference <= 0.01 + 1e-9, f"the robust accuracies differ by {difference:.4f}"


if __name__ == "__main__":
    main()

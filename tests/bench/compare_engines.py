"""Times a bundle's graph in Mirra, PyTorch eager, ONNX Runtime and OpenVINO in one run, in turns, on the same tensors.

    python3 -m venv build/bench && build/bench/bin/pip install -r tests/bench/requirements.txt
    build/bench/bin/python tests/bench/compare_engines.py [--bundle bundles/denoiser.mirra] [--graph denoiser]
        [--size 512x512 ...] [--batch 1 ...] [--also compile ncnn oidn nlm]
        [--csv FILE]

Prints a Markdown table of median milliseconds and of the peers' time over Mirra's. Each round times every engine once
more, so that a busy machine is busy for all. Mirra's process is new in each round. Every engine warms up for half a second
before it is timed, since processors need that long to reach their speed again. --also adds the peers of further_peers.py. --csv appends the medians to a file, which draw_engines.py draws.
"""
import argparse
import csv
import datetime
import json
import math
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime
import openvino
import torch

import further_peers
import graph_module

ROOT = pathlib.Path(__file__).resolve().parents[2]


WARM_SECONDS = 0.5


def timed(run, repeat):
    begin = time.perf_counter()
    while True:
        run()
        if time.perf_counter() - begin > WARM_SECONDS:
            break
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        run()
        times.append((time.perf_counter() - begin) * 1e3)
    return times


def onnx_file(module, inputs):
    path = os.path.join(tempfile.mkdtemp(), "graph.onnx")
    torch.onnx.export(module, tuple(inputs), path, dynamo=False, opset_version=17)
    return path


def onnx_session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def openvino_request(path, threads, precision):
    properties = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
    return openvino.Core().compile_model(path, "CPU", properties).create_infer_request()


def mirra_times(arguments, size, batch, precision, repeat):
    def median(repeat, warmup):
        command = [arguments.mirra, "bench", arguments.bundle, "--graph", arguments.graph, "--size", size, "--repeat", str(repeat),
                   "--warmup", str(warmup), "--batch", str(batch), "--threads", str(arguments.threads), "--precision", precision, "--json"]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["results"][0]
        return next(s["median_ms"] for s in result["stages"] if s["stage"] == "total")

    return [median(repeat, math.ceil(WARM_SECONDS * 1e3 / median(1, 3)))]


def check_same(arguments, module, graph, inputs):
    """The three engines must compute the same before they are timed."""
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        graph_module.write_safetensors(f"{folder}/in.safetensors", dict(zip([p["name"] for p in graph["inputs"]], inputs)))
        subprocess.run([arguments.mirra, "graph", arguments.bundle, "--run", arguments.graph, "--in", f"{folder}/in.safetensors",
                        "--out", f"{folder}/out.safetensors", "--quiet"], check=True)
        ours = next(iter(graph_module.read_safetensors(f"{folder}/out.safetensors")[0].values()))
        difference = (ours - module(*inputs)).abs().max().item()
    assert difference < 1e-4, f"Mirra and PyTorch differ by {difference}"
    return difference


def compare(arguments, size, batch):
    width, height = map(int, size.split("x"))
    module, graph = graph_module.load(arguments.bundle, arguments.graph)
    inputs = [torch.rand(batch, port["channels"], height, width) for port in graph["inputs"]]
    difference = check_same(arguments, module, graph, inputs)
    path = onnx_file(module, inputs)
    session = onnx_session(path, arguments.threads)
    names = [i.name for i in session.get_inputs()]
    feeds = {name: np.ascontiguousarray(tensor.numpy()) for name, tensor in zip(names, inputs)}
    nhwc_module = graph_module.load(arguments.bundle, arguments.graph)[0].to(memory_format=torch.channels_last)
    nhwc = [tensor.contiguous(memory_format=torch.channels_last) for tensor in inputs]

    vino = {each: openvino_request(path, arguments.threads, each) for each in (["f32"] if arguments.fp32 else ["f32", "bf16"])}
    arrays = list(feeds.values())

    def eager(network, tensors):
        with torch.inference_mode():
            network(*tensors)

    def autocast():
        with torch.autocast("cpu", torch.bfloat16):
            eager(nhwc_module, nhwc)

    engines = {
        "Mirra fp32": lambda n: mirra_times(arguments, size, batch, "fp32", n),
        "Mirra bf16": lambda n: mirra_times(arguments, size, batch, "bf16", n),
        "PyTorch eager fp32": lambda n: timed(lambda: eager(module, inputs), n),
        "PyTorch eager fp32 channels-last": lambda n: timed(lambda: eager(nhwc_module, nhwc), n),
        "PyTorch eager bf16 autocast channels-last": lambda n: timed(autocast, n),
        "ONNX Runtime fp32": lambda n: timed(lambda: session.run(None, feeds), n),
        "OpenVINO fp32": lambda n: timed(lambda: vino["f32"].infer(arrays), n),
        "OpenVINO bf16": lambda n: timed(lambda: vino["bf16"].infer(arrays), n),
    }
    for name, run in further_peers.peers(arguments, inputs).items():
        engines[name] = lambda n, run=run: timed(run, n)
    if arguments.fp32:
        engines = {name: run for name, run in engines.items() if "bf16" not in name}
    times = {name: [] for name in engines}
    for _ in range(arguments.rounds):
        for name, run in engines.items():
            times[name].append(statistics.median(run(arguments.repeat)))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"\n{size}, batch {batch}, {arguments.threads} threads, largest difference {difference:.1e}\n")
    own = [name for name in ("Mirra fp32", "Mirra bf16") if name in medians]
    print("| engine | median ms |" + "".join(f" time / {name} |" for name in own) + "\n|---|---|" + "---|" * len(own))
    for name, value in medians.items():
        print(f"| {name} | {value:.1f} |" + "".join(f" {value / medians[peer]:.2f} |" for peer in own), flush=True)
    if arguments.csv:
        append(arguments, size, batch, medians)


def processor():
    with open("/proc/cpuinfo") as file:
        found = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in found.items()}
    best = next((flag for flag in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if flag in fields["flags"].split()), "no AVX2")
    return f"{fields['model name']} ({best})"


def append(arguments, size, batch, medians):
    new = not arguments.csv.exists()
    with arguments.csv.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(["date", "processor", "threads", "bundle", "graph", "size", "batch", "engine", "median_ms"])
        for name, value in medians.items():
            writer.writerow([datetime.date.today(), processor(), arguments.threads, pathlib.Path(arguments.bundle).name, arguments.graph, size, batch,
                             name, f"{value:.2f}"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", default=str(ROOT / "bundles/denoiser.mirra"))
    parser.add_argument("--graph", default="denoiser")
    parser.add_argument("--size", nargs="+", default=["512x512", "2040x1536"])
    parser.add_argument("--batch", nargs="+", type=int, default=[1])
    parser.add_argument("--fp32", action="store_true", help="leave bf16 out, for processors without it")
    parser.add_argument("--also", nargs="+", choices=further_peers.PEERS, default=[], help="further peers, see further_peers.py")
    parser.add_argument("--csv", type=pathlib.Path, help="medians are appended to it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--mirra", default=str(ROOT / "build/release/bin/mirra"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for size in arguments.size:
        for batch in arguments.batch:
            compare(arguments, size, batch)


if __name__ == "__main__":
    main()

"""Times a photograph from the start of a process to the written file: `mirra denoise`, and the same network in Python.

    python3 -m venv build/bench && build/bench/bin/pip install -r tests/bench/requirements.txt
    build/bench/bin/python tests/bench/compare_photo.py --photo PHOTO.jpg [--size 4000x3000] [--rounds 3]
    build/bench/bin/python tests/bench/compare_photo.py --photo PHOTO.jpg --many 1000 --size 400x300

The peers read and write by Pillow and run the whole picture at once: PyTorch channels-last, in fp32 and by autocast to bf16, and
OpenVINO on the exported network with its own choice of precision. They are told the noise level; Mirra measures it. Each round
times every way once. With --many a folder of so many pictures is denoised by `mirra` alone: how busy the processors were is
the processor time over the time that passed, over the number of processors.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import graph_module
import numpy as np
import torch
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIGMA = 12

PEER = """
import sys
import numpy as np
from PIL import Image
engine, folder, threads, source, network, target = sys.argv[1:]
picture = np.asarray(Image.open(source).convert("RGB"), dtype=np.float32) / 255
image = np.ascontiguousarray(picture.transpose(2, 0, 1)[None])
level = np.full((1, 1, *picture.shape[:2]), {sigma} / 255, dtype=np.float32)
if engine == "openvino":
    import openvino
    model = openvino.Core().compile_model(network, "CPU", {{"INFERENCE_NUM_THREADS": int(threads)}})
    out = next(iter(model([image, level]).values()))
else:
    sys.path.insert(0, folder)
    import graph_module
    import torch
    torch.set_num_threads(int(threads))
    module = graph_module.load(network, "denoiser")[0].to(memory_format=torch.channels_last)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=engine == "bf16"):
        out = module(torch.from_numpy(image).contiguous(memory_format=torch.channels_last), torch.from_numpy(level)).float().numpy()
pixels = (np.clip(out[0].transpose(1, 2, 0), 0, 1) * 255 + 0.5).astype(np.uint8)
Image.fromarray(pixels).save(target, quality=95)
"""


def timed(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begin


def noisy(photo: pathlib.Path, size: tuple[int, int], to: pathlib.Path, seed: int = 16) -> None:
    pixels = np.asarray(Image.open(photo).convert("RGB").resize(size, Image.Resampling.LANCZOS), dtype=np.float32)
    noise = np.random.default_rng(seed).normal(0, SIGMA, pixels.shape)
    Image.fromarray(np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8)).save(to, quality=95)


def one(arguments: argparse.Namespace, work: pathlib.Path) -> None:
    source, network = work / "in.jpg", work / "network.onnx"
    noisy(arguments.photo, arguments.size, source)
    module, graph = graph_module.load(arguments.bundle, "denoiser")
    width, height = arguments.size
    inputs = [torch.rand(1, port["channels"], height, width) for port in graph["inputs"]]
    torch.onnx.export(module, tuple(inputs), network, dynamo=False, opset_version=17)
    (work / "peer.py").write_text(PEER.format(sigma=SIGMA))
    threads = str(os.cpu_count())

    def peer(engine: str) -> list[str]:
        model = network if engine == "openvino" else arguments.bundle
        return [sys.executable, str(work / "peer.py"), engine, str(ROOT / "tests/bench"), threads, str(source), str(model), str(work / f"{engine}.jpg")]

    ways = {
        "mirra denoise": [arguments.mirra, "denoise", str(source), "-o", str(work / "mirra.jpg"), "--bundle", str(arguments.bundle), "--quiet"],
        "PyTorch fp32, Pillow": peer("fp32"),
        "PyTorch bf16, Pillow": peer("bf16"),
        "OpenVINO, Pillow": peer("openvino"),
    }
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(arguments.rounds):
        for name, command in ways.items():
            least[name] = min(least[name], timed(command))
    ours = np.asarray(Image.open(work / "mirra.jpg"), dtype=np.float32)
    print(f"\n{width}x{height}, {threads} threads, least of {arguments.rounds}\n\n| way | s | over Mirra | mean difference of 255 |\n|---|---|---|---|")
    for name, seconds in least.items():
        file = {"mirra denoise": "mirra", "PyTorch fp32, Pillow": "fp32", "PyTorch bf16, Pillow": "bf16"}.get(name, "openvino")
        apart = np.abs(np.asarray(Image.open(work / f"{file}.jpg"), dtype=np.float32) - ours).mean()
        print(f"| {name} | {seconds:.2f} | {seconds / least['mirra denoise']:.2f} | {apart:.2f} |")


def many(arguments: argparse.Namespace, work: pathlib.Path) -> None:
    folder = work / "in"
    folder.mkdir()
    for i in range(min(arguments.many, 20)):
        noisy(arguments.photo, arguments.size, folder / f"{i:04}.jpg", i)
    for i in range(20, arguments.many):
        shutil.copy(folder / f"{i % 20:04}.jpg", folder / f"{i:04}.jpg")
    for name, more in (("reading ahead", []), ("one at a time (--memory-limit)", ["--memory-limit", "4000"])):
        shutil.rmtree(work / "out", ignore_errors=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = timed([arguments.mirra, "denoise", str(folder), "-o", str(work / "out"), "--bundle", str(arguments.bundle), "--quiet", *more])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"{name}: {arguments.many} pictures in {seconds:.1f} s, processors {100 * processor / seconds / os.cpu_count():.0f} % busy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=pathlib.Path, required=True)
    parser.add_argument("--bundle", type=pathlib.Path, default=ROOT / "bundles/denoiser.mirra")
    parser.add_argument("--size", type=lambda text: tuple(map(int, text.split("x"))), default=(4000, 3000))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, default=0)
    parser.add_argument("--mirra", default=str(ROOT / "build/release/bin/mirra"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        (many if arguments.many else one)(arguments, pathlib.Path(work))


if __name__ == "__main__":
    main()

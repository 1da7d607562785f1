"""Times a bundle's graph on a GPU in Mirra, PyTorch eager and torch.compile, and states shares of the GPU's measured peak.

    build/bench/bin/python tests/bench/compare_gpu.py [--device cuda:0] [--bundle bundles/denoiser.mirra] [--graph denoiser]
        [--size 2040x1536 ...] [--precision fp32 fp16 bf16] [--json FILE]

The peak is measured in the same run: products of matrices and a convolution in PyTorch, of the precision in use, best of
several; and the bandwidth of copies on the device. The roofline of a graph is the smaller of the peak, and of the bandwidth
times the work for each byte that inputs, outputs and weights have. All engines take tensors of the processor and give them
back; "on the device" is PyTorch without these copies. Mirra records its runs (CUDA graphs) but where it says "without graphs".
`--device cpu` tries the script without a GPU.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import time

import torch

import graph_module

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


class Device:
    def __init__(self, name):
        self.name, self.cuda = name, name.startswith("cuda")
        # fp32 is fp32: Mirra does not round it to TF32 either.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark = True

    def times(self, run, repeat, warmup=3):
        """Seconds of each run, all of its work included."""
        found = []
        for i in range(-warmup, repeat):
            begin = time.perf_counter()
            run()
            if self.cuda:
                torch.cuda.synchronize()
            if i >= 0:
                found.append(time.perf_counter() - begin)
        return found

    def describe(self):
        return torch.cuda.get_device_name(self.name) if self.cuda else "the processor"


def work_of(module, inputs):
    """Multiplications and additions of all convolutions in a pass."""
    counted = []

    def count(layer, _, out):
        kernel = layer.kernel_size[0] * layer.kernel_size[1]
        places = out.numel() if isinstance(layer, torch.nn.Conv2d) else out.numel() // (layer.stride[0] * layer.stride[1])
        counted.append(2 * places * kernel * layer.in_channels // layer.groups)

    hooks = [layer.register_forward_hook(count) for layer in module.modules()
             if isinstance(layer, (torch.nn.Conv2d, torch.nn.ConvTranspose2d))]
    with torch.inference_mode():
        module(*inputs)
    for hook in hooks:
        hook.remove()
    return sum(counted)


def peaks(device, dtype, repeat):
    """Operations a second of the fastest product and convolution, and bytes a second of a copy."""
    side, channels, extent = (8192, 256, 256) if device.cuda else (512, 32, 64)
    a, b = (torch.randn(side, side, device=device.name, dtype=dtype) for _ in range(2))
    product = 2 * side**3 / min(device.times(lambda: a @ b, repeat))
    layer = torch.nn.Conv2d(channels, channels, 3, padding=1, bias=False).to(device.name, dtype).to(memory_format=torch.channels_last)
    x = torch.randn(4, channels, extent, extent, device=device.name, dtype=dtype).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        convolution = 2 * x.numel() * channels * 9 / min(device.times(lambda: layer(x), repeat))
    source = torch.empty((1 << 30) if device.cuda else (1 << 24), dtype=torch.uint8, device=device.name)
    target = torch.empty_like(source)
    copied = 2 * source.numel() / min(device.times(lambda: target.copy_(source), repeat))
    return {"product": product, "convolution": convolution, "bytes": copied}


def mirra_seconds(arguments, device, size, precision, **environment):
    command = [arguments.mirra, "bench", arguments.bundle, "--graph", arguments.graph, "--size", size, "--repeat",
               str(arguments.repeat), "--warmup", "3", "--device", device.name, "--precision", precision, "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **environment})
    result = json.loads(done.stdout)["results"][0]
    return 1e-3 * next(stage["median_ms"] for stage in result["stages"] if stage["stage"] == "total")


def torch_seconds(arguments, device, module, inputs, dtype):
    """Median seconds by name."""
    engines = {"PyTorch eager": module}
    if not arguments.no_compile:
        engines["torch.compile"] = torch.compile(module, mode="max-autotune" if device.cuda else "default")
    placed = [tensor.to(device.name, dtype).contiguous(memory_format=torch.channels_last) for tensor in inputs]

    def whole(network):
        there = [tensor.to(device.name, dtype, non_blocking=True).contiguous(memory_format=torch.channels_last) for tensor in inputs]
        return network(*there).float().cpu()

    found = {}
    with torch.inference_mode():
        for name, network in engines.items():
            found[name] = statistics.median(device.times(lambda: whole(network), arguments.repeat))
            found[f"{name}, on the device"] = statistics.median(device.times(lambda: network(*placed), arguments.repeat))
    return found


def compare(arguments, device, size, precision):
    width, height = map(int, size.split("x"))
    module, graph = graph_module.load(arguments.bundle, arguments.graph)
    module.constants = {name: [each.to(device.name, TYPES[precision]) for each in values] for name, values in module.constants.items()}
    module = module.to(device.name, TYPES[precision]).to(memory_format=torch.channels_last)
    inputs = [torch.rand(1, port["channels"], height, width) for port in graph["inputs"]]
    if device.cuda:
        inputs = [tensor.pin_memory() for tensor in inputs]
    work = work_of(module, [tensor.to(device.name, TYPES[precision]) for tensor in inputs])
    seconds = torch_seconds(arguments, device, module, inputs, TYPES[precision])
    seconds["Mirra"] = mirra_seconds(arguments, device, size, precision)
    seconds["Mirra, without graphs"] = mirra_seconds(arguments, device, size, precision, MIRRA_CUDA_GRAPHS="off")
    peak = peaks(device, TYPES[precision], arguments.repeat)
    values = sum(tensor.numel() for tensor in inputs) + 3 * width * height + sum(each.numel() for each in module.parameters())
    roof = min(max(peak["product"], peak["convolution"]), peak["bytes"] * work / (values * torch.finfo(TYPES[precision]).bits // 8))
    report(size, precision, work, peak, roof, seconds)
    return {"device": device.describe(), "size": size, "precision": precision, "work": work, "peak": peak, "roofline": roof, "seconds": seconds}


def report(size, precision, work, peak, roof, seconds):
    print(f"\n{size}, {precision}: {work / 1e9:.1f} GFLOP; peak {peak['product'] / 1e12:.2f} TFLOP/s of products, "
          f"{peak['convolution'] / 1e12:.2f} of a convolution, {peak['bytes'] / 1e9:.0f} GB/s; roofline {roof / 1e12:.2f} TFLOP/s\n")
    print("| engine | median ms | time / Mirra | share of the roofline |\n|---|---|---|---|")
    for name, value in sorted(seconds.items(), key=lambda each: each[1]):
        print(f"| {name} | {1e3 * value:.2f} | {value / seconds['Mirra']:.2f} | {100 * work / value / roof:.0f} % |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", default=str(ROOT / "bundles/denoiser.mirra"))
    parser.add_argument("--graph", default="denoiser")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--size", nargs="+", default=["512x512", "2040x1536"])
    parser.add_argument("--precision", nargs="+", choices=TYPES, default=["fp32", "fp16", "bf16"])
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--json", type=pathlib.Path, help="results are written to it")
    parser.add_argument("--mirra", default=str(ROOT / "build/release/bin/mirra"))
    arguments = parser.parse_args()
    device = Device(arguments.device)
    print(device.describe())
    results = [compare(arguments, device, size, precision) for size in arguments.size for precision in arguments.precision]
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

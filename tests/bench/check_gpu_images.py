"""Runs on images in a GPU's memory: results against the processor's, the order of streams, what it saves; by the Python package.

    MIRRA_PREFIX=INSTALLED_SDK build/bench/bin/pip install ./bindings/python
    build/bench/bin/python tests/bench/check_gpu_images.py [--device cuda:0] [--bundle bundles/denoiser-fast.mirra]

What no test without a GPU can show. `--device cpu` tries the script itself, on tensors of the processor. CuPy is tried where it
is installed. Ends with 1 at the first thing that is wrong.
"""
import argparse
import pathlib
import statistics
import sys
import time

import mirra
import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZE = (540, 960)


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def picture(channels, dtype, seed):
    """A soft ramp with noise, in the range of the type."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0.2, 0.8, SIZE[1])[None, :, None]
    values = np.clip(ramp + 0.06 * rng.standard_normal((*SIZE, channels)), 0, 1)
    if channels in (2, 4):
        values[:, :, -1] = 0.25 + 0.5 * ramp[:, :, 0]
    return (values * 255).astype(np.uint8) if dtype == "uint8" else values.astype(dtype)


def difference(a, b):
    """The largest one, of the full range."""
    scale = 255 if a.dtype == np.uint8 else 1
    return float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max()) / scale


def check_results(session, processor, device):
    """Types, channels, layouts and strides, into new memory and into memory that is there."""
    for channels, dtype in ((3, "uint8"), (3, "float16"), (3, "float32"), (1, "float32"), (4, "uint8"), (4, "float32")):
        given = picture(channels, dtype, channels)
        wanted = processor.run(given).image
        tensor = torch.from_numpy(given).to(device)
        padded = torch.zeros((SIZE[0], SIZE[1] + 7, channels), dtype=tensor.dtype, device=device)
        padded[:, : SIZE[1]] = tensor
        planes = mirra.Image(tensor.permute(2, 0, 1).contiguous(), layout="CHW")
        out = torch.empty_like(tensor)
        session.run(tensor, out=out)
        found = {
            "as it is": session.run(tensor).image,
            "padded rows": session.run(padded[:, : SIZE[1]]).image,
            "planes": session.run(planes).image.permute(1, 2, 0),
            "into memory": out,
        }
        for name, result in found.items():
            check(str(result.device) == str(tensor.device), f"{name}: the result is on {result.device}")
            far = difference(result.cpu().numpy(), wanted)
            check(far <= 2 / 255, f"{dtype}, {channels} channels, {name}: {far} from the processor's")
        print(f"{dtype}, {channels} channels: as the processor's", flush=True)


def check_order(session, processor, device):
    """The picture is made by slow work on a stream of the caller's own, and used by it afterwards."""
    given = picture(3, "float32", 9)
    wanted = processor.run(given).image
    ready = torch.from_numpy(given).to(device)
    matrix = torch.randn(8192, 8192, device=device)
    for _ in range(3):
        with torch.cuda.stream(torch.cuda.Stream(device)):
            tensor = torch.zeros_like(ready)
            for _ in range(4):
                matrix = (matrix @ matrix).clamp(-1, 1)
            tensor.copy_(ready)
            result = session.run(tensor).image
            after = result + 0
            tensor.fill_(0)
        torch.cuda.synchronize()
        far = difference(after.cpu().numpy(), wanted)
        check(far <= 2 / 255, f"what the caller's stream makes comes first: {far}")
    print("the order of streams is kept", flush=True)


def check_refusals(session, device):
    """Pictures elsewhere are errors that say so."""
    try:
        with mirra.engine().session("denoise", device="cpu") as other:
            other.run(torch.zeros((64, 64, 3), device=device))
        check(False, "a picture on a GPU in a session on the processor is an error")
    except mirra.MirraError as error:
        check("in the memory of cuda" in str(error), f"the message says where the picture is: {error}")
    if torch.cuda.device_count() > 1:
        try:
            session.run(torch.zeros((64, 64, 3), device="cuda:1"))
            check(False, "a picture on another GPU is an error")
        except mirra.MirraError as error:
            check("cuda:1" in str(error), f"the message names the GPU: {error}")


def check_cupy(session, processor):
    try:
        import cupy
    except ImportError:
        print("CuPy is not installed")
        return
    given = picture(3, "float32", 4)
    result = session.run(cupy.asarray(given)).image
    check(isinstance(result, cupy.ndarray), f"an array of CuPy gives one: {type(result)}")
    check(difference(cupy.asnumpy(result), processor.run(given).image) <= 2 / 255, "CuPy: as the processor's")
    print("CuPy: as the processor's")


def seconds(run, repeat=30):
    found = []
    for i in range(-5, repeat):
        begin = time.perf_counter()
        run()
        if i >= 0:
            found.append(time.perf_counter() - begin)
    return statistics.median(found)


def report_savings(session, device):
    for dtype in ("uint8", "float32"):
        given = picture(3, dtype, 1)
        tensor, out, back = torch.from_numpy(given).to(device), torch.empty(*SIZE, 3, dtype=getattr(torch, dtype), device=device), np.empty_like(given)
        there, here = seconds(lambda: session.run(tensor, out=out)), seconds(lambda: session.run(given, out=back))
        print(f"{dtype}, {SIZE[1]}x{SIZE[0]}: {1e3 * there:.2f} ms on the device, {1e3 * here:.2f} ms from and to the processor, "
              f"ratio {here / there:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--bundle", default=str(ROOT / "bundles/denoiser-fast.mirra"))
    arguments = parser.parse_args()
    on_gpu = arguments.device.startswith("cuda")
    options = {"bundle": arguments.bundle, "precision": "fp32", "sigma": 15}
    with mirra.engine().session("denoise", device=arguments.device, **options) as session, mirra.engine().session(
        "denoise", **options
    ) as processor:
        check_results(session, processor, arguments.device)
        if on_gpu:
            check_order(session, processor, arguments.device)
            check_refusals(session, arguments.device)
            check_cupy(session, processor)
        report_savings(session, arguments.device)
    print("passed")


if __name__ == "__main__":
    main()

"""Runs the command on a GPU and compares it with the processor: results, recorded runs, memory limits, several GPUs, a folder.

    python3 tests/bench/check_gpu.py [--device cuda:0] [--mirra build/release/bin/mirra] [--bundles bundles]

What no test without a GPU can show. `--device cpu` tries the script itself. Ends with 1 at the first thing that is wrong.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 1024  # MB


class Command:
    def __init__(self, arguments):
        self.program, self.environment = arguments.mirra, {**os.environ, "MIRRA_BUNDLE_PATH": arguments.bundles}

    def run(self, *arguments, status=0, environment=None):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                              env={**self.environment, **(environment or {})})
        check(done.returncode == status, f"{arguments} ended with {done.returncode}, not {status}: {done.stderr}")
        return done

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json").stdout)


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def make_pictures(command, folder, count, size):
    """Noise upon a picture that is in the repository."""
    source = ROOT / "docs/images/denoised.jpg"
    sources = [source] if source.exists() else sorted((ROOT / "docs").rglob("*.jpg"))
    for i in range(count):
        command.run("noise", sources[0], "-o", folder / f"{i}.png", "--sigma", 15, "--seed", i)
    return sorted(folder.glob("*.png"))


def check_results(command, device, picture, folder):
    """The same picture as from the processor, whole and in tiles."""
    common = ("denoise", picture, "--quality", "fast", "--sigma", 15, "--precision", "fp32")
    command.run(*common, "-o", folder / "cpu.png")
    for name, more in {"whole": (), "tiles": ("--tile-size", 320), "limit": ("--memory-limit", LIMIT)}.items():
        result = command.json(*common, "-o", folder / f"{name}.png", "--device", device, *more)["results"][0]
        check(result["device"] == device, f"{name} was made by {result['device']}")
        psnr = command.json("compare", folder / "cpu.png", folder / f"{name}.png")["psnr"]
        print(f"{name}: {psnr:.1f} dB from the processor's, {result['tiles']} tiles, {result['seconds']:.3f} s, "
              f"{result['peak_bytes'] / 2**20:.0f} MB", flush=True)
        check(psnr > 55, f"{name} differs from the processor's result: {psnr} dB")
        if name == "limit":
            check(result["peak_bytes"] <= LIMIT << 20, "the limit is kept")


def check_recorded(command, device, pictures, folder):
    """Pictures of one size are the same whether their runs are recorded (CUDA graphs) or not."""
    results = {}
    for name, environment in {"recorded": {}, "launched": {"MIRRA_CUDA_GRAPHS": "off"}}.items():
        done = command.run("denoise", pictures, "-o", folder / name, "--quality", "fast", "--sigma", 15, "--device", device, "--json",
                           environment=environment)
        results[name] = json.loads(done.stdout)["results"]
    last = {name: each[-1]["seconds"] for name, each in results.items()}
    print(f"recorded runs: {1e3 * last['recorded']:.1f} ms a picture, launched {1e3 * last['launched']:.1f}", flush=True)
    for each in sorted((folder / "launched").glob("*.png")):
        psnr = command.json("compare", each, folder / "recorded" / each.name)["psnr"]
        check(psnr > 70, f"{each.name} differs where its run is recorded: {psnr} dB")


def check_too_little(command, device, picture, folder):
    """A limit that nothing fits into is an error that says what would do."""
    done = command.run("denoise", picture, "-o", folder / "none.png", "--device", device, "--memory-limit", 1, status=6)
    check("Raise memory_limit" in done.stderr or "--memory-limit" in done.stderr, f"the message says what to do: {done.stderr}")


def check_folder(command, device, folder):
    """Pictures of a folder come in their order, from each device that there is."""
    results = command.json("denoise", folder, "-o", folder / "out", "--quality", "fast", "--device", device)["results"]
    names = [pathlib.Path(each["input"]).name for each in results]
    check(names == sorted(names), f"results come in order: {names}")
    check(all("error" not in each for each in results), f"all are done: {results}")
    print(f"{len(results)} pictures by {sorted({each['device'] for each in results})}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--mirra", default=str(ROOT / "build/release/bin/mirra"))
    parser.add_argument("--bundles", default=str(ROOT / "bundles"))
    arguments = parser.parse_args()
    command = Command(arguments)
    devices = {each["id"]: each for each in command.json("devices")["devices"]}
    check(arguments.device in devices, f"there is no {arguments.device}: {list(devices)}")
    check(devices[arguments.device]["usable"], f"{arguments.device} cannot be used: {devices[arguments.device]['reason']}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pictures = folder / "in"
        pictures.mkdir()
        first = make_pictures(command, pictures, 6, 512)[0]
        check_results(command, arguments.device, first, folder)
        check_recorded(command, arguments.device, pictures, folder)
        check_too_little(command, arguments.device, first, folder)
        check_folder(command, "cuda:all" if arguments.device.startswith("cuda") else arguments.device, pictures)
    print("passed")


if __name__ == "__main__":
    main()

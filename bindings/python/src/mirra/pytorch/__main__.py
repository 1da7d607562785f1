"""`python -m mirra.pytorch PACKAGE.MODULE:FACTORY --bundle mine.mirra`: a module becomes a network of Mirra."""

from __future__ import annotations

import argparse
import importlib
import os
import pickle
import sys
from typing import Any

import mirra
import mirra.pytorch
from mirra._errors import InvalidArgumentError

NESTS = ("params_ema", "params", "state_dict", "model")
"""Keys under which training programs keep the state dict."""


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m mirra.pytorch", description="Makes a network of Mirra from a module of PyTorch."
    )
    made.add_argument("factory", metavar="PACKAGE.MODULE:FACTORY", help="a class or function that gives the module")
    made.add_argument("--weights", metavar="FILE", help="state dict, from torch.save; nothing in the file is executed")
    made.add_argument("--channels", type=int, default=3, help="of the input (3)")
    made.add_argument("--size", type=size, metavar="HxW", help="a size that the module takes (64x128)")
    made.add_argument("--name", default="network", help="of the network: 'denoiser' for the task denoise")
    made.add_argument("--pixel-range", nargs=2, type=float, default=(0, 1), metavar=("BLACK", "WHITE"), help="(0 1)")
    made.add_argument("-o", "--output", nargs=2, metavar=("JSON", "SAFETENSORS"), help="graph and weights")
    made.add_argument("--bundle", metavar="MIRRA", help="both in a bundle")
    made.add_argument("--task", default="", help="that the bundle is for")
    made.add_argument("--licence", default="", help="of the weights")
    return made


def size(text: str) -> tuple[int, int]:
    """Height and width."""
    height, width = map(int, text.split("x"))
    return height, width


def load(factory: str, weights: str | None) -> Any:
    """The module of a factory, with the weights of a file."""
    sys.path.insert(0, os.getcwd())
    source, _, name = factory.partition(":")
    try:
        make = getattr(importlib.import_module(source), name)
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        raise InvalidArgumentError(str(error), factory, "say it as PACKAGE.MODULE:FACTORY") from error
    module = make()
    if weights:
        try:
            module.load_state_dict(read_state(weights))
        except (OSError, RuntimeError, pickle.UnpicklingError) as error:
            raise InvalidArgumentError(
                str(error), weights, "give what torch.save(module.state_dict(), FILE) wrote"
            ) from error
    return module


def read_state(file: str) -> dict[str, Any]:
    """The state dict of a file, without what training programs put around it."""
    import torch  # pyright: ignore[reportMissingImports]

    state = torch.load(file, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise RuntimeError(f"the file holds a {type(state).__name__}, no state dict")
    nest = next((key for key in NESTS if isinstance(state.get(key), dict)), None)
    found = state if nest is None else state[nest]
    return {key[len("module.") :] if key.startswith("module.") else key: value for key, value in found.items()}


def main(words: list[str]) -> int:
    """Converts, and says how well the result agrees with the module."""
    options = parser().parse_args(words)
    if not (options.output or options.bundle):
        parser().error("say where it goes: -o JSON SAFETENSORS, or --bundle MIRRA")
    try:
        convert(options)
    except mirra.MirraError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def convert(options: argparse.Namespace) -> None:
    """Does what the options say."""
    import torch  # pyright: ignore[reportMissingImports]

    example: Any = options.channels
    if options.size:
        example = torch.zeros(1, options.channels, *options.size)
    module = load(options.factory, options.weights)
    network = mirra.pytorch.convert(module, example, name=options.name, pixel_range=tuple(options.pixel_range))
    if options.output:
        network.save(*options.output)
    if options.bundle:
        network.bundle(options.bundle, task=options.task, licence=options.licence)
    print(f"nodes       {len(network.graph['nodes'])}")
    print(f"weights     {sum(each.size for each in network.weights.values())}")
    print(f"difference  {network.difference:.1e} of the largest value that the module gives")
    for note in network.notes:
        print(f"note        {note}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

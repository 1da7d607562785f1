"""A converted network: its graph and weights, saved, checked, or as a bundle."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

import mirra
from mirra._core import PathType
from mirra.pytorch import _file

PADDING_HINT = (
    "if the module pads pictures to a multiple of some size, leave that out: Mirra pads pictures by itself. What it "
    "computes must not depend on the size, or on what it was given before. Otherwise please report it, with the module"
)
LEAST_EXTENT = 24
"""Of the pictures of a check."""


class Network:
    """A network in the operations of Mirra. `convert` makes it.

    Attributes:
        graph: nodes, inputs and outputs, as they stand in a bundle.
        weights: numpy arrays, by name.
        difference: what the last check found.
        notes: what to know of it, in sentences.

    """

    def __init__(self, graph: dict[str, Any], weights: dict[str, Any], module: Any) -> None:
        self.graph, self.weights, self.difference = graph, weights, float("nan")
        self.notes: list[str] = []
        self._module = module

    @property
    def name(self) -> str:
        """Of the network, in a bundle."""
        return str(self.graph["name"])

    def save(self, graph: PathType, weights: PathType) -> None:
        """Writes the graph as JSON and the weights as safetensors: what `mirra-train bundle` and `import` take."""
        mirra.write_file(os.fspath(graph), (json.dumps(self.graph, indent=1) + "\n").encode())
        mirra.Tensors(self.weights).save(weights)

    def bundle(
        self,
        path: PathType,
        *,
        task: str = "",
        defaults: dict[str, Any] | None = None,
        licence: str = "",
        title: str | None = None,
    ) -> None:
        """Writes a bundle: one file, which `mirra`, `mirra.Session` and every other language take.

        Args:
            path: NAME.mirra.
            task: that it is for, such as "denoise" or "upscale"; "": none.
            defaults: parameters of the task that it has with this bundle.
            licence: of the weights.
            title: short name for people; None: the name of the network.

        """
        mirra.write_file(os.fspath(path), self.to_bytes(task=task, defaults=defaults, licence=licence, title=title))

    def to_bytes(
        self, *, task: str = "", defaults: dict[str, Any] | None = None, licence: str = "", title: str | None = None
    ) -> bytes:
        """The bundle as bytes, for `mirra.Bundle`; see `bundle`."""
        manifest = {
            "format_version": 1,
            "task": task,
            "name": title or self.name,
            "architecture": self._module.label,
            "licence": licence,
            "defaults": defaults or {},
            "provenance": {"source": "pytorch"},
            "graphs": {self.name: self.graph},
        }
        return _file.bundle(manifest, self.weights)

    def check(self, tolerance: float = 1e-4) -> float:
        """Runs the network in Mirra and the module in PyTorch, on random pictures of odd sizes.

        Returns:
            The largest difference, relative to the largest value that the module gives.

        Raises:
            mirra.MismatchError: it is larger than the tolerance.

        """
        with self._opened() as bundle:
            facts = bundle.graphs[0]
            least = max(facts.minimum_extent, LEAST_EXTENT)
            turns = -(-least // facts.alignment) | 1
            short, long = turns * facts.alignment, (turns + 2) * facts.alignment
            # numpy's maximum keeps a NaN.
            worst = float(np.max([self._difference(bundle, *size) for size in ((short, long), (long, short))]))
            self._note_padding(facts.alignment, short)
        self.difference = worst
        if np.isnan(worst):
            raise mirra.MismatchError(
                "the module or Mirra gives what is no finite number",
                self._module.label,
                "look for weights that are too large; a network must also bear pixels that are noise",
            )
        if not worst <= tolerance:
            raise mirra.MismatchError(
                f"the results of Mirra differ from the module's by {worst:.1e} of the largest value",
                self._module.label,
                PADDING_HINT,
            )
        return worst

    def _opened(self) -> mirra.Bundle:
        """The network as Mirra takes it: numbers of an operation may be out of its range."""
        try:
            return mirra.Bundle(self.to_bytes())
        except mirra.MirraError as error:
            raise mirra.UnsupportedError(
                f"Mirra does not take the network: {error.message}",
                self._module.label,
                "the range of each number stands in docs/reference/ops.md",
            ) from error

    def _difference(self, bundle: mirra.Bundle, height: int, width: int) -> float:
        port = self.graph["inputs"][0]
        dice = np.random.default_rng(height)
        pixels = dice.random((1, port["channels"], height, width), np.float32)
        wanted = self._run_module(pixels)
        found = mirra.engine().run_graph(bundle, self.name, {port["name"]: pixels}, precision="fp32")
        differences = []
        for output, expected in zip(self.graph["outputs"], wanted):
            given = found[output["name"]].numpy()
            if given.shape != expected.shape:
                raise mirra.MismatchError(
                    f"of {list(pixels.shape)} Mirra makes {list(given.shape)}, the module {list(expected.shape)}",
                    output["name"],
                    PADDING_HINT,
                )
            scale = max(float(np.abs(expected).max()), 1e-12)
            with np.errstate(invalid="ignore"):  # of infinite ones: a NaN, which is told
                differences.append(float(np.abs(given - expected).max()) / scale)
        return float(np.max(differences))

    def _run_module(self, pixels: Any) -> list[Any]:
        try:
            return self._module(pixels)  # type: ignore[no-any-return]
        except mirra.MirraError:
            raise
        except Exception as error:
            raise mirra.UnsupportedError(
                f"the module fails for {list(pixels.shape)}, a size that its network takes: {error}",
                self._module.label,
                "let it take every multiple of what it halves",
            ) from error

    def _note_padding(self, alignment: int, extent: int) -> None:
        """Says so if the module pads pictures by itself."""
        if alignment == 1:
            return
        port = self.graph["inputs"][0]
        pixels = np.zeros((1, port["channels"], extent + 1, extent + 1), np.float32)
        try:
            self._module(pixels)
        except Exception:
            return
        self.notes = [
            f"The module also takes sizes that are no multiples of {alignment}. Mirra repeats the last row and column "
            "of such pictures up to a multiple, so that results differ from the module's at the right and lower edges."
        ]

"""Judges pictures with a detector, by Mirra's task `detect`."""

import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

import mirra
import numpy as np


class Judgement(NamedTuple):
    """What the detector says of a picture."""

    values: dict[str, Any]
    """score, probability, verdict and method."""
    picture: np.ndarray
    """8 bits, three colours."""
    heat: np.ndarray
    """The same, with the heat map over it."""


def shown(picture: Any) -> np.ndarray:
    """A picture of any depth and colour as 8 bits of three colours."""
    pixels = np.asarray(picture)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    elif pixels.dtype != np.uint8:
        pixels = (np.nan_to_num(pixels).clip(0, 1) * 255).astype(np.uint8)
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    colors = pixels[..., :3] if pixels.shape[2] >= 3 else pixels[..., :1]
    return np.ascontiguousarray(np.broadcast_to(colors, (*colors.shape[:2], 3)))


class Scorer:
    """A detector that is ready to judge."""

    def __init__(self, bundle: pathlib.Path, parameters: dict[str, Any], memory_limit: int = 0) -> None:
        self._engine = mirra.Engine()
        self._session = self._engine.session("detect", bundle=bundle, memory_limit=memory_limit, **parameters)

    @property
    def detector(self) -> str:
        """Tells detectors, and what was set, from others: scores of one kind can be compared."""
        chosen = "".join(f" {name}={self._session[name]}" for name in ("method", "threshold"))
        return self._session.info.bundle_sha256[:16] + chosen

    def judge(self, path: pathlib.Path, go_on: Callable[[], bool]) -> Judgement:
        """Stops where `go_on` says no. Raises mirra.MirraError: mirra.CancelledError if it was stopped."""
        picture = mirra.read(path)
        result = self._session.run(picture, outputs=["heatmap"], progress=lambda _: go_on())
        wanted = {name: result.values[name] for name in ("score", "probability", "verdict", "method")}
        return Judgement(wanted, shown(picture), shown(result.outputs["heatmap"]))

    def close(self) -> None:
        """Lets go of the detector."""
        self._session.close()
        self._engine.close()

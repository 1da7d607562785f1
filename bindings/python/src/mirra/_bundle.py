"""Bundles: files of trained networks."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from mirra._core import Handle, PathType, call, call_file, chars, ffi, lib, struct, text


class Graph(NamedTuple):
    """A network of a bundle."""

    name: str
    """What `Engine.run_graph` takes."""
    inputs: dict[str, int]
    """Channels, by name of the input."""
    outputs: list[str]
    """Names."""
    parameter_count: int
    """Trained values."""
    alignment: int
    """Heights and widths are multiples of it."""
    minimum_extent: int
    """The smallest height and width."""
    tileable: bool
    """Whether no output depends on the whole input."""
    halo: tuple[int, int, int, int]
    """Left, top, right, bottom: the pixels around a block that its output depends on."""


class BundleInfo(NamedTuple):
    """What a bundle is."""

    task: str
    """The task that it serves: "denoise"; "" for bare networks."""
    name: str
    """Of the bundle."""
    architecture: str
    """Informative."""
    licence: str
    """Of the weights; "" if it says nothing."""
    sha256: str
    """Of the tensors, in hex."""
    graph_count: int
    """How many networks there are."""
    tensor_count: int
    """How many tensors there are."""
    tensor_bytes: int
    """Their size, as stored."""


class Bundle(Handle):
    """Trained networks, with their weights, defaults and measured quality. Immutable; any thread may use it.

    Args:
        file: a path, or the bytes of a file. It is read and verified as a whole.
        name: of bytes, for messages.

    Raises:
        MissingFileError, CorruptError, LimitError, UnsupportedError: it cannot be read.

    """

    __slots__ = ()
    _destroyer = lib.mirra_bundle_destroy
    _noun = "bundle"
    _pickle_hint = "open it in each process"

    def __init__(self, file: PathType | bytes | bytearray | memoryview, *, name: str = "memory") -> None:
        out = ffi.new("mirra_bundle **")
        if isinstance(file, (bytes, bytearray, memoryview)):
            data = ffi.from_buffer(file)
            call(lib.mirra_bundle_open_memory, data, len(data), chars(name), out)
        else:
            call_file(lib.mirra_bundle_open, chars(file), out)
        super().__init__(out[0])

    @property
    def info(self) -> BundleInfo:
        """What it is."""
        info = struct("mirra_bundle_info")
        call(lib.mirra_bundle_get_info, self._live(), info)
        return BundleInfo(
            text(info.task),
            text(info.name),
            text(info.architecture),
            text(info.licence),
            text(info.sha256),
            info.graph_count,
            info.tensor_count,
            info.tensor_bytes,
        )

    @property
    def manifest(self) -> dict[str, Any]:
        """All that the file says of itself."""
        return json.loads(text(lib.mirra_bundle_manifest_json(self._live())))  # type: ignore[no-any-return]

    @property
    def graphs(self) -> list[Graph]:
        """Its networks."""
        return [self._graph(index) for index in range(self.info.graph_count)]

    def _graph(self, index: int) -> Graph:
        info = struct("mirra_graph_info")
        call(lib.mirra_bundle_graph, self._live(), index, info)
        return Graph(
            text(info.name),
            {text(info.inputs[i]): info.input_channels[i] for i in range(info.input_count)},
            [text(info.outputs[i]) for i in range(info.output_count)],
            info.parameter_count,
            info.alignment,
            info.minimum_extent,
            bool(info.tileable),
            (info.halo_left, info.halo_top, info.halo_right, info.halo_bottom),
        )

    def __repr__(self) -> str:
        return "<mirra.Bundle, closed>" if self.closed else f"<mirra.Bundle {self.info.name!r}>"

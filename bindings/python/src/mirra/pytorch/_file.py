"""Writes bundles: networks, weights and manifest in a safetensors file; see docs/reference/bundle-format.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def bundle(manifest: Mapping[str, Any], weights: Mapping[str, Any]) -> bytes:
    """The bytes of a bundle of fp32; the manifest gets the checksum of the weights."""
    tensors = {name: np.ascontiguousarray(weights[name], "<f4") for name in sorted(weights, key=str.encode)}
    digest = hashlib.sha256()
    header: dict[str, Any] = {}
    offset = 0
    for name, array in tensors.items():
        shape = ",".join(map(str, array.shape))
        digest.update(f"{name}\0F32\0{shape}\0".encode() + array.tobytes())
        header[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps({**manifest, "sha256": digest.hexdigest()})
    header["__metadata__"] = {
        "mirra.manifest": text,
        "mirra.manifest_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + b"".join(array.tobytes() for array in tensors.values())

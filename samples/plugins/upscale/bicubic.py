#!/usr/bin/env python3
"""bicubic.py SCALE FILE [NAME]: a bundle for the task `upscale` whose network is bicubic interpolation, one transposed convolution.

To try the plugin with a network of which every value is known, and to see what a bundle of one's own must have. NAME is that of the graph.
docs/reference/bundle-format.md describes the format.
"""
import hashlib
import json
import struct
import sys


def cubic(x, a=-0.5):
    x = abs(x)
    if x < 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return (((x - 5) * x + 8) * x - 4) * a if x < 2 else 0.0


def weights(scale):
    """{3, 3, kernel, kernel}: each channel by itself."""
    kernel = 4 * scale - scale % 2
    line = [cubic((i - (kernel - 1) / 2) / scale) for i in range(kernel)]
    values = []
    for channel in range(3):
        for other in range(3):
            values += [float(channel == other) * y * x for y in line for x in line]
    return kernel, values


def write(path, scale, graph_name):
    kernel, values = weights(scale)
    tensor, shape, data = "up.weight", [3, 3, kernel, kernel], struct.pack(f"<{len(values)}f", *values)
    node = {"name": "up", "op": "conv_transpose2d", "inputs": ["image"], "weights": {"weight": tensor},
            "attributes": {"in_channels": 3, "out_channels": 3, "kernel": kernel, "stride": scale,
                           "padding": (kernel - scale) // 2}}
    graph = {"name": graph_name, "inputs": [{"name": "image", "channels": 3}], "nodes": [node],
             "outputs": [{"name": "image", "source": "up"}]}
    digest = hashlib.sha256(f"{tensor}\0F32\0{','.join(map(str, shape))}\0".encode() + data).hexdigest()
    manifest = json.dumps({"format_version": 1, "task": "upscale", "name": f"bicubic x{scale}", "licence": "CC0-1.0",
                           "graphs": {graph_name: graph}, "sha256": digest})
    header = json.dumps({tensor: {"dtype": "F32", "shape": shape, "data_offsets": [0, len(data)]},
                         "__metadata__": {"mirra.manifest": manifest,
                                          "mirra.manifest_sha256": hashlib.sha256(manifest.encode()).hexdigest()}}).encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + data)


if __name__ == "__main__":
    write(sys.argv[2], int(sys.argv[1]), *(sys.argv[3:] or ["upscaler"]))

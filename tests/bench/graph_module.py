"""A bundle's graph as a plain PyTorch module, as its author would write it: the peer in benchmarks."""
import json
import struct

import numpy as np
import torch
import torch.nn.functional as F

DTYPES = {"F16": np.float16, "F32": np.float32}


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, info in header.items():
        begin, end = info["data_offsets"]
        values = np.frombuffer(data[begin:end], DTYPES[info["dtype"]]).astype(np.float32)
        tensors[name] = torch.from_numpy(values.reshape(info["shape"]))
    return tensors, metadata


def write_safetensors(path, tensors):
    header, chunks, offset = {}, [], 0
    for name, tensor in tensors.items():
        data = tensor.contiguous().numpy().astype(np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(data)]}
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def analyse(x):
    a, b = x[..., 0::2, 0::2], x[..., 0::2, 1::2]
    c, d = x[..., 1::2, 0::2], x[..., 1::2, 1::2]
    return torch.cat([a + b + c + d, b + d - a - c, c + d - a - b, a + d - b - c], 1) * 0.5


def synthesise(x):
    ll, lh, hl, hh = x.chunk(4, 1)
    phases = torch.stack([ll - lh - hl + hh, ll + lh - hl - hh, ll - lh + hl - hh, ll + lh + hl + hh], 2) * 0.5
    return F.pixel_shuffle(phases.flatten(1, 2), 2)


class GraphModule(torch.nn.Module):
    """Runs the ops that the denoiser's graph has."""

    def __init__(self, graph, tensors):
        super().__init__()
        self.graph = graph
        self.layers = torch.nn.ModuleDict()
        for node in graph["nodes"]:
            if node["op"] == "conv2d":
                self.layers[node["name"].replace(".", "/")] = self.convolution(node, tensors)

    @staticmethod
    def convolution(node, tensors):
        a = node["attributes"]
        layer = torch.nn.Conv2d(a["in_channels"], a["out_channels"], a["kernel"], a.get("stride", 1), a.get("padding", 0),
                                a.get("dilation", 1), a.get("groups", 1), bias="bias" in node["weights"])
        layer.weight.data = tensors[node["weights"]["weight"]]
        if layer.bias is not None:
            layer.bias.data = tensors[node["weights"]["bias"]]
        return layer

    def apply_node(self, node, x):
        op = node["op"]
        if op == "conv2d":
            return self.layers[node["name"].replace(".", "/")](x[0])
        functions = {"relu": lambda: F.relu(x[0]), "add": lambda: x[0] + x[1], "concat": lambda: torch.cat(x, 1),
                     "haar_analysis": lambda: analyse(x[0]), "haar_synthesis": lambda: synthesise(x[0])}
        return functions[op]()

    def forward(self, *inputs):
        values = {port["name"]: value for port, value in zip(self.graph["inputs"], inputs)}
        for node in self.graph["nodes"]:
            values[node["name"]] = self.apply_node(node, [values[name] for name in node["inputs"]])
        return values[self.graph["outputs"][0]["source"]]


def load(bundle, graph_name):
    tensors, metadata = read_safetensors(bundle)
    manifest = json.loads(metadata["mirra.manifest"])
    graph = manifest["graphs"][graph_name]
    return GraphModule(graph, tensors).eval(), graph

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
    """Runs the ops that denoisers and image autoencoders have."""

    def __init__(self, graph, tensors):
        super().__init__()
        self.graph = graph
        self.layers = torch.nn.ModuleDict()
        makers = {"conv2d": self.convolution, "conv_transpose2d": self.transposed, "batch_norm": self.batch_norm}
        self.constants = {}
        for node in graph["nodes"]:
            if node["op"] == "normalise":
                self.constants[node["name"]] = [torch.tensor(node["attributes"][key]).view(1, -1, 1, 1)
                                                for key in ("mean", "deviation")]
            if node["op"] not in makers:
                continue
            layer = makers[node["op"]](node["attributes"], "bias" in node["weights"])
            for role, name in node["weights"].items():
                getattr(layer, role).data = tensors[name]
            self.layers[node["name"].replace(".", "/")] = layer

    @staticmethod
    def convolution(a, bias):
        return torch.nn.Conv2d(a["in_channels"], a["out_channels"], a["kernel"], a.get("stride", 1), a.get("padding", 0),
                               a.get("dilation", 1), a.get("groups", 1), bias=bias)

    @staticmethod
    def transposed(a, bias):
        return torch.nn.ConvTranspose2d(a["in_channels"], a["out_channels"], a["kernel"], a.get("stride", 1),
                                        a.get("padding", 0), bias=bias)

    @staticmethod
    def batch_norm(a, _):
        return torch.nn.BatchNorm2d(a["channels"], a.get("epsilon", 1e-5))

    def apply_node(self, node, x):
        name, a = node["name"].replace(".", "/"), node.get("attributes", {})
        if name in self.layers:
            return self.layers[name](x[0])

        mean, deviation = self.constants.get(node["name"], (0, 1))
        functions = {"relu": lambda: F.relu(x[0]), "add": lambda: x[0] + x[1], "concat": lambda: torch.cat(x, 1),
                     "tanh": lambda: torch.tanh(x[0]),
                     "max_pool": lambda: F.max_pool2d(x[0], a["kernel"], a["stride"], a.get("padding", 0)),
                     "upsample_nearest": lambda: F.interpolate(x[0], scale_factor=a["factor"], mode="nearest"),
                     "normalise": lambda: (x[0] - mean) / deviation,
                     "haar_analysis": lambda: analyse(x[0]), "haar_synthesis": lambda: synthesise(x[0])}
        return functions[node["op"]]()

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

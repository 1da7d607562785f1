"""Peers of compare_engines.py that are asked for by name: --also compile ncnn oidn nlm.

compile and ncnn compute the bundle's network. Open Image Denoise (its own network, for renderings) and OpenCV's non-local means
are other methods: their times say what a picture of the size costs there, not that the result is as good.
"""
import pathlib
import tempfile

import graph_module
import numpy as np
import torch
import torch.nn.functional as F

HAAR = torch.tensor([[[1.0, 1], [1, 1]], [[-1, 1], [-1, 1]], [[-1, -1], [1, 1]], [[1, -1], [-1, 1]]]) * 0.5
NLM_STRENGTH, NLM_TEMPLATE, NLM_SEARCH = 20, 7, 21


def analyse(x):
    """As graph_module.analyse, of layers that every engine has."""
    channels = x.shape[1]
    return torch.cat([F.conv2d(x, taps.expand(channels, 1, 2, 2), stride=2, groups=channels) for taps in HAAR], 1)


def synthesise(x):
    parts = x.chunk(4, 1)
    channels = parts[0].shape[1]
    return sum(F.conv_transpose2d(part, taps.expand(channels, 1, 2, 2), stride=2, groups=channels) for part, taps in zip(parts, HAAR))


def compiled(arguments, inputs):
    """torch.compile with its standard settings, channels-last."""
    network = graph_module.load(arguments.bundle, arguments.graph)[0].eval().to(memory_format=torch.channels_last)
    network = torch.compile(network)
    tensors = [tensor.contiguous(memory_format=torch.channels_last) for tensor in inputs]

    def run():
        with torch.inference_mode():
            network(*tensors)

    return {"torch.compile fp32": run}


def ncnn_network(module, inputs):
    import ncnn
    import pnnx

    folder = pathlib.Path(tempfile.mkdtemp())
    pnnx.export(module.eval(), str(folder / "net.pt"), tuple(inputs))
    network = ncnn.Net()
    network.opt.use_fp16_packed = network.opt.use_fp16_storage = network.opt.use_fp16_arithmetic = False
    network.opt.use_bf16_storage = False
    return network, folder


def with_ncnn(arguments, inputs):
    import ncnn

    if inputs[0].shape[0] != 1:
        raise SystemExit("ncnn takes one picture at a time: leave --also ncnn out, or give --batch 1")
    kept = graph_module.analyse, graph_module.synthesise
    graph_module.analyse, graph_module.synthesise = analyse, synthesise
    try:
        module = graph_module.load(arguments.bundle, arguments.graph)[0]
        network, folder = ncnn_network(module, inputs)
        with torch.inference_mode():
            wanted = module(*inputs)[0].numpy()
    finally:
        graph_module.analyse, graph_module.synthesise = kept
    network.opt.num_threads = arguments.threads
    if network.load_param(str(folder / "net.ncnn.param")) != 0 or network.load_model(str(folder / "net.ncnn.bin")) != 0:
        raise SystemExit("ncnn cannot load what pnnx made of the network")
    matrices = [ncnn.Mat(np.ascontiguousarray(tensor[0].numpy())) for tensor in inputs]

    def run():
        extractor = network.create_extractor()
        for i, matrix in enumerate(matrices):
            extractor.input(f"in{i}", matrix)
        return np.array(extractor.extract("out0")[1])

    difference = np.abs(run() - wanted).max()
    assert difference < 5e-3, f"ncnn and PyTorch differ by {difference}"
    return {"ncnn fp32": run}


def with_oidn(arguments, inputs):
    import pyoidn

    picture = np.ascontiguousarray(inputs[0][0, :3].numpy().transpose(1, 2, 0))
    result = np.empty_like(picture)
    device = pyoidn.Device()
    device.commit()
    made = pyoidn.Filter(device)
    made.set_image(pyoidn.OIDN_IMAGE_COLOR, picture, pyoidn.OIDN_FORMAT_FLOAT3)
    made.set_image(pyoidn.OIDN_IMAGE_OUTPUT, result, pyoidn.OIDN_FORMAT_FLOAT3)
    made.commit()
    made.execute()
    if not np.abs(result - picture).max() > 0:
        raise SystemExit("Open Image Denoise left the picture as it was")

    def run(_memory=(device, picture, result)):  # which the filter does not keep alive
        made.execute()

    return {"Open Image Denoise (its own network)": run}


def with_nlm(arguments, inputs):
    import cv2

    cv2.setNumThreads(arguments.threads)
    picture = (inputs[0][0, :3].numpy().transpose(1, 2, 0) * 255).astype(np.uint8)
    picture = np.ascontiguousarray(picture)
    return {
        "OpenCV non-local means (another method)": lambda: cv2.fastNlMeansDenoisingColored(
            picture, None, NLM_STRENGTH, NLM_STRENGTH, NLM_TEMPLATE, NLM_SEARCH
        )
    }


PEERS = {"compile": compiled, "ncnn": with_ncnn, "oidn": with_oidn, "nlm": with_nlm}


def peers(arguments, inputs):
    """Of each name: what runs it once."""
    found = {}
    for name in arguments.also:
        found.update(PEERS[name](arguments, inputs))
    return found

"""Pictures for the checks of programs, and the command that these are compared with."""

import os
import random
import struct
import subprocess
import zlib


def write_noise(path, width, height):
    dice = random.Random(width)
    rows = b"".join(b"\0" + bytes(value // 2 + 64 for value in dice.randbytes(3 * width)) for _ in range(height))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
                           (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))))  # fmt: skip


def command():
    """The path of `mirra`."""
    if os.environ.get("MIRRA_COMMAND"):
        return os.environ["MIRRA_COMMAND"]
    ask = ["pkg-config", "--variable=prefix", "mirra"]
    prefix = os.environ.get("MIRRA_PREFIX") or subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    return prefix + "/bin/mirra"


def content(path):
    """The bytes of a file; of a PNG its chunks, unpacked: a program such as Node lends libpng its own zlib."""
    data, at, chunks, packed = path.read_bytes(), 8, [], b""
    while path.suffix == ".png" and at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        packed += body if kind == b"IDAT" else b""
        chunks += [(kind, body)] if kind != b"IDAT" else []
        at += size + 12
    return (chunks, zlib.decompress(packed)) if chunks else data


def names(folder):
    return sorted(path.name for path in folder.iterdir())

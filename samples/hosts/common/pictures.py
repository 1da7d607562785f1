"""PNG files as lists of samples, with the standard library alone: for the tests of the adapters."""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from dataclasses import dataclass
from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


@dataclass
class Picture:
    """Interleaved samples, row after row."""

    width: int
    height: int
    channels: int
    bits: int
    samples: array

    def crop(self, left: int, top: int, width: int, height: int) -> Picture:
        samples = array(self.samples.typecode)
        for y in range(top, top + height):
            begin = (y * self.width + left) * self.channels
            samples += self.samples[begin : begin + width * self.channels]
        return Picture(width, height, self.channels, self.bits, samples)

    def plane(self, channel: int) -> array:
        return self.samples[channel :: self.channels]

    def with_depth(self, bits: int) -> Picture:
        if bits == self.bits:
            return self
        if bits == 16:
            samples = array("H", (s * 257 for s in self.samples))
        else:
            samples = array("B", ((s + 128) // 257 for s in self.samples))
        return Picture(self.width, self.height, self.channels, bits, samples)

    def gray(self) -> Picture:
        return from_planes(self.width, self.height, self.bits, [self.plane(1)])

    def with_alpha(self) -> Picture:
        """Columns from transparent to opaque, except that none is wholly transparent."""
        most = (1 << self.bits) - 1
        row = [1 + x * (most - 1) // max(self.width - 1, 1) for x in range(self.width)]
        alpha = array(self.samples.typecode, row * self.height)
        return from_planes(self.width, self.height, self.bits, [*(self.plane(c) for c in range(3)), alpha])


def from_planes(width: int, height: int, bits: int, planes: list[array]) -> Picture:
    samples = array("H" if bits == 16 else "B", bytes(width * height * len(planes) * bits // 8))
    for channel, plane in enumerate(planes):
        samples[channel :: len(planes)] = array(samples.typecode, plane)
    return Picture(width, height, len(planes), bits, samples)


def difference(a: Picture, b: Picture) -> int:
    """The largest difference of two samples; pictures of another kind differ by more than any sample can."""
    kind_of_a, kind_of_b = ((p.width, p.height, p.channels, p.bits) for p in (a, b))
    if kind_of_a != kind_of_b:
        print(f"{kind_of_a} against {kind_of_b}", file=sys.stderr)
        return 1 << 16
    return max(abs(x - y) for x, y in zip(a.samples, b.samples, strict=True))


def _paeth(left: int, above: int, corner: int) -> int:
    to_left, to_above, to_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


def _unfilter(kind: int, row: bytearray, above: bytearray, step: int) -> None:
    for i in range(len(row)):
        left = row[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        guess = (0, left, above[i], (left + above[i]) // 2, _paeth(left, above[i], corner) if kind == 4 else 0)[kind]
        row[i] = (row[i] + guess) & 255


def read_png(path: str | Path) -> Picture:
    data = Path(path).read_bytes()
    if not data.startswith(SIGNATURE):
        raise ValueError(f"{path} is no PNG")
    at, header, packed = len(SIGNATURE), b"", b""
    while at < len(data):
        (length,), kind = struct.unpack_from(">I", data, at), data[at + 4 : at + 8]
        content = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = content
        elif kind == b"IDAT":
            packed += content
        at += length + 12
    width, height, bits, color, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if bits not in (8, 16) or color not in CHANNELS or interlaced:
        raise ValueError(f"{path}: this kind of PNG is not read here")
    step = CHANNELS[color] * bits // 8
    rows, size = zlib.decompress(packed), width * step + 1
    above, whole = bytearray(size - 1), bytearray()
    for y in range(height):
        row = bytearray(rows[y * size + 1 : (y + 1) * size])
        if rows[y * size]:
            _unfilter(rows[y * size], row, above, step)
        whole += row
        above = row
    samples = array("H" if bits == 16 else "B", bytes(whole))
    if bits == 16 and sys.byteorder == "little":
        samples.byteswap()
    return Picture(width, height, CHANNELS[color], bits, samples)


def write_png(path: str | Path, picture: Picture) -> None:
    samples = array(picture.samples.typecode, picture.samples)
    if picture.bits == 16 and sys.byteorder == "little":
        samples.byteswap()
    data, size = samples.tobytes(), picture.width * picture.channels * picture.bits // 8
    rows = b"".join(b"\0" + data[y * size : (y + 1) * size] for y in range(picture.height))
    color = {channels: color for color, channels in CHANNELS.items()}[picture.channels]
    header = struct.pack(">IIBBBBB", picture.width, picture.height, picture.bits, color, 0, 0, 0)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    Path(path).write_bytes(SIGNATURE + content)

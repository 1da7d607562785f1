"""Picture files: what they hold beside their pixels goes along."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, Union

import numpy as np

from mirra import _errors
from mirra._core import NULL, Handle, PathType, call, call_file, chars, ffi, lib, struct, take_bytes, text
from mirra._gpu import GpuArray
from mirra._pixels import FORMATS, ImageLike, Input, Pixels, array_of, take, to_pillow

FileLike = Union[PathType, bytes, bytearray, memoryview]

METADATA = {
    "icc": lib.MIRRA_METADATA_ICC,
    "exif": lib.MIRRA_METADATA_EXIF,
    "xmp": lib.MIRRA_METADATA_XMP,
    "photoshop": lib.MIRRA_METADATA_PHOTOSHOP,
}


class PictureInfo(NamedTuple):
    """What the file of a picture was."""

    width: int
    """In pixels."""
    height: int
    """In pixels."""
    channels: int
    """1 gray, 2 gray and alpha, 3 RGB, 4 RGBA."""
    dtype: str
    """Of the samples: "uint8", "uint16", "float16", "float32"; ">u2" is uint16 with the high byte first."""
    linear: bool
    """Whether the samples are linear light."""
    bit_depth: int
    """Of the file: 1 to 16, or 32; of the samples where there was no file."""
    file_format: str
    """The format: "png", "jpeg", "tiff", "webp", "jxl"; "" where there was no file."""
    icc_bytes: int
    """Size of the ICC profile; 0: none."""
    exif_bytes: int
    """Size of the EXIF data; 0: none."""
    color_tag: str
    """Which tag says what the colours are: "icc", "cicp", "srgb", "gama"; "" where none does."""


class Comparison(NamedTuple):
    """How alike two images are."""

    psnr: float
    """In dB, over all colour channels; 80 for equal images."""
    ssim: float
    """Mean structural similarity; 1 for equal images, NaN for an image smaller than 11 pixels."""


@contextlib.contextmanager
def _held(*pictures: Any) -> Iterator[None]:
    """Keeps the colours of pictures as they are: a profile lives until another takes its place."""
    found = {id(each): each for each in pictures if isinstance(each, Picture)}
    with contextlib.ExitStack() as stack:
        for _, each in sorted(found.items()):
            each._live()  # a lock may have been held when the process was forked
            stack.enter_context(each._colors)
        yield


class Picture(Handle):
    """Pixels with the colour tags and metadata of their file. `numpy.asarray(picture)` shows the pixels without a copy.

    The array may be written, and stays valid when the picture is closed. Any thread may read a picture.
    """

    __slots__ = ("_colors", "_metadata")
    _destroyer = lib.mirra_picture_destroy
    _noun = "picture"
    _pickle_hint = "send picture.to_bytes('png')"

    def __init__(self, pointer: Any) -> None:
        super().__init__(pointer)
        self._metadata: Picture | None = None
        self._colors = threading.Lock()

    @classmethod
    def read(cls, file: FileLike, *, max_pixels: int = 0) -> Picture:
        """Reads a PNG, JPEG, TIFF, WebP or JPEG XL file. The picture is upright, whatever the EXIF orientation says.

        Args:
            file: a path, or the bytes of a file.
            max_pixels: a larger picture is a `LimitError`; 0: 2^28.

        Raises:
            MissingFileError: there is no such file.
            CorruptError, UnsupportedError: it is damaged, or no picture that can be read.

        """
        options = struct("mirra_read_options")
        options.max_pixels = max_pixels
        out = ffi.new("mirra_picture **")
        if isinstance(file, (bytes, bytearray, memoryview)):
            data = ffi.from_buffer(file)
            call(lib.mirra_image_read_memory, data, len(data), options, out)
        else:
            call_file(lib.mirra_image_read, chars(file), options, out)
        return cls(out[0])

    @classmethod
    def create(cls, width: int, height: int, *, channels: int = 3, dtype: Any = np.uint8) -> Picture:
        """A black, transparent picture to fill.

        Args:
            width: in pixels.
            height: in pixels.
            channels: 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
            dtype: uint8, uint16, float16 or float32.

        """
        kind = FORMATS.get(np.dtype(dtype))
        if kind is None:
            raise _errors.InvalidArgumentError("samples are uint8, uint16, float16 or float32", subject=str(dtype))
        out = ffi.new("mirra_picture **")
        call(lib.mirra_picture_create, width, height, kind, channels, out)
        return cls(out[0])

    @classmethod
    def of(cls, image: ImageLike) -> Picture:
        """A picture with a copy of the pixels."""
        source = take(image, "image").pixels
        height, width, channels = source.array.shape
        made = cls.create(width, height, channels=channels, dtype=source.array.dtype)
        np.asarray(made).reshape(source.array.shape)[...] = source.array
        return made

    def _view(self) -> Any:
        view = struct("mirra_image")
        call(lib.mirra_picture_view, self._live(), view)
        return view

    def _as_input(self) -> Input:
        view = self._view()
        array = array_of(view, self._pointer)
        pixels = Pixels(array.reshape(*array.shape[:2], view.color), linear=view.transfer == lib.MIRRA_TRANSFER_LINEAR)
        pixels.struct, pixels.keep = view, self._pointer
        return Input(pixels, lambda made: made, self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """The pixels, as (height, width) or (height, width, channels)."""
        array = array_of(self._view(), self._live())
        if dtype is not None and np.dtype(dtype) != array.dtype:
            if copy is False:
                raise ValueError("another type of samples needs a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    @property
    def pixels(self) -> Any:
        """The pixels as a numpy array, without a copy: (height, width) or (height, width, channels)."""
        return self.__array__()

    @property
    def info(self) -> PictureInfo:
        """Size, samples, and what the file was."""
        view, info = self._view(), struct("mirra_picture_info")
        with _held(self):
            call(lib.mirra_picture_get_info, self._live(), info)
        return PictureInfo(
            view.width,
            view.height,
            view.color,
            str(next(kind for kind, value in FORMATS.items() if value == view.format)),
            view.transfer == lib.MIRRA_TRANSFER_LINEAR,
            info.bit_depth,
            text(info.file_format),
            info.icc_bytes,
            info.exif_bytes,
            text(info.color_tag),
        )

    @property
    def notes(self) -> list[str]:
        """What the file had and the picture lacks, a sentence each."""
        info, pointer = struct("mirra_picture_info"), self._live()
        call(lib.mirra_picture_get_info, pointer, info)
        return [text(lib.mirra_picture_note(pointer, index)) for index in range(info.note_count)]

    def metadata(self, kind: str) -> bytes | None:
        """What the picture holds beside its pixels: "icc", "exif", "xmp" or "photoshop"; None: it has none."""
        if kind not in METADATA:
            raise _errors.InvalidArgumentError("metadata is one of " + ", ".join(METADATA), subject=kind)
        data, size = ffi.new("void **"), ffi.new("uint64_t *")
        with _held(self):
            call(lib.mirra_picture_metadata, self._live(), METADATA[kind], data, size)
            return None if data[0] == NULL else bytes(ffi.buffer(data[0], size[0]))

    def copy_color(self, source: Picture) -> None:
        """Takes the colour tags of another picture; the pixels stay as they are."""
        with _held(self, source):
            call(lib.mirra_picture_copy_color, self._live(), source._live())

    def same_color(self, other: Picture) -> bool:
        """Whether the tags of both mean the same colours; False also if it cannot be told."""
        with _held(self, other):
            return bool(lib.mirra_picture_same_color(self._live(), other._live()))

    def to_srgb(self) -> None:
        """Converts the pixels to sRGB in place. `UnsupportedError`: a profile or curve that cannot be converted."""
        with _held(self):
            call(lib.mirra_picture_to_srgb, self._live())

    def to_pillow(self) -> Any:
        """A Pillow image with a copy of the pixels. Colours of more than 8 bits are rounded to 8: Pillow has none."""
        import PIL.Image  # noqa: F401

        return to_pillow(np.array(self.pixels), self.metadata("icc"))

    def save(
        self,
        file: PathType | BinaryIO,
        *,
        format: str | None = None,
        quality: int = 0,
        bit_depth: int = 0,
    ) -> None:
        """Writes the picture with its metadata: see `mirra.write`."""
        write(file, self, format=format, quality=quality, bit_depth=bit_depth)

    def to_bytes(self, format: str = "png", *, quality: int = 0, bit_depth: int = 0) -> bytes:
        """The picture as the bytes of a file: see `mirra.encode`."""
        return encode(self, format, quality=quality, bit_depth=bit_depth)

    def _repr_png_(self) -> bytes:
        return self.to_bytes("png", bit_depth=8)

    def __repr__(self) -> str:
        if self.closed:
            return "<mirra.Picture, closed>"
        info = self.info
        return f"<mirra.Picture {info.width}x{info.height}, {info.channels} x {info.dtype}>"


def _write_options(format: str | None, quality: int, bit_depth: int) -> tuple[Any, Any]:
    options = struct("mirra_write_options")
    options.jpeg_quality, options.bit_depth = quality, bit_depth
    name = chars(format)
    options.format = name
    return options, name


def _metadata_of(image: ImageLike, metadata: Picture | None) -> Picture | None:
    return image._metadata or image if metadata is None and isinstance(image, Picture) else metadata


def _pointer(picture: Picture | None) -> Any:
    return NULL if picture is None else picture._live()


def encode(
    image: ImageLike,
    format: str = "png",
    *,
    metadata: Picture | None = None,
    quality: int = 0,
    bit_depth: int = 0,
) -> bytes:
    """An image as the bytes of a picture file.

    Args:
        image: what a run takes as an image.
        format: "png", "jpeg", "tiff", "webp" or "jxl".
        metadata: a picture whose metadata and colour tags go along; None: those of `image`, if it is a Picture.
        quality: of a JPEG, WebP or JPEG XL, 1 to 100; 0: 95. In WebP and JPEG XL 100 is lossless.
        bit_depth: of a PNG, TIFF or JPEG XL, 8 or 16; of a TIFF or JPEG XL also 32; 0: as the samples.

    """
    options, keep = _write_options(format, quality, bit_depth)
    data, size = ffi.new("void **"), ffi.new("size_t *")
    tags = _metadata_of(image, metadata)
    with _held(image, tags):
        source = take(image, "image")
        call(lib.mirra_image_write_memory, source.pixels.struct, _pointer(tags), options, data, size)
    del keep
    return take_bytes(data[0], size[0])


def write(
    file: PathType | BinaryIO,
    image: ImageLike,
    *,
    metadata: Picture | None = None,
    format: str | None = None,
    quality: int = 0,
    bit_depth: int = 0,
) -> None:
    """Writes an image as a file. Readers see the old file or the new one, never a part.

    Args:
        file: a path, whose ending says which format; or a file object, with `format`.
        image: what a run takes as an image.
        metadata: a picture whose metadata and colour tags go along; None: those of `image`, if it is a Picture.
        format: "png", "jpeg", "tiff", "webp" or "jxl"; None: as the ending says.
        quality: of a JPEG, WebP or JPEG XL, 1 to 100; 0: 95. In WebP and JPEG XL 100 is lossless. JPEG has no alpha:
            the image is laid over white.
        bit_depth: of a PNG, TIFF or JPEG XL, 8 or 16; of a TIFF or JPEG XL also 32; 0: as the samples.

    """
    if not isinstance(file, (str, os.PathLike)):
        file.write(encode(image, format or "png", metadata=metadata, quality=quality, bit_depth=bit_depth))
        return
    options, keep = _write_options(format, quality, bit_depth)
    tags = _metadata_of(image, metadata)
    with _held(image, tags):
        source = take(image, "image")
        call_file(lib.mirra_image_write, chars(file), source.pixels.struct, _pointer(tags), options)
    del keep


def read(file: FileLike, *, max_pixels: int = 0) -> Picture:
    """Reads a picture file, or its bytes: see `Picture.read`."""
    return Picture.read(file, max_pixels=max_pixels)


def add_noise(image: ImageLike, sigma: float, *, seed: int = 0) -> Any:
    """A copy with Gaussian noise in the colours.

    Args:
        image: what a run takes as an image.
        sigma: standard deviation, in units of 1/255.
        seed: the same seed gives the same noise, on every machine.

    Returns:
        An image of the kind that was given.

    """
    source = take(image, "image")
    if source.picture is not None:
        made = Picture.of(source.picture)
        made.copy_color(source.picture)
        made._metadata = source.picture
        call(lib.mirra_image_add_noise, made._view(), float(sigma), seed)
        return made
    given, array = source.pixels.struct, source.pixels.array
    if isinstance(array, GpuArray):
        raise _errors.UnsupportedError("noise is added in the processor's memory", "image", "call cpu()")
    noisy = Pixels(
        array.copy(order="K"),
        premultiplied=given.alpha_mode == lib.MIRRA_ALPHA_PREMULTIPLIED,
        linear=given.transfer == lib.MIRRA_TRANSFER_LINEAR,
    )
    call(lib.mirra_image_add_noise, noisy.struct, float(sigma), seed)
    return source.back(noisy.array)


def estimate_noise(image: ImageLike) -> float:
    """The standard deviation of an image's noise in units of 1/255, as the tasks estimate it.

    Raises:
        InvalidArgumentError: a side is below 16 pixels, or too little is visible.

    """
    sigma = ffi.new("double *")
    given = take(image, "image")
    call(lib.mirra_image_estimate_noise, given.pixels.struct, sigma)
    return float(sigma[0])


def compare(a: ImageLike, b: ImageLike) -> Comparison:
    """How alike two images of one size are. Formats may differ; alpha is left aside."""
    result, one, other = struct("mirra_comparison"), take(a, "a"), take(b, "b")
    call(lib.mirra_image_compare, one.pixels.struct, other.pixels.struct, result)
    return Comparison(result.psnr, result.ssim)

"""Images as Python has them, without a copy where their memory allows: arrays, Pillow images, tensors, pictures."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Literal

import numpy as np

from mirra import _errors
from mirra._core import ffi, lib, struct
from mirra._gpu import GpuArray, is_on_gpu, new_like

FORMATS: dict[Any, int] = {
    np.dtype(np.uint8): lib.MIRRA_FORMAT_U8,
    np.dtype(np.uint16): lib.MIRRA_FORMAT_U16,
    np.dtype(np.uint16).newbyteorder("S"): lib.MIRRA_FORMAT_U16_SWAPPED,
    np.dtype(np.float16): lib.MIRRA_FORMAT_F16,
    np.dtype(np.float32): lib.MIRRA_FORMAT_F32,
}
DTYPES = {value: key for key, value in FORMATS.items()}
DTYPES_TEXT = "uint8, uint16, float16 or float32"

Layout = Literal["HWC", "CHW"]
Array = Any
ImageLike = Any


class Image:
    """An array, with what an array does not say.

    Args:
        pixels: an array of shape (height, width) or (height, width, channels) with 1 to 4 channels: gray, gray and
            alpha, RGB, RGBA. uint8 and uint16 (of either byte order) stand for 0 to 1, float16 and float32 are 0 to 1.
            Any strides.
            A torch tensor or another array with `__dlpack__` is taken without a copy, on the CPU, or on the GPU of
            the session: then the result is such an array, too.
        layout: "HWC", or "CHW" for an array of shape (channels, height, width). Results have the same layout.
        premultiplied: alpha is multiplied into the colours.
        linear: the samples are linear light, and not on the sRGB curve.
        icc: an ICC profile, which says what the colours are; without it they are sRGB.

    """

    __slots__ = ("icc", "layout", "linear", "pixels", "premultiplied")

    def __init__(
        self,
        pixels: Array,
        *,
        layout: Layout = "HWC",
        premultiplied: bool = False,
        linear: bool = False,
        icc: bytes | None = None,
    ) -> None:
        if layout not in ("HWC", "CHW"):
            raise _errors.InvalidArgumentError("layout is 'HWC' or 'CHW'", subject=repr(layout))
        self.pixels = pixels
        self.layout: Layout = layout
        self.premultiplied = premultiplied
        self.linear = linear
        self.icc = icc


def as_array(value: Any, name: str) -> Any:
    """A numpy array over the value's memory, or over a copy where it shares none; a `GpuArray` of one on a GPU."""
    if isinstance(value, np.ndarray):
        return value
    if is_on_gpu(value):
        return GpuArray(value, name)
    if is_torch(value):
        if value.requires_grad:
            raise _errors.InvalidArgumentError("a tensor that needs gradients has none here", name, "call detach()")
        if value.device.type != "cpu":
            raise _errors.UnsupportedError("the tensor is not on the CPU", name, "call cpu()")
        return value.numpy()
    if hasattr(value, "__array_interface__") or hasattr(value, "__array__"):
        return np.asarray(value)
    if hasattr(value, "__dlpack__"):
        return np.from_dlpack(value)
    raise TypeError(
        f"'{name}' is a {type(value).__name__}; an image is a numpy array, a Pillow image, a mirra.Picture, the path "
        "of a file, or an object with __dlpack__"
    )


def is_torch(value: Any) -> bool:
    """Whether it is a tensor of PyTorch, which is not imported for that."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


def is_pillow(value: Any) -> bool:
    """Whether it is an image of Pillow, which is not imported for that."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(value, pillow.Image)


def rows_first(array: Any, layout: str, name: str) -> Any:
    """The array as (height, width, channels)."""
    if array.ndim == 2:
        array = array.with_channel() if isinstance(array, GpuArray) else array[:, :, np.newaxis]
    elif array.ndim == 3 and layout == "CHW":
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or not 1 <= array.shape[2] <= 4 or 0 in array.shape:
        hint = "an array of (channels, height, width) goes into mirra.Image(array, layout='CHW')"
        raise _errors.InvalidArgumentError(
            f"an image has the shape (height, width) or (height, width, 1 ... 4), not {tuple(array.shape)}", name, hint
        )
    if array.dtype not in FORMATS:
        hint = "use astype(numpy.float32); for another byte order astype(array.dtype.newbyteorder('='))"
        raise _errors.InvalidArgumentError(
            f"samples of an image are {DTYPES_TEXT}, not {array.dtype.str} ({array.dtype})", name, hint
        )
    return array


_VOID = ffi.typeof("void *")


class Pixels:
    """An image as the library takes it: the struct, and what keeps its memory."""

    __slots__ = ("array", "keep", "struct")

    def __init__(
        self, array: Any, *, premultiplied: bool = False, linear: bool = False, icc: bytes | None = None
    ) -> None:
        height, width, channels = array.shape
        row, pixel, channel = array.strides
        size = array.itemsize
        # Strides of a single row or pixel say nothing, and numpy leaves anything there.
        if width == 1:
            pixel = size * channels
        if height == 1:
            row = pixel * width or size
        image = struct("mirra_image")
        image.width, image.height = width, height
        image.format, image.color = FORMATS[array.dtype], channels
        if premultiplied:
            image.alpha_mode = lib.MIRRA_ALPHA_PREMULTIPLIED
        if linear:
            image.transfer = lib.MIRRA_TRANSFER_LINEAR
        if isinstance(array, GpuArray):
            address, device = array.address, ffi.new("char[]", array.device.encode())
            image.device, image.stream = device, ffi.cast(_VOID, array.stream)
        else:
            address, device = array.__array_interface__["data"][0], None
        planes = 1 if channels == 1 or channel == size else channels
        image.plane_count = planes
        for index in range(planes):
            plane = image.planes[index]
            plane.data = ffi.cast(_VOID, address + index * channel)
            plane.pixel_stride, plane.row_stride = pixel, row
        profile = None
        if icc:
            profile = ffi.from_buffer(icc)
            image.icc, image.icc_bytes = profile, len(icc)
        self.keep = (device, profile)
        self.array, self.struct = array, image


class Memory:
    """Makes a numpy array over memory of the library's, which `owner` keeps."""

    __slots__ = ("__array_interface__", "owner")

    def __init__(
        self, pointer: Any, shape: tuple[int, ...], strides: Any, dtype: Any, owner: Any, writable: bool
    ) -> None:
        self.owner = owner
        self.__array_interface__ = {
            "version": 3,
            "shape": shape,
            "strides": strides,
            "typestr": np.dtype(dtype).str,
            "data": (int(ffi.cast("uintptr_t", pointer)), not writable),
        }


def array_of(image: Any, owner: Any, writable: bool = True) -> Any:
    """The pixels that an interleaved image describes, as (height, width) or (height, width, channels)."""
    plane, dtype, channels = image.planes[0], DTYPES[image.format], image.color
    shape: tuple[int, ...] = (image.height, image.width)
    strides: tuple[int, ...] = (plane.row_stride, plane.pixel_stride)
    if image.flags & lib.MIRRA_IMAGE_PACKED:
        strides = (image.width * channels * dtype.itemsize, channels * dtype.itemsize)
    if channels > 1:
        shape, strides = (*shape, channels), (*strides, dtype.itemsize)
    return np.asarray(Memory(plane.data, shape, strides, dtype, owner, writable))


def copy_of(image: Any) -> Any:
    """A copy of the pixels that an image describes, planes or not."""
    if image.plane_count == 1:
        return np.array(array_of(image, None))
    dtype, shape = DTYPES[image.format], (image.height, image.width)
    planes = [image.planes[index] for index in range(image.plane_count)]
    return np.stack(
        [np.asarray(Memory(p.data, shape, (p.row_stride, p.pixel_stride), dtype, None, False)) for p in planes], axis=2
    )


AS_THEY_ARE = ("L", "LA", "RGB", "RGBA", "I;16", "I;16B")
PILLOW_MODES = {**{mode: mode for mode in AS_THEY_ARE}, "1": "L", "P": "RGBA", "PA": "RGBA"}


def from_pillow(value: Any, name: str) -> Any:
    """The pixels of a Pillow image, as numpy has them."""
    mode = PILLOW_MODES.get(value.mode)
    if mode is None:
        hint = "convert it: image.convert('RGB')"
        raise _errors.InvalidArgumentError(f"a Pillow image of the mode {value.mode} is not taken", name, hint)
    if value.mode == "P" and "transparency" not in value.info:
        mode = "RGB"
    return np.asarray(value if mode == value.mode else value.convert(mode))


def to_pillow(array: Any, icc: bytes | None) -> Any:
    """A Pillow image over the pixels."""
    pillow: Any = sys.modules["PIL.Image"]
    if array.dtype != np.uint8 and not (array.dtype.kind == "u" and array.ndim == 2):
        # Pillow has no colours of more than 8 bits.
        array = to_bytes(array)
    image = pillow.fromarray(array)
    if icc:
        image.info["icc_profile"] = icc
    return image


def to_bytes(array: Any) -> Any:
    """Samples rounded to uint8."""
    if array.dtype.kind == "u":
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.rint(np.clip(array.astype(np.float32), 0, 1) * 255).astype(np.uint8)


Back = Callable[[Any], Any]


class Input:
    """An image that a caller gave: its pixels, and how a result becomes what he gave."""

    __slots__ = ("back", "on_gpu", "picture", "pixels")

    def __init__(self, pixels: Pixels, back: Back, picture: Any = None, on_gpu: Any = None) -> None:
        self.pixels = pixels
        self.back = back
        self.picture = picture
        self.on_gpu = on_gpu
        """The array that he gave, if it lies on a GPU."""


def _same(array: Any) -> Any:
    return array


def _flat(array: Any) -> Any:
    return array[:, :, 0] if array.shape[2] == 1 else array


def _torch_back(array: Any) -> Any:
    return sys.modules["torch"].from_numpy(array)


def _back(original: Any, layout: str, flat: bool) -> Back:
    """What makes of a new array (height, width, channels) what `original` is."""

    def shape(array: Any) -> Any:
        if flat and array.shape[2] == 1:
            return array[:, :, 0]
        if layout == "HWC":
            return array
        return array.permute(2, 0, 1) if is_torch(array) else array.transpose(2, 0, 1)

    if is_torch(original) and not is_on_gpu(original):
        return lambda array: _torch_back(shape(array))
    return shape


def take(value: ImageLike, name: str) -> Input:
    """What a caller gave as an image."""
    from mirra._picture import Picture

    if type(value) is np.ndarray:
        pixels = Pixels(rows_first(value, "HWC", name))
        return Input(pixels, _flat if value.ndim == 2 else _same)
    if isinstance(value, (str, os.PathLike, bytes, bytearray, memoryview)):
        value = Picture.read(value)
    if isinstance(value, Picture):
        return value._as_input()
    image = value if isinstance(value, Image) else Image(value)
    original = image.pixels
    if is_pillow(original):
        icc = image.icc or original.info.get("icc_profile")
        array = rows_first(from_pillow(original, name), "HWC", name)
        pixels = Pixels(array, premultiplied=image.premultiplied, linear=image.linear, icc=icc)
        return Input(pixels, lambda made: to_pillow(made[:, :, 0] if made.shape[2] == 1 else made, icc))
    array = as_array(original, name)
    flat = array.ndim == 2
    pixels = Pixels(
        rows_first(array, image.layout, name), premultiplied=image.premultiplied, linear=image.linear, icc=image.icc
    )
    on_gpu = original if isinstance(array, GpuArray) else None
    return Input(pixels, _back(original, image.layout, flat), on_gpu=on_gpu)


def writable(value: Any, name: str) -> tuple[Pixels, Any]:
    """An array that a run may write to, and what the result shows of it."""
    image = value if isinstance(value, Image) else Image(value)
    if is_pillow(image.pixels):
        raise TypeError(f"'{name}' is a Pillow image, which cannot be written in place; give a numpy array")
    array = as_array(image.pixels, name)
    shaped = rows_first(array, image.layout, name)
    if not (array.writable if isinstance(array, GpuArray) else array.flags.writeable):
        raise _errors.InvalidArgumentError("the array is read-only", name)
    return Pixels(shaped, premultiplied=image.premultiplied, linear=image.linear, icc=image.icc), image.pixels


def new_array(width: int, height: int, channels: int, dtype: Any, chw: bool, on_gpu: Any = None) -> Any:
    """A new array (height, width, channels); `chw`: it lies channel by channel. `on_gpu`: one like that, there."""
    if on_gpu is not None:
        return new_like(on_gpu, height, width, channels, chw, "image")
    if chw:
        return np.empty((channels, height, width), dtype).transpose(1, 2, 0)
    return np.empty((height, width, channels), dtype)

"""Arrays in a GPU's memory, without a copy: tensors of PyTorch, arrays of CuPy, and what else has `__dlpack__`."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from mirra import _dlpack, _errors
from mirra._core import ffi, lib

_ON_GPU = (lib.kDLCUDA, lib.kDLCUDAManaged)
_DTYPES: dict[tuple[int, int], Any] = {
    (lib.kDLUInt, 8): np.dtype(np.uint8),
    (lib.kDLUInt, 16): np.dtype(np.uint16),
    (lib.kDLFloat, 16): np.dtype(np.float16),
    (lib.kDLFloat, 32): np.dtype(np.float32),
}
# What the producer of an array makes wait for its own work, where it does not tell its stream: the default one.
_DEFAULT_STREAM = 1


def is_on_gpu(value: Any) -> bool:
    """Whether it is an array in a GPU's memory. The processor must not touch what it holds."""
    device = getattr(value, "__dlpack_device__", None)
    return device is not None and device()[0] in _ON_GPU


class GpuArray:
    """What an array in a GPU's memory is, said as numpy says it. It keeps the array."""

    __slots__ = ("address", "device", "dtype", "keep", "shape", "stream", "strides", "writable")

    def __init__(self, value: Any, name: str) -> None:
        kind, number = value.__dlpack_device__()
        if getattr(value, "requires_grad", False):
            raise _errors.InvalidArgumentError("a tensor that needs gradients has none here", name, "call detach()")
        stream = _dlpack.work_stream(value, kind, number)
        try:
            capsule = _dlpack.capsule_of(value, stream=_DEFAULT_STREAM if stream is None else -1)
        except BufferError as error:
            raise _errors.InvalidArgumentError(str(error), name) from error
        tensor, self.writable = _dlpack.tensor_in(capsule)
        dtype = _DTYPES.get((tensor.dtype.code, tensor.dtype.bits))
        if dtype is None or tensor.dtype.lanes != 1:
            raise _errors.InvalidArgumentError(
                "samples of an image on a GPU are uint8, uint16, float16 or float32", name, "convert the tensor"
            )
        self.dtype = dtype
        self.shape = tuple(tensor.shape[axis] for axis in range(tensor.ndim))
        self.strides = self._strides(tensor)
        self.address = int(ffi.cast("uintptr_t", tensor.data)) + tensor.byte_offset
        self.device, self.stream = f"cuda:{number}", stream or 0
        self.keep = (value, capsule)

    def _strides(self, tensor: Any) -> tuple[int, ...]:
        size = self.dtype.itemsize
        if tensor.strides != ffi.NULL:
            return tuple(size * tensor.strides[axis] for axis in range(tensor.ndim))
        strides = [size]
        for extent in reversed(self.shape[1:]):
            strides.insert(0, strides[0] * extent)
        return tuple(strides)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of a sample."""
        return int(self.dtype.itemsize)

    def _with(self, shape: tuple[int, ...], strides: tuple[int, ...]) -> GpuArray:
        made = GpuArray.__new__(GpuArray)
        for name in self.__slots__:
            setattr(made, name, getattr(self, name))
        made.shape, made.strides = shape, strides
        return made

    def transpose(self, *axes: int) -> GpuArray:
        """The same with the axes in another order."""
        return self._with(tuple(self.shape[axis] for axis in axes), tuple(self.strides[axis] for axis in axes))

    def with_channel(self) -> GpuArray:
        """Of (height, width) the same as (height, width, 1)."""
        return self._with((*self.shape, 1), (*self.strides, self.itemsize))


def new_like(original: Any, height: int, width: int, channels: int, planes: bool, name: str) -> Any:
    """A new array (height, width, channels) of the library and on the GPU of `original`, made channel by channel."""
    shape = (channels, height, width) if planes else (height, width, channels)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(original, torch.Tensor):
        made = torch.empty(shape, dtype=original.dtype, device=original.device)
        return made.permute(1, 2, 0) if planes else made
    if not hasattr(original, "__array_namespace__"):
        raise _errors.UnsupportedError(
            f"it is not known how to make a {type(original).__name__} on a GPU", name, "give the run an array: out=..."
        )
    space = original.__array_namespace__()
    made = space.empty(shape, dtype=original.dtype, device=original.device)
    return space.permute_dims(made, (1, 2, 0)) if planes else made


class GpuTile:
    """A part of an output in a GPU's memory, (height, width, channels): `torch.as_tensor` and `cupy.asarray` show it.

    It is there during the call that is given it.
    """

    __slots__ = ("__cuda_array_interface__",)

    def __init__(self, image: Any, dtype: Any) -> None:
        plane, channel = image.planes[0], np.dtype(dtype).itemsize
        first = int(ffi.cast("uintptr_t", plane.data))
        if image.plane_count > 1:
            channel = int(ffi.cast("uintptr_t", image.planes[1].data)) - first
        self.__cuda_array_interface__ = {
            "version": 3,
            "shape": (image.height, image.width, image.color),
            "strides": (plane.row_stride, plane.pixel_stride, channel),
            "typestr": np.dtype(dtype).str,
            "data": (first, True),
            "stream": None,
        }

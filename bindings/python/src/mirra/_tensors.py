"""Tensors: sets of named arrays of numbers, over DLPack."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mirra import _dlpack, _errors
from mirra._core import Handle, PathType, call, call_file, chars, ffi, lib, take_bytes, text
from mirra._pixels import Memory

TensorLike = Any


class Input:
    """A tensor as the library takes it: the struct, and what keeps its memory."""

    __slots__ = ("keep", "struct")

    def __init__(self, value: TensorLike, name: str) -> None:
        if hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray):
            self._from_capsule(value, name)
        else:
            self._from_array(np.asarray(value))

    def _from_capsule(self, value: Any, name: str) -> None:
        try:
            capsule = _dlpack.capsule_of(value)
        except BufferError as error:
            raise _errors.InvalidArgumentError(str(error), name) from error
        self.struct, _ = _dlpack.tensor_in(capsule)
        self.keep: Any = capsule

    def _from_array(self, array: Any) -> None:
        if any(stride % array.itemsize for stride in array.strides):
            array = np.ascontiguousarray(array)
        tensor = ffi.new("DLTensor *")
        tensor.data = ffi.cast("void *", array.__array_interface__["data"][0])
        tensor.device.device_type = lib.kDLCPU
        codes = {"f": lib.kDLFloat, "i": lib.kDLInt, "u": lib.kDLUInt, "b": lib.kDLBool, "c": lib.kDLComplex}
        tensor.dtype.code = codes.get(array.dtype.kind, lib.kDLOpaqueHandle)
        tensor.dtype.bits, tensor.dtype.lanes = array.itemsize * 8, 1
        tensor.ndim = array.ndim
        shape = ffi.new("int64_t[]", list(array.shape))
        strides = ffi.new("int64_t[]", [stride // array.itemsize for stride in array.strides])
        tensor.shape, tensor.strides = shape, strides
        self.struct, self.keep = tensor, (array, shape, strides)


class Tensor:
    """A tensor of a set: fp32, read-only. It keeps its memory, also when the set is closed.

    `numpy.asarray(tensor)` and `numpy.from_dlpack(tensor)` show it without a copy, and so does `torch.from_dlpack`
    where PyTorch speaks DLPack 1. Consumers of older DLPack get a copy that they may write.
    """

    __slots__ = ("_managed", "_pointer", "_shape", "name")

    def __init__(self, pointer: Any, name: str) -> None:
        self._pointer, self.name = pointer, name
        managed = self._get()
        self._managed = ffi.gc(managed, managed.deleter)
        self._shape = tuple(managed.dl_tensor.shape[index] for index in range(managed.dl_tensor.ndim))

    def _get(self) -> Any:
        out = ffi.new("DLManagedTensorVersioned **")
        call(lib.mirra_tensors_get_versioned, self._pointer, chars(self.name), out)
        return out[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """Its dimensions."""
        return self._shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """The values; without a copy unless one is asked for."""
        tensor = self._managed.dl_tensor
        start = ffi.cast("char *", tensor.data) + tensor.byte_offset
        strides = None
        if tensor.strides != ffi.NULL:
            strides = tuple(4 * tensor.strides[index] for index in range(tensor.ndim))
        if math.prod(self._shape) == 0:
            array = np.empty(self._shape, np.float32)
        else:
            array = np.asarray(Memory(start, self._shape, strides, np.float32, self._managed, False))
        if dtype is not None and np.dtype(dtype) != array.dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def numpy(self) -> Any:
        """The values as a read-only numpy array, without a copy."""
        return self.__array__()

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """A capsule of DLPack: read-only and without a copy from version 1 on, else a copy."""
        if dl_device not in (None, self.__dlpack_device__()):
            raise BufferError("the tensor is on the CPU, and is not copied to another device")
        if max_version is not None and max_version[0] >= 1 and not copy:
            managed, name = self._get(), _dlpack.VERSIONED
        elif copy is False:
            raise BufferError("without a copy the tensor is had by DLPack 1 only")
        else:
            out = ffi.new("DLManagedTensor **")
            call(lib.mirra_tensors_copy, self._pointer, chars(self.name), out)
            managed, name = out[0], _dlpack.LEGACY
        return _dlpack.new_capsule(managed, name)

    def __dlpack_device__(self) -> tuple[int, int]:
        """The CPU."""
        return int(lib.kDLCPU), 0

    def __repr__(self) -> str:
        return f"<mirra.Tensor {self.name!r} {list(self._shape)}>"


class Tensors(Handle, Mapping[str, Tensor]):
    """A set of named tensors, which does not change: what a network takes and gives, what a safetensors file holds.

    Args:
        values: numpy arrays or objects with `__dlpack__`, on the CPU or a GPU, by name: fp32, fp16 or bf16 (no
            integers), any strides. They are copied, and held as fp32.

    """

    __slots__ = ()
    _destroyer = lib.mirra_tensors_destroy
    _noun = "set of tensors"
    _pickle_hint = "send tensors.to_bytes()"

    def __init__(self, values: Mapping[str, TensorLike]) -> None:
        out = ffi.new("mirra_tensors **")
        call(lib.mirra_tensors_create, out)
        super().__init__(out[0])
        for name, value in values.items():
            tensor = Input(value, name)
            call(lib.mirra_tensors_add, self._pointer, chars(name), tensor.struct)

    @classmethod
    def _of(cls, pointer: Any) -> Tensors:
        made = cls.__new__(cls)
        Handle.__init__(made, pointer)
        return made

    @classmethod
    def read(cls, file: PathType | bytes | bytearray | memoryview) -> Tensors:
        """Reads a safetensors file, or its bytes."""
        out = ffi.new("mirra_tensors **")
        if isinstance(file, (str, os.PathLike)):
            call_file(lib.mirra_tensors_read, chars(file), out)
        else:
            data = ffi.from_buffer(file)
            call(lib.mirra_tensors_read_memory, data, len(data), out)
        return cls._of(out[0])

    def save(self, path: PathType) -> None:
        """Writes a safetensors file. Readers see the old file or the new one, never a part."""
        call_file(lib.mirra_tensors_write, self._live(), chars(path))

    def to_bytes(self) -> bytes:
        """The set as the bytes of a safetensors file."""
        data, size = ffi.new("void **"), ffi.new("size_t *")
        call(lib.mirra_tensors_write_memory, self._live(), data, size)
        return take_bytes(data[0], size[0])

    def __getitem__(self, name: str) -> Tensor:
        try:
            return Tensor(self._live(), name)
        except _errors.NotFoundError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        pointer = self._live()
        return iter([text(lib.mirra_tensors_name(pointer, index)) for index in range(len(self))])

    def __len__(self) -> int:
        return int(lib.mirra_tensors_count(self._live()))

    def __repr__(self) -> str:
        if self.closed:
            return "<mirra.Tensors, closed>"
        return "<mirra.Tensors " + ", ".join(f"{name} {list(self[name].shape)}" for name in self) + ">"

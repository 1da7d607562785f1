"""Capsules of DLPack: what is in them, and new ones."""

from __future__ import annotations

import ctypes
from typing import Any

from mirra._core import ffi, lib

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = ctypes.c_void_p
_capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_capsule_name = ctypes.pythonapi.PyCapsule_GetName
_capsule_name.restype = ctypes.c_char_p
_capsule_name.argtypes = [ctypes.py_object]
_destructor = int(ffi.cast("uintptr_t", lib.mirra_py_capsule_destructor()))
VERSIONED, LEGACY = b"dltensor_versioned", b"dltensor"
_WorkStream = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int32, ctypes.POINTER(ctypes.c_void_p))


def new_capsule(managed: Any, name: bytes) -> Any:
    """A capsule over a managed tensor of the library's, which it deletes."""
    return _new_capsule(int(ffi.cast("uintptr_t", managed)), name, _destructor)


def capsule_of(value: Any, **arguments: Any) -> Any:
    """What `__dlpack__` gives, of version 1 where the value has it."""
    try:
        return value.__dlpack__(max_version=(1, 3), **arguments)
    except TypeError:
        return value.__dlpack__(**arguments)


def tensor_in(capsule: Any) -> tuple[Any, bool]:
    """The `DLTensor` in a capsule, which lives as long, and whether it may be written."""
    kind = _capsule_name(capsule)
    address = ffi.cast("void *", _capsule_pointer(capsule, kind))
    if kind == VERSIONED:
        managed = ffi.cast("DLManagedTensorVersioned *", address)
        return ffi.addressof(managed.dl_tensor), not managed.flags & 1
    return ffi.addressof(ffi.cast("DLManagedTensor *", address).dl_tensor), True


def work_stream(value: Any, kind: int, number: int) -> int | None:
    """The stream of a device on which the value's library works now, where it tells (DLPack's exchange API)."""
    capsule = getattr(type(value), "__dlpack_c_exchange_api__", None)
    if capsule is None:
        return None
    api = ffi.cast("DLPackExchangeAPI *", _capsule_pointer(capsule, b"dlpack_exchange_api"))
    if api.header.version.major != 1 or api.current_work_stream == ffi.NULL:
        return None
    stream = ctypes.c_void_p()
    ask = _WorkStream(int(ffi.cast("uintptr_t", api.current_work_stream)))
    return stream.value or 0 if ask(kind, number, ctypes.byref(stream)) == 0 else None

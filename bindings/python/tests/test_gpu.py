"""Arrays in a GPU's memory, by stand-ins that say of the processor's memory that it is a GPU's."""

import ctypes

import numpy as np
import pytest

import mirra
from mirra import _dlpack, _gpu, _pixels
from mirra._core import ffi, lib

CUDA = (2, 1)


class OnGpu:
    """An array that says that it is on the second GPU, and notes what it is asked."""

    def __init__(self, array):
        self.array, self.asked, self.device = array, [], "second GPU"
        self.dtype, self.shape = array.dtype, array.shape

    def __dlpack_device__(self):
        return CUDA

    def __dlpack__(self, *, stream=None, max_version=None):
        self.asked.append(stream)
        managed = ffi.new("DLManagedTensorVersioned *")
        tensor = managed.dl_tensor
        tensor.data = ffi.cast("void *", self.array.__array_interface__["data"][0])
        tensor.device.device_type, tensor.device.device_id = CUDA
        code = lib.kDLFloat if self.array.dtype.kind == "f" else lib.kDLUInt
        tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes = code, 8 * self.array.itemsize, 1
        tensor.ndim = self.array.ndim
        self.kept = (
            managed,
            ffi.new("int64_t[]", self.array.shape),
            ffi.new("int64_t[]", [each // self.array.itemsize for each in self.array.strides]),
        )
        tensor.shape, tensor.strides = self.kept[1:]
        managed.flags = 0 if self.array.flags.writeable else 1
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return new(int(ffi.cast("uintptr_t", managed)), b"dltensor_versioned", None)

    def __array_namespace__(self):
        return Space

    def __getitem__(self, index):
        return OnGpu(self.array[index])

    def transpose(self, *axes):
        return OnGpu(self.array.transpose(*axes))


class Space:
    """What makes such arrays."""

    @staticmethod
    def empty(shape, dtype, device):
        assert device == "second GPU"
        return OnGpu(np.empty(shape, dtype))

    @staticmethod
    def permute_dims(array, axes):
        return array.transpose(*axes)


def test_it_is_described_where_it_lies():
    array = np.zeros((5, 9, 3), np.float32)[:, 1:8]
    given = OnGpu(array)
    taken = _pixels.take(given, "image")
    image = taken.pixels.struct
    assert ffi.string(image.device) == b"cuda:1"
    assert image.stream == ffi.NULL
    assert given.asked == [1]  # the default stream waits for what makes it
    assert (image.width, image.height, image.color, image.format) == (7, 5, 3, lib.MIRRA_FORMAT_F32)
    assert int(ffi.cast("uintptr_t", image.planes[0].data)) == array.__array_interface__["data"][0]
    assert (image.planes[0].pixel_stride, image.planes[0].row_stride) == (12, 108)


def test_channel_by_channel():
    array = np.zeros((3, 4, 6), np.uint16)
    image = _pixels.take(mirra.Image(OnGpu(array), layout="CHW"), "image").pixels.struct
    assert (image.width, image.height, image.plane_count) == (6, 4, 3)
    start = array.__array_interface__["data"][0]
    assert [int(ffi.cast("uintptr_t", image.planes[i].data)) - start for i in range(3)] == [0, 48, 96]


def test_results_are_arrays_of_the_same_kind():
    given = OnGpu(np.zeros((4, 6), np.uint8))
    taken = _pixels.take(given, "image")
    made = _pixels.new_array(6, 4, 1, np.dtype(np.uint8), False, taken.on_gpu)
    assert isinstance(made, OnGpu)
    assert taken.back(made).array.shape == (4, 6)
    planes = _pixels.take(mirra.Image(OnGpu(np.zeros((3, 4, 6), np.float16)), layout="CHW"), "image")
    made = _pixels.new_array(6, 4, 3, np.dtype(np.float16), True, planes.on_gpu)
    assert made.array.shape == (4, 6, 3)
    assert planes.back(made).array.flags.c_contiguous


def test_an_output_may_be_there_and_must_be_writable():
    array = np.zeros((4, 6, 3), np.uint8)
    pixels, shown = _pixels.writable(OnGpu(array), "out")
    assert ffi.string(pixels.struct.device) == b"cuda:1"
    assert shown.array is array
    array.flags.writeable = False
    with pytest.raises(mirra.InvalidArgumentError, match="read-only"):
        _pixels.writable(OnGpu(array), "out")


def test_what_cannot_be_an_image_is_refused():
    with pytest.raises(mirra.InvalidArgumentError, match="uint8, uint16, float16 or float32"):
        _pixels.take(OnGpu(np.zeros((4, 6, 3), np.float64)), "image")
    with pytest.raises(mirra.InvalidArgumentError, match="shape"):
        _pixels.take(OnGpu(np.zeros((4, 6, 7), np.uint8)), "image")

    class Bare(OnGpu):
        __array_namespace__ = None

        def __getattribute__(self, name):
            if name == "__array_namespace__":
                raise AttributeError(name)
            return super().__getattribute__(name)

    with pytest.raises(mirra.UnsupportedError, match="out="):
        _gpu.new_like(Bare(np.zeros((4, 6, 3), np.uint8)), 4, 6, 3, False, "image")


def test_what_the_processor_alone_does_is_refused():
    given = OnGpu(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(mirra.UnsupportedError, match="noise is added in the processor's memory"):
        mirra.add_noise(given, 25)


def test_a_session_on_the_processor_says_where_it_is():
    given = OnGpu(np.zeros((32, 32, 3), np.uint8))
    with mirra.engine().session("denoise", quality="fast") as session:
        with pytest.raises(mirra.MismatchError, match="in the memory of cuda:1, and the session computes on cpu"):
            session.run(given)
        with pytest.raises(mirra.MismatchError, match="cuda:1"):
            session.run(np.zeros((32, 32, 3), np.uint8), out=OnGpu(np.zeros((32, 32, 3), np.uint8)))
    with pytest.raises(mirra.UnsupportedError, match="are for runs only"):
        mirra.estimate_noise(given)


def test_the_stream_of_its_library_is_used_where_it_tells():
    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int32, ctypes.POINTER(ctypes.c_void_p))
    def current(kind, number, out):
        assert (kind, number) == CUDA
        out[0] = 4096
        return 0

    api = ffi.new("DLPackExchangeAPI *")
    api.header.version.major = 1
    api.current_work_stream = ffi.cast("DLPackCurrentWorkStream", ctypes.cast(current, ctypes.c_void_p).value)
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

    class Telling(OnGpu):
        __dlpack_c_exchange_api__ = new(int(ffi.cast("uintptr_t", api)), b"dlpack_exchange_api", None)

    given = Telling(np.zeros((4, 6, 3), np.uint8))
    image = _pixels.take(given, "image").pixels.struct
    assert int(ffi.cast("uintptr_t", image.stream)) == 4096
    assert given.asked == [-1]  # nothing need wait: the run waits for that stream
    api.header.version.major = 2
    assert _dlpack.work_stream(given, *CUDA) is None


def test_tiles_are_shown_by_their_address():
    image = ffi.new("mirra_image *")
    image.width, image.height, image.color, image.plane_count = 6, 4, 3, 3
    for index in range(3):
        image.planes[index].data = ffi.cast("void *", 4096 + 100 * index)
        image.planes[index].pixel_stride, image.planes[index].row_stride = 1, 8
    shown = _gpu.GpuTile(image, np.uint8).__cuda_array_interface__
    assert (shown["shape"], shown["strides"], shown["data"]) == ((4, 6, 3), (8, 1, 100), (4096, True))

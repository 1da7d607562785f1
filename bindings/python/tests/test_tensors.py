"""Tensors by DLPack, with PyTorch where it is installed."""

import gc

import numpy as np
import pytest

import mirra

VALUES = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def test_arrays_of_any_strides():
    tensors = mirra.Tensors({"a": VALUES, "b": VALUES.T, "c": VALUES[:, ::-2], "d": VALUES.astype(np.float16)})
    assert list(tensors) == ["a", "b", "c", "d"]
    for name, wanted in {"a": VALUES, "b": VALUES.T, "c": VALUES[:, ::-2], "d": VALUES}.items():
        assert np.array_equal(tensors[name], wanted)
        assert tensors[name].shape == wanted.shape


def test_integers_are_refused():
    with pytest.raises(mirra.MirraError, match="elements"):
        mirra.Tensors({"a": VALUES.astype(np.int64)})


def test_unknown_name_is_a_key_error():
    tensors = mirra.Tensors({"a": VALUES})
    assert "b" not in tensors
    assert tensors.get("b") is None
    with pytest.raises(KeyError):
        tensors["b"]


def test_views_keep_their_memory():
    tensors = mirra.Tensors({"a": VALUES})
    array, capsule = tensors["a"].numpy(), tensors["a"].__dlpack__(max_version=(1, 0))
    tensors.close()
    del tensors
    gc.collect()
    assert np.array_equal(array, VALUES)
    assert not array.flags.writeable
    del capsule
    gc.collect()


def test_numpy_takes_it_by_dlpack():
    tensor = mirra.Tensors({"a": VALUES})["a"]
    assert np.array_equal(np.from_dlpack(tensor), VALUES)
    legacy = tensor.__dlpack__()
    assert "dltensor" in repr(legacy)
    with pytest.raises(BufferError):
        tensor.__dlpack__(copy=False)
    with pytest.raises(BufferError):
        tensor.__dlpack__(dl_device=(2, 0))


def test_files(tmp_path):
    tensors = mirra.Tensors({"a": VALUES})
    tensors.save(tmp_path / "a.safetensors")
    for read in (mirra.Tensors.read(tmp_path / "a.safetensors"), mirra.Tensors.read(tensors.to_bytes())):
        assert np.array_equal(read["a"], VALUES)
    with pytest.raises(FileNotFoundError):
        mirra.Tensors.read(tmp_path / "b.safetensors")


def test_results_and_inputs(engine, noisy):
    with engine.session("invert") as session:
        first = session.run(noisy, outputs=["features_out"])
        features = first.tensors["features_out"]
        again = session.run(noisy, features_in=features)
    assert np.array_equal(first.image, again.image)


def test_torch_in_and_out_without_a_copy(engine, noisy):
    torch = pytest.importorskip("torch", reason="this system has no PyTorch for this Python")
    with engine.session("gain", gain=0.5) as session:
        image = torch.from_numpy(noisy)
        result = session.run(image).image
        assert isinstance(result, torch.Tensor)
        assert np.array_equal(result.numpy(), session.run(noisy).image)
        planar = image.permute(2, 0, 1).float().div(255).contiguous()
        out = torch.zeros_like(planar)
        shown = session.run(mirra.Image(planar, layout="CHW"), out=mirra.Image(out, layout="CHW")).image
        assert shown is out
        assert torch.allclose(out, planar / 2, atol=1e-6)
        assert session.run(mirra.Image(planar, layout="CHW")).image.shape == planar.shape
        with pytest.raises(mirra.InvalidArgumentError, match="detach"):
            session.run(mirra.Image(planar.requires_grad_(), layout="CHW"))
    tensors = mirra.Tensors({"a": torch.from_numpy(VALUES), "b": torch.from_numpy(VALUES).bfloat16()})
    assert np.array_equal(tensors["a"], VALUES)
    assert np.array_equal(tensors["b"], VALUES)
    assert torch.equal(torch.from_dlpack(tensors["a"]), torch.from_numpy(VALUES))

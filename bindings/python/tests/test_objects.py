"""Lifetimes, errors, parameters, functions."""

import copy
import gc
import inspect
import math
import pathlib
import pickle
import pydoc
import re
import subprocess
import time

import numpy as np
import pytest

import mirra
import mirra._stubs
from mirra import _core

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture
def objects(engine, noisy):
    session = engine.session("gain")
    made = {
        "engine": mirra.Engine(),
        "bundle": mirra.Bundle(engine.find_bundle("denoiser-fast.mirra")),
        "job": session.submit(noisy),
        "result": session.run,
        "picture": mirra.Picture.of(noisy),
        "tensors": mirra.Tensors({"a": np.zeros(3, np.float32)}),
        "cancel": mirra.Cancel(),
        "session": session,
    }
    made["job"].result()
    made["result"] = session.run(noisy)
    return made


def test_use_after_close_is_an_error_and_closing_twice_is_none(objects):
    uses = {
        "engine": lambda it: it.tasks,
        "bundle": lambda it: it.info,
        "job": lambda it: it.result(),
        "result": lambda it: it.values,
        "picture": lambda it: it.pixels,
        "tensors": lambda it: it["a"],
        "cancel": lambda it: it.request(),
        "session": lambda it: it.parameters,
    }
    for name, thing in objects.items():
        with thing:
            assert not thing.closed
            repr(thing)
        thing.close()
        assert thing.closed
        assert "closed" in repr(thing) or name == "cancel"
        with pytest.raises(mirra.ClosedError, match="closed"):
            uses[name](thing)
        with pytest.raises(mirra.ClosedError), thing:
            pass


def test_pickling_is_refused_with_a_reason(objects):
    for thing in objects.values():
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(thing)
        with pytest.raises(TypeError, match="cannot be pickled"):
            copy.copy(thing)


def test_every_object_is_destroyed(engine, noisy, monkeypatch):
    counts = {}
    real = _core._destroy

    def destroy(function, generation, keep, pointer):
        counts[str(_core.ffi.typeof(pointer))] = counts.get(str(_core.ffi.typeof(pointer)), 0) + 1
        real(function, generation, keep, pointer)

    monkeypatch.setattr(_core, "_destroy", destroy)
    for _ in range(5):
        session = engine.session("gain")
        session.run(noisy)
        session.submit(noisy).result()
    del session
    deadline = time.monotonic() + 10
    while counts.get("<ctype 'struct mirra_session *'>") != 5 and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    assert counts["<ctype 'struct mirra_session *'>"] == 5
    assert counts["<ctype 'struct mirra_job *'>"] == 5
    assert counts["<ctype 'struct mirra_result *'>"] == 10


def test_errors_have_code_message_subject_and_hint(engine):
    with pytest.raises(mirra.NotFoundError) as caught:
        engine.session("denoize")
    error = caught.value
    assert (error.code, error.subject) == ("not_found", "denoize")
    assert "denoise" in error.hint
    assert error.message in str(error)
    assert str(error).count("denoize") == 1
    with pytest.raises(mirra.NotFoundError) as missing:
        mirra.Picture.read("missing.png")
    assert str(missing.value) == "the file does not exist (missing.png). Check the path"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.hint) == (type(error), str(error), error.hint)
    assert isinstance(error, LookupError)


def test_every_status_has_a_class():
    names = {_core.text(_core.lib.mirra_status_name(code)) for code in range(-14, 0)}
    assert names == set(mirra._errors.BY_CODE)
    assert _core.text(_core.lib.mirra_status_name(-99)) == mirra.InternalError.code


def test_parameters(engine):
    with engine.session("denoise", sigma=np.float32(12.5)) as session:
        assert session["sigma"] == 12.5
        session["sigma"] = "auto"
        assert session.parameters["sigma"] == "auto"
        session.set(strength=np.int64(1))
        with pytest.raises(mirra.InvalidArgumentError) as caught:
            session.set(strength=math.nan)
        assert caught.value.subject == "strength"
        with pytest.raises(mirra.InvalidArgumentError, match="array"):
            session.set(strength=[1])
        with pytest.raises(mirra.InvalidArgumentError, match="object"):
            session.set(strength=object())
        with pytest.raises(mirra.InvalidArgumentError, match="NUL"):
            session.set_text("sigma", "1\0")
        assert {param.name for param in session.params} == {param.name for param in session.task.params}
        assert session.params[0].choices == ("auto",)


def test_bundles_by_object_path_and_name(engine, noisy):
    path = engine.find_bundle("denoiser-fast.mirra")
    images = [
        engine.session("denoise", bundle=bundle, sigma=20).run(noisy).image
        for bundle in (mirra.Bundle(path), path, "denoiser-fast.mirra")
    ]
    images.append(engine.session("denoise", quality="fast", sigma=20).run(noisy).image)
    assert all(np.array_equal(images[0], image) for image in images)
    graph = mirra.Bundle(path).graphs[0]
    assert graph.inputs["image"] == 3
    assert mirra.Bundle(path).manifest["task"] == "denoise"
    assert any(bundle.quality == "fast" and bundle.usable for bundle in engine.bundles)


def test_what_there_is(engine):
    assert engine.devices[0].id == "cpu"
    assert engine.runtime.usable
    assert "gain" in engine.tasks
    assert repr(engine).startswith("<mirra.Engine")


def test_tasks_are_functions(noisy):
    result = mirra.denoise(noisy, sigma=20, quality="fast")
    assert result.image.shape == noisy.shape
    again = mirra.denoise(noisy, sigma=20, quality="fast")
    assert np.array_equal(result, again)
    assert "sigma_estimated" in mirra.denoise(noisy).values
    mirra.denoise(noisy, strength=0.5)
    assert np.array_equal(mirra.denoise(noisy, sigma=20, quality="fast"), result)
    assert "style_prepare" in dir(mirra)
    assert "statistics" in mirra.style_prepare(noisy).tensors
    with pytest.raises(mirra.NotFoundError, match="sigma") as caught:
        mirra.denoise(noisy, sigme=20)
    assert caught.value.subject == "sigme"
    assert "Did you mean 'sigma'? The task has: chrominance" in caught.value.hint
    with pytest.raises(mirra.NotFoundError, match="Did you mean 'quality'"):
        mirra.denoise(noisy, qualty="fast")
    with pytest.raises(AttributeError, match=r"denoise.*MIRRA_PLUGIN_PATH"):
        mirra.denoize  # noqa: B018


def test_help_shows_the_parameters_of_a_dropped_in_plugin(engine):
    shown = pydoc.plain(pydoc.render_doc(mirra.denoise))
    assert "sigma: Union[float, Literal['auto']] = 'auto'" in shown or "sigma: Union[float, Literal['auto']]" in shown
    assert "1/255" in shown
    function = mirra._functions.function(lambda: engine, engine.task("gain"))
    assert inspect.signature(function).parameters["gain"].default == 1
    assert "0 to 8" in function.__doc__
    assert function(np.full((4, 4), 100, np.uint8), gain=0.5).image[0, 0] == 50


def test_series_takes_a_list(engine, noisy):
    with engine.session("stylize") as session:
        one = session.run(noisy, style=[noisy, noisy[::-1]])
        other = session.run(noisy, style=noisy, style_2=noisy[::-1])
        assert np.array_equal(one, other)
        with pytest.raises(mirra.NotFoundError, match="style_5"):
            session.run(noisy, style=[noisy] * 5)


def test_graph_gives_tensors(engine):
    bundle = mirra.Bundle(engine.find_bundle("encoder-resnet18-std.mirra"))
    out = engine.run_graph(bundle, "encoder", {"image": np.zeros((1, 3, 32, 32), np.float32)})
    assert out["layer4"].shape[0] == 1


def test_stubs_fit_the_tasks_that_ship():
    shipped = [task for task in mirra.engine().tasks.values() if task.plugin.startswith("org.mirra.")]
    stubs = pathlib.Path(mirra.__file__).with_name("_tasks.pyi").read_text(encoding="utf-8")
    assert stubs == mirra._stubs.stubs(shipped)


def test_raw_layer_fits_the_header():
    subprocess.run([str(HERE.parent / "native" / "derive"), "--check"], check=True)


def test_structs_are_as_the_compiler_has_them():
    """cffi compares each size and offset with the compiler's when a struct is first used, and raises if they differ."""
    declared = (HERE.parent / "native" / "mirra.cdef").read_text()
    names = re.findall(r"^} (mirra_\w+);$", declared, re.M)
    assert {"mirra_image", "mirra_run_options", "mirra_port_value"} <= set(names)
    for name in names:
        assert _core.struct(name).struct_size >= 8 if name != "mirra_plane" else _core.ffi.new(name + " *")

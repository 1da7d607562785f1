"""A plugin that nobody knew when the package was made: compiled here, dropped into a folder, and used."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

import mirra

SAMPLE = ROOT / "samples" / "plugins" / "upscale"
COMPILER = shutil.which("c++")


@pytest.fixture(scope="module")
def dropped(tmp_path_factory):
    """An engine whose folder of plugins holds the sample that enlarges pictures, and a network for it."""
    if COMPILER is None:
        pytest.skip("this system has no C++ compiler")
    folder = tmp_path_factory.mktemp("plugins")
    flags = ["-std=c++17", "-O1", "-shared", "-fPIC", "-fvisibility=hidden", f"-I{ROOT / 'include'}"]
    subprocess.run([COMPILER, *flags, str(SAMPLE / "upscale.cpp"), "-o", str(folder / "upscale.so")], check=True)
    subprocess.run([sys.executable, str(SAMPLE / "bicubic.py"), "2", str(folder / "upscaler.mirra")], check=True)
    with mirra.Engine(plugin_path=folder) as engine:
        yield engine


def test_its_parameters_are_there(dropped):
    task = dropped.tasks["upscale"]
    assert task.plugin == "org.example.upscale"
    assert [(param.name, param.default) for param in task.params] == [("ensemble", False)]


def test_a_picture_becomes_larger(dropped, noisy):
    with dropped.session("upscale") as session:
        larger = session.run(noisy).image
        assert larger.shape == (96, 128, 3)
        session.set(ensemble=True)
        assert np.abs(session.run(noisy).image.astype(int) - larger).max() <= 1
        means = larger.reshape(48, 2, 64, 2, 3).mean(axis=(1, 3))
        assert np.abs(means - noisy)[2:-2, 2:-2].mean() < 8
        with pytest.raises(mirra.MirraError, match="ensemble"):
            session.set(ensemble="perhaps")

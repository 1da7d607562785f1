"""What the tests share: the folder that tests/conformance/prepare makes, and an engine with its plugins."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from conformance import SUITE

import mirra

ROOT = SUITE.parents[1]


@pytest.fixture(scope="session")
def folder():
    """Pictures, files, plugins and expected outputs."""
    target = pathlib.Path(os.environ.get("MIRRA_CONFORMANCE", ROOT / "build" / "conformance"))
    subprocess.run([sys.executable, str(SUITE / "prepare"), str(target)], check=True)
    return target


@pytest.fixture(scope="session")
def index(folder):
    return json.loads((folder / "index.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def engine(folder):
    """The engine of most tests; it has the plugins of the suite besides those that ship."""
    with mirra.Engine(plugin_path=folder / "plugins") as made:
        yield made


@pytest.fixture
def noisy():
    """A small picture with noise, uint8 RGB."""
    dice = np.random.default_rng(7)
    ground = np.linspace(40, 200, 64)[None, :, None] + np.linspace(0, 30, 48)[:, None, None]
    return np.clip(ground + dice.normal(0, 20, (48, 64, 3)), 0, 255).astype(np.uint8)


@pytest.fixture
def slow(engine):
    """A session whose runs do not end by themselves."""
    with engine.session("invert", method="optimize", iterations=1000000, patience=1000000, tolerance=0) as made:
        yield made

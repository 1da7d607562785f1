"""The examples of the README do what it says."""

import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

import mirra

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
README = PACKAGE / "README.md"


def blocks():
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)


@pytest.fixture
def photo(tmp_path, noisy):
    mirra.write(tmp_path / "photo.jpg", noisy)
    return tmp_path


def test_examples(photo, monkeypatch):
    monkeypatch.chdir(photo)
    names = {"__name__": "readme"}
    for block in blocks():
        exec(compile(block, str(README), "exec"), names)
    assert mirra.read("clean.jpg").info.width == 64
    assert np.array_equal(names["one"].image, names["two"].image)


def test_the_program_for_a_folder():
    program = PACKAGE / "examples" / "denoise_folder.py"
    check = PACKAGE.parents[1] / "tests" / "hosts" / "check_folder_program"
    command = [sys.executable, check, sys.executable, program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

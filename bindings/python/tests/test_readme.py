"""The examples of the README do what it says."""

import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

import mirra

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"


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


def test_the_program_for_a_folder(photo):
    program = next(block for block in blocks() if "denoise_folder" in block)
    (photo / "program.py").write_text(program)
    pictures = photo / "pictures"
    pictures.mkdir()
    (photo / "photo.jpg").rename(pictures / "photo.jpg")
    (pictures / "broken.png").write_bytes(b"no picture")
    done = subprocess.run(
        [sys.executable, "program.py", "pictures", "clean"], cwd=photo, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "broken.png" in done.stderr
    assert "100%" in done.stderr
    assert [path.name for path in (photo / "clean").iterdir()] == ["photo.jpg"]

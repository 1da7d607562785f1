"""Both programs, each on a cluster of two workers here. What they must give is what `mirra denoise` gives."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import mirra
import numpy as np
import psutil
import pytest

HERE = pathlib.Path(__file__).parents[1]
COUNT = 40


def command(program, pictures, clean):
    return [sys.executable, "-W", "ignore", HERE / program, pictures, clean, "--workers", "2", "--threads", "1", "--batch", "2"]


def finish(program, pictures, clean):
    done = subprocess.run(command(program, pictures, clean), capture_output=True, text=True, timeout=900)
    return done.returncode, done.stdout, done.stderr


def workers_of(program):
    """Processes below the program that have begun to compute."""

    def computes(process):
        try:
            return "libmirra_runtime" in pathlib.Path(f"/proc/{process.pid}/maps").read_text()
        except OSError:
            return False

    return [each for each in psutil.Process(program.pid).children(recursive=True) if computes(each)]


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("the pictures")
    down, across = np.mgrid[0:192, 0:256]
    for number in range(COUNT):
        drawn = np.stack([down, across, (down * (number + 3) + across) // 9], -1).astype(np.uint8)
        noisy = mirra.add_noise(drawn, 10 + number % 20, seed=number)
        mirra.write(folder / f"{number:02}.{'jpg' if number % 2 else 'png'}", noisy)
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def wanted(pictures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wanted")
    mirra_command = os.environ["MIRRA_PREFIX"] + "/bin/mirra"
    subprocess.run([mirra_command, "denoise", pictures, "-o", folder, "--threads", "1", "--quiet"], check=True)
    return content(folder)


@pytest.fixture(params=["denoise_ray.py", "denoise_dask.py"])
def program(request):
    return request.param


def test_a_killed_worker_loses_nothing(program, pictures, wanted, tmp_path):
    clean = tmp_path / "clean"
    with (tmp_path / "out").open("w+") as out, (tmp_path / "err").open("w+") as err:
        running = subprocess.Popen(command(program, pictures, clean), stdout=out, stderr=err)
        end = time.monotonic() + 600
        while not clean.exists() or not any(clean.iterdir()):
            assert running.poll() is None
            assert time.monotonic() < end, "it takes too long"
            time.sleep(0.01)
        victim = workers_of(running)[0]
        victim.send_signal(signal.SIGKILL)
        left = COUNT - len(list(clean.iterdir()))
        assert left > 2, "it was killed in the middle"
        running.wait(timeout=900)
        for file in (out, err):
            file.seek(0)
        lines = out.read().splitlines()
        assert running.returncode == 0, err.read()
    assert content(clean) == wanted, "the bytes are those of the command, and there is no other file"
    names = [line.split()[0] for line in lines if "  worker " in line]
    assert sorted(names) == sorted(wanted), "each picture is reported once"
    assert ", 0 failed" in "".join(lines)


def test_a_second_run_does_what_is_missing(program, pictures, wanted, tmp_path):
    clean = tmp_path / "clean"
    clean.mkdir()
    for name, data in list(wanted.items())[:-3]:
        (clean / name).write_bytes(data)
    times = {path.name: path.stat().st_mtime_ns for path in clean.iterdir()}
    some = tmp_path / "some"
    shutil.copytree(pictures, some)
    (some / "broken.png").write_bytes((pictures / "00.png").read_bytes()[:2000])
    code, out, err = finish(program, some, clean)
    assert code == 1, err
    assert "broken.png" in out
    assert f"3 done, {COUNT - 3} skipped, 1 failed" in out
    assert content(clean) == wanted, "a broken picture stops nothing, and leaves no file"
    assert times.items() <= {path.name: path.stat().st_mtime_ns for path in clean.iterdir()}.items()

    (some / "broken.png").unlink()
    code, out, err = finish(program, some, clean)
    assert code == 0, err
    assert out == f"0 done, {COUNT} skipped, 0 failed\n", "no cluster is started for nothing"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "clean"], "there is no folder nowhere"),
        ([".", "."], "another folder"),
        ([".", "clean", "--threads", "0"], "at least 1"),
    ],
)
def test_words_that_make_no_sense(program, words, said, tmp_path):
    done = subprocess.run([sys.executable, HERE / program, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert said in done.stderr

"""The whole program on a line of drawn parts. The detector is the file PARTS; a good and a bad part are in LINE."""

import csv
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).parents[1]
PARTS, LINE = (pathlib.Path(os.environ[name]) for name in ("PARTS", "LINE"))


def start(line, report, *words):
    command = [sys.executable, "-m", "inspection", line, "--bundle", PARTS, "--report", report, *words]
    quick = ["--settle", "0.3", "--poll", "0.1"]
    return subprocess.Popen([*command, *quick], cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def once(line, report, *words):
    running = start(line, report, "--once", *words)
    out, err = running.communicate(timeout=300)
    return running.returncode, out, err


def table(report):
    with (report / "scores.csv").open(newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


@pytest.fixture
def line(tmp_path):
    folder = tmp_path / "the line"
    folder.mkdir()
    for name in ("good.png", "bad.png"):
        shutil.copy(LINE / name, folder)
    return folder


def test_scores_are_those_of_the_command_and_stay(line, tmp_path):
    report = tmp_path / "report"
    (line / "broken.png").write_bytes((LINE / "good.png").read_bytes()[:2000])
    code, out, _ = once(line, report)
    assert code == 1, "a broken picture is a fault"
    found = table(report)
    assert float(found["bad.png"]["score"]) > float(found["good.png"]["score"])
    assert found["broken.png"]["error"] and not found["broken.png"]["score"]  # noqa: PT018
    mirra = os.environ["MIRRA_PREFIX"] + "/bin/mirra"
    pictures = [line / "good.png", line / "bad.png"]
    subprocess.run([mirra, "detect", *pictures, "--bundle", PARTS, "--csv", tmp_path / "wanted.csv", "-q"], check=True)
    with (tmp_path / "wanted.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            assert float(found[pathlib.Path(row["input"]).name]["score"]) == pytest.approx(float(row["score"]), abs=2e-4)
    page = (report / "index.html").read_text()
    assert page.index("bad.png") < page.index("good.png")
    assert len(list((report / "thumbnails").iterdir())) == 4

    before = (report / "scores.csv").read_bytes()
    code, out, _ = once(line, report)
    assert (code, out) == (0, ""), "nothing is judged twice"
    assert (report / "scores.csv").read_bytes() == before
    code, _, err = once(line, report, "--threshold", "3")
    assert code == 1
    assert "another detector" in err


def wait_for(what, running):
    end = time.monotonic() + 200
    while not what():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


def test_a_picture_that_is_being_written_is_not_read_half(line, tmp_path):
    report = tmp_path / "report"
    running = start(line, report)
    wait_for(lambda: (report / "scores.csv").exists() and len(table(report)) == 2, running)
    content = (LINE / "bad.png").read_bytes()
    with (line / "slow.png").open("wb", buffering=0) as file:
        for at in range(0, len(content), len(content) // 8 + 1):
            file.write(content[at : at + len(content) // 8 + 1])
            time.sleep(0.15)
    wait_for(lambda: "slow.png" in table(report), running)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=200)
    assert running.returncode == 0, err
    assert "Traceback" not in err
    found = table(report)
    assert len(found) == 3
    assert found["slow.png"]["score"] == found["bad.png"]["score"]


def test_a_run_that_is_killed_leaves_a_whole_table(line, tmp_path):
    report = tmp_path / "report"
    for number in range(6):
        shutil.copy(LINE / "good.png", line / f"{number}.png")
    running = start(line, report)
    wait_for(lambda: (report / "scores.csv").exists() and table(report), running)
    running.kill()
    running.communicate()
    assert once(line, report)[0] == 0
    lines = (report / "scores.csv").read_text().splitlines()
    assert len(lines) == 9
    assert len({line.split(",")[1] for line in lines}) == 9


@pytest.mark.parametrize(("words", "said"), [(["nowhere", "--bundle", "x"], "there is no folder nowhere"),
                                             ([".", "--bundle", "none.mirra"], "none.mirra"),
                                             ([".", "--bundle", "x", "--report", "."], "another folder")])  # fmt: skip
def test_what_is_wrong_is_said(words, said, tmp_path):
    done = subprocess.run([sys.executable, "-m", "inspection", *words], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(HERE)})  # fmt: skip
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr

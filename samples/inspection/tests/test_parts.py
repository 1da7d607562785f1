"""The parts of the inspection, without a detector."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest

from inspection.ledger import COLUMNS, Ledger, LedgerError, original, printable
from inspection.report import Report
from inspection.scorer import shown
from inspection.watcher import Picture, Watcher


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_picture_that_grows_is_not_whole(tmp_path):
    clock = Clock()
    watcher = Watcher(tmp_path, settle=1, clock=clock)
    path = tmp_path / "a.png"
    for size in (1, 2, 3):
        path.write_bytes(b"x" * size)
        clock.now += 0.9
        assert watcher.look() == []
        assert watcher.waiting == 1
    clock.now += 1
    assert [picture.size for picture in watcher.look()] == [3]
    assert watcher.unchanged(watcher.look()[0])
    path.write_bytes(b"other")
    assert not watcher.unchanged(Picture("a.png", 3, 0))
    assert watcher.look() == []


def test_only_pictures_are_seen(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / ".hidden.png").write_bytes(b"x")
    (tmp_path / "notes.txt").write_bytes(b"x")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "A.PNG").write_bytes(b"x")
    assert [picture.name for picture in Watcher(tmp_path, settle=0).look()] == ["A.PNG"]


@pytest.mark.parametrize(
    "name", ["a b.png", "two\nlines.png", "back\\slash.png", "käse.png", "\udcff.png", 'a,"b".png', "\\x41.png"]
)
def test_a_name_is_one_line_and_comes_back(name):
    assert printable(name).isprintable()
    assert original(printable(name)) == name


@pytest.fixture
def table(tmp_path):
    return tmp_path / "scores.csv"


def rows_of(table, detector="d"):
    rows = []
    Ledger(table, detector, rows.append).__exit__()
    return rows


def test_a_row_stays(table):
    picture = Picture("two\nlines, and a comma.png", 5, 7)
    with Ledger(table, "d", lambda row: None) as ledger:
        assert not ledger.has(picture)
        ledger.add(picture, score="1.5", verdict="normal")
        assert ledger.has(picture)
    with Ledger(table, "d", lambda row: None) as ledger:
        assert ledger.has(picture)
        assert not ledger.has(picture._replace(modified=8))
    assert rows_of(table)[0]["score"] == "1.5"


@pytest.mark.parametrize("cut", [1, 10, 20])
def test_a_torn_row_is_cut_off(table, cut):
    with Ledger(table, "d", lambda row: None) as ledger:
        ledger.add(Picture("a.png", 5, 7), score="1.5")
        whole = table.read_bytes()
        ledger.add(Picture("b.png", 5, 7), score="2.5")
    table.write_bytes(table.read_bytes()[: len(whole) + cut])
    assert [row["file"] for row in rows_of(table)] == ["a.png"]
    assert table.read_bytes() == whole


def test_a_table_belongs_to_one_detector_and_one_run(table, tmp_path):
    with Ledger(table, "d", lambda row: None) as ledger:
        ledger.add(Picture("a.png", 5, 7), score="1.5")
        with pytest.raises(LedgerError, match="another inspection"):
            rows_of(table)
    with pytest.raises(LedgerError, match="another detector"):
        rows_of(table, "e")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(LedgerError, match="another table"):
        rows_of(tmp_path / "other.csv")


FULL = """
import resource, signal, sys
from inspection.ledger import Ledger
from inspection.watcher import Picture
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Ledger(sys.argv[1], "d", lambda row: None) as ledger:
    ledger.add(Picture("a.png", 5, 7), score="1.5")
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
    try:
        ledger.add(Picture("b.png", 5, 7), error="x" * 200)
    except OSError:
        sys.exit(0 if not ledger.has(Picture("b.png", 5, 7)) else 3)
sys.exit(4)
"""


def test_a_full_disk_leaves_no_half_row(table):
    folder = pathlib.Path(__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", FULL, table], cwd=folder).returncode == 0
    assert table.read_bytes().endswith(b"\n")
    assert [row["file"] for row in rows_of(table)] == ["a.png"]


def row(file, score, verdict="normal", error=""):
    values = {"file": file, "score": score, "verdict": verdict, "error": error, "bytes": "1", "modified_ns": "2"}
    return {**dict.fromkeys(COLUMNS, ""), **values}


def test_the_page_shows_the_worst_first_and_keeps_their_thumbnails_only(tmp_path):
    report = Report(tmp_path, tmp_path / "line", limit=2, refresh=2, threshold="1")
    dot = np.zeros((4, 4, 3), np.uint8)
    for file, score in (("b.png", "2"), ("<c>.png", "3"), ("a.png", "1"), ("d d.png", "9")):
        report.add(row(file, score, "anomalous" if score == "9" else "normal"))
        report.show(file, dot, dot)
    report.add(row("bad.png", "", "", "the file is cut off"))
    report.write()
    page = (tmp_path / "index.html").read_text()
    assert page.index("d d.png") < page.index("&lt;c&gt;.png")
    assert "b.png<" not in page and "<c>" not in page  # noqa: PT018
    assert 'href="line/d%20d.png"' in page
    assert "5 pictures judged: 1 anomalous, 3 normal, 1 could not be read" in page
    assert "bad.png: the file is cut off" in page
    assert len(list((tmp_path / "thumbnails").iterdir())) == 4
    report.add(row("bad.png", "1"))  # written anew, and whole
    report.write()
    assert "cut off" not in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize("pixels", [np.full((3, 5), 32896, np.uint16), np.full((3, 5, 2), 128, np.uint8),
                                    np.full((3, 5, 4), 0.503, np.float32)])  # fmt: skip
def test_pictures_of_any_kind_are_shown(pixels):
    assert shown(pixels).shape == (3, 5, 3)
    assert (shown(pixels) == 128).all()

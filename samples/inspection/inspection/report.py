"""The page that people look at: it shows the worst parts first, and fetches itself anew."""

import collections
import hashlib
import html
import os
import pathlib
import tempfile
import urllib.parse

import numpy as np
from PIL import Image

from inspection.ledger import Row, original

THUMBNAIL = 200
BROKEN = 20

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{refresh}">
<title>{bad} of {all} anomalous</title>
<style>
body {{ font: 15px system-ui, sans-serif; margin: 1.5em; color: #222 }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(430px, 1fr)); gap: 1em }}
figure {{ margin: 0; padding: .6em; border: 1px solid #ccc; border-left: 8px solid #2a7; overflow-wrap: anywhere }}
figure.anomalous {{ border-left-color: #c33 }}
a {{ text-decoration: none }}
img {{ max-width: 48%; vertical-align: top }}
</style></head><body>
<h1>{folder}</h1>
<p>{all} pictures judged: {bad} anomalous, {good} normal, {failed} could not be read. Threshold: {threshold}.
Last change: {time}. The {shown} with the highest scores:</p>
<main>
{figures}
</main>
{broken}</body></html>
"""
FIGURE = """<figure class="{verdict}"><a href="{link}">
<img src="{picture}" alt="picture"> <img src="{heat}" alt="heat map"></a>
<figcaption><b>{score}</b> {verdict} (probability {probability})<br>{file}, {time}</figcaption></figure>"""


def replace_file(path: pathlib.Path, content: bytes) -> None:
    """Readers see the old file or the new one, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


class Report:
    """Keeps the `limit` worst pictures in view, and thumbnails of these only."""

    def __init__(self, folder: pathlib.Path, watched: pathlib.Path, limit: int, refresh: int, threshold: str) -> None:
        self.folder, self.watched, self.limit = folder, watched, limit
        self._refresh, self._threshold = refresh, threshold
        self._worst: list[Row] = []
        self._broken: collections.deque[Row] = collections.deque(maxlen=BROKEN)
        self._counts = collections.Counter[str]()
        self._time = ""
        self._thumbnails = folder / "thumbnails"
        self._thumbnails.mkdir(exist_ok=True)

    def add(self, row: Row) -> None:
        """Takes a row of the table in."""
        self._counts[row["verdict"] or "error"] += 1
        self._time = row["time"]
        # A file that was written anew takes the place of what it was.
        self._broken = collections.deque((r for r in self._broken if r["file"] != row["file"]), BROKEN)
        for old in [old for old in self._worst if old["file"] == row["file"]]:
            self._drop(old)
        if row["error"]:
            self._broken.append(row)
            return
        self._worst.append(row)
        self._worst.sort(key=lambda row: -float(row["score"]))
        for beyond in self._worst[self.limit :]:
            self._drop(beyond)

    def _drop(self, row: Row) -> None:
        self._worst.remove(row)
        for kind in ("picture", "heat"):
            self._thumbnail(row, kind).unlink(missing_ok=True)

    def _thumbnail(self, row: Row, kind: str) -> pathlib.Path:
        key = "/".join((row["file"], row["bytes"], row["modified_ns"])).encode("utf-8", "surrogatepass")
        return self._thumbnails / f"{hashlib.sha256(key).hexdigest()[:20]}-{kind}.jpg"

    def show(self, file: str, picture: np.ndarray, heat: np.ndarray) -> None:
        """Thumbnails for the row of that file, if the page shows it. Raises OSError."""
        for row in (row for row in self._worst if row["file"] == file):
            for kind, pixels in (("picture", picture), ("heat", heat)):
                image = Image.fromarray(pixels)
                image.thumbnail((THUMBNAIL, THUMBNAIL))
                with tempfile.SpooledTemporaryFile(max_size=1 << 20) as file_in_memory:
                    image.save(file_in_memory, "jpeg", quality=85)
                    file_in_memory.seek(0)
                    replace_file(self._thumbnail(row, kind), file_in_memory.read())

    def _figure(self, row: Row) -> str:
        path = os.path.relpath(self.watched / original(row["file"]), self.folder)
        link = urllib.parse.quote(os.fsencode(path))
        values = {name: html.escape(value) for name, value in row.items()}
        values["score"] = f"{float(row['score']):.2f}"
        values["probability"] = f"{float(row['probability'] or 'nan'):.2f}"
        values["time"] = html.escape(row["time"][:19].replace("T", " "))
        for kind in ("picture", "heat"):
            values[kind] = f"thumbnails/{self._thumbnail(row, kind).name}"
        return FIGURE.format(link=link, **values)

    def write(self) -> None:
        """Writes the page. Raises OSError."""
        lines = "".join(f"<li>{html.escape(row['file'])}: {html.escape(row['error'])}</li>\n" for row in self._broken)
        text = PAGE.format(
            refresh=self._refresh,
            folder=html.escape(str(self.watched).encode("utf-8", "replace").decode()),
            all=sum(self._counts.values()),
            bad=self._counts["anomalous"],
            good=self._counts["normal"],
            failed=self._counts["error"],
            threshold=html.escape(self._threshold),
            time=self._time[:19].replace("T", " ") or "none yet",
            shown=len(self._worst),
            figures="\n".join(map(self._figure, self._worst)),
            broken=f"<h2>Could not be read</h2>\n<ul>\n{lines}</ul>\n" if lines else "",
        )
        replace_file(self.folder / "index.html", text.encode("utf-8", "replace"))

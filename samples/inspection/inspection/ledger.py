"""The table of what was judged: a CSV file that only grows, and from which a later run goes on."""

import csv
import errno
import fcntl
import io
import os
import pathlib
import re
from collections.abc import Callable
from typing import Any

from inspection.watcher import Picture

ESCAPE = re.compile(r"\\(?:x..|u....|U........|.)")
Row = dict[str, str]
COLUMNS = ("time", "file", "bytes", "modified_ns", "score", "probability", "verdict", "method", "detector", "error")


class LedgerError(Exception):
    """The table cannot be used; the message says what to do."""


def printable(text: str) -> str:
    """A name or message as one line: control characters, bytes that are no text, and backslashes become escapes."""
    return "".join(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text)


def original(name: str) -> str:
    """The name that `printable` made a line of."""
    return ESCAPE.sub(lambda found: found[0].encode().decode("unicode_escape"), name)


class Ledger:
    """Appends a row in one write, and forces it to the disk. A row that a power cut has torn is cut off when the table is
    opened; one that a full disk has torn, at once.
    """

    def __init__(self, path: pathlib.Path, detector: str, seen: Callable[[Row], None]) -> None:
        """`seen` is told of every row that there is, and of those that are added."""
        self.path, self.detector, self._seen = path, detector, seen
        self._known: set[tuple[str, str, str]] = set()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            self._lock()
            self._load()
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LedgerError(f"another inspection writes {self.path}; stop it, or give another --report") from None

    def _load(self) -> None:
        content = pathlib.Path(self.path).read_bytes()
        whole = content[: content.rfind(b"\n") + 1]  # a row is a line: names have no line breaks here
        if len(whole) != len(content):
            os.ftruncate(self._file, len(whole))
        if not whole:
            self._append({name: name for name in COLUMNS})
            return
        table = csv.DictReader(io.StringIO(whole.decode("utf-8", "replace"), newline=""))
        if tuple(table.fieldnames or ()) != COLUMNS:
            raise LedgerError(f"{self.path} is another table; give another --report")
        for row in table:
            if row["detector"] != self.detector:
                raise LedgerError(
                    f"{self.path} has scores of another detector, which cannot be compared; give another --report"
                )
            self._note(row)

    def _note(self, row: Row) -> None:
        self._known.add((row["file"], row["bytes"], row["modified_ns"]))
        self._seen(row)

    def _append(self, row: dict[str, Any]) -> None:
        text = io.StringIO(newline="")
        csv.DictWriter(text, COLUMNS, lineterminator="\n").writerow(row)
        line, before = text.getvalue().encode(), os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(self.path))
            os.fsync(self._file)
        except BaseException:
            os.ftruncate(self._file, before)
            raise

    def has(self, picture: Picture) -> bool:
        """Whether the picture has a row."""
        return (printable(picture.name), str(picture.size), str(picture.modified)) in self._known

    def add(self, picture: Picture, **values: Any) -> None:
        """Adds a row. Raises OSError, and the table is as it was."""
        row: dict[str, Any] = dict.fromkeys(COLUMNS, "")
        row.update(values, detector=self.detector)
        row.update(file=printable(picture.name), bytes=picture.size, modified_ns=picture.modified)
        texts = {name: str(value) for name, value in row.items()}
        self._append(texts)
        self._note(texts)

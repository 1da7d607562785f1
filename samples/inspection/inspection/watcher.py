"""Pictures that come into a folder, once they are whole."""

import os
import pathlib
import stat
import time
from collections.abc import Callable
from typing import NamedTuple

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".jxl")


class Picture(NamedTuple):
    """A file as it was at one moment. A file that was written anew is another picture."""

    name: str
    size: int
    modified: int
    """In nanoseconds."""


class Watcher:
    """Looks into the folder again and again. That works on every file system, network drives included, and needs no library.

    A picture counts as whole when its size and its time of change have stayed the same for `settle` seconds.
    """

    def __init__(self, folder: pathlib.Path, settle: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder, self.settle, self._clock = folder, settle, clock
        self._since: dict[Picture, float] = {}
        self.waiting = 0
        """How many pictures were not whole at the last look."""

    def look(self) -> list[Picture]:
        """Every whole picture that is there now, the oldest first. Raises OSError where the folder cannot be read."""
        now, there = self._clock(), self._files()
        self._since = {picture: self._since.get(picture, now) for picture in there}
        whole = [picture for picture, since in self._since.items() if now - since >= self.settle]
        self.waiting = len(self._since) - len(whole)
        return sorted(whole, key=lambda picture: (picture.modified, picture.name))

    def unchanged(self, picture: Picture) -> bool:
        """Whether the file still is what it was."""
        return self._state(self.folder / picture.name, picture.name) == picture

    def _files(self) -> list[Picture]:
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.lower().endswith(ENDINGS) and not entry.name.startswith("."):
                    found.append(self._state(pathlib.Path(entry.path), entry.name))
        return [picture for picture in found if picture]

    @staticmethod
    def _state(path: pathlib.Path, name: str) -> Picture | None:
        try:
            found = path.stat()
        except OSError:  # it has gone meanwhile, or is a link to nothing
            return None
        return Picture(name, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None

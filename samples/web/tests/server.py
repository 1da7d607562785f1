"""A mirra-web for the tests, and a client that speaks to it byte by byte."""

import contextlib
import json
import os
import re
import socket
import struct
import subprocess
import time
import zlib

PROGRAM = os.environ["MIRRA_WEB"]
COMMAND = os.environ["MIRRA_COMMAND"]


class Server:
    """The program on a port of its own. Its secret is read from the address that it prints."""

    def __init__(self, *options: str):
        self.process = subprocess.Popen([PROGRAM, "--port", "0", *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/#([0-9a-f]{64})$", line.strip())
        if not found:
            raise RuntimeError(f"the server printed {line!r}")
        self.port, self.token = int(found[1]), found[2]
        self.address = found[0]

    def end(self, seconds: float = 60) -> int:
        """Ends it as Ctrl-C does, and gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(2)
        code = self.process.wait(seconds)
        self.process.stdout.close()
        return code

    def connect(self, timeout: float = 60) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def raw(self, request: bytes, timeout: float = 60) -> bytes:
        """All that comes back for these bytes until the server closes."""
        with self.connect(timeout) as connection:
            with contextlib.suppress(OSError):  # it has closed before it had all of it
                connection.sendall(request)
            return read_all(connection)

    def headers(self, **changed: str | None) -> dict[str, str]:
        """Those that the page sends; None leaves one out, "_" stands for "-"."""
        found = {"Host": f"127.0.0.1:{self.port}", "X-Mirra-Token": self.token, "Sec-Fetch-Site": "same-origin"}
        for name, value in changed.items():
            found.pop(name.replace("_", "-"), None)
            if value is not None:
                found[name.replace("_", "-")] = value
        return found

    def request(self, method: str, path: str, body: bytes | None = None, timeout: float = 120, **changed: str | None):
        """Gives (status, headers, content)."""
        found = self.headers(**changed)
        if body is not None:
            found.setdefault("Content-Length", str(len(body)))
        head = "".join(f"{name}: {value}\r\n" for name, value in found.items())
        return parse(self.raw(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (body or b""), timeout))

    def get(self, path: str, **changed: str | None):
        return self.request("GET", path, **changed)

    def json(self, method: str, path: str, value=None, **changed: str | None):
        """Gives (status, value)."""
        body = None if value is None else (value if isinstance(value, bytes) else json.dumps(value).encode())
        changed = {"Content_Type": "application/json", **changed} if body is not None else changed
        status, _, content = self.request(method, path, body, **changed)
        return status, json.loads(content)

    def upload(self, content: bytes, kind: str = "picture", ending: str = "png", **changed: str | None):
        return self.json(
            "POST",
            f"/api/files?kind={kind}&ending={ending}",
            content,
            **{"Content_Type": "application/octet-stream", **changed},
        )

    def begin(self, task: str, image: str, **more) -> str:
        status, told = self.json("POST", "/api/jobs", {"task": task, "inputs": {"image": image}, **more})
        assert status == 202, told
        return told["job"]

    def follow(self, job: str, seconds: float = 600):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            told = self.json("GET", f"/api/jobs/{job}")[1]
            if told["state"] not in ("queued", "running"):
                return told
            time.sleep(0.05)
        raise TimeoutError(f"the job did not end: {told}")

    def peak_megabytes(self) -> float:
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]) / 1024


def read_all(connection: socket.socket) -> bytes:
    got = b""
    try:
        while piece := connection.recv(1 << 16):
            got += piece
    except ConnectionResetError:
        pass
    return got


def parse(answer: bytes):
    head, _, content = answer.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        head, _, content = content.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if not lines[0].startswith("HTTP/1.1 "):
        return 0, {}, answer
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, content


def png(width: int, height: int, rows: bytes | None = None) -> bytes:
    """A PNG file in RGB; without rows, a noisy one that is always the same."""
    if rows is None:
        line, value = bytearray(), 12345
        rows = bytearray()
        for y in range(height):
            line = bytearray(3 * width)
            for i in range(3 * width):
                value = (value * 1103515245 + 12345) & 0x7FFFFFFF
                line[i] = max(0, min(255, 90 + (i // 3 + y) % 64 + (value >> 16) % 41 - 20))
            rows += b"\0" + line
        rows = bytes(rows)
    return png_of(width, height, zlib.compress(rows, 1))


def png_of(width: int, height: int, packed: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")

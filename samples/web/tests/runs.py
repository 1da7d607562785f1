"""Jobs: results beside those of the command `mirra`, cancelling, ends."""

import glob
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from server import COMMAND, Server, png

SMALL = png(96, 80)


def mirra(*words: str) -> str:
    return subprocess.run([COMMAND, *words], check=True, capture_output=True, text=True).stdout


class Runs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--threads", "2")
        cls.folder = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.end()
        cls.folder.cleanup()
        assert code == 0, f"the server ended with {code}"

    def done(self, job: str):
        told = self.server.follow(job)
        self.assertEqual(told["state"], "done", told.get("error"))
        return told["result"]

    def fetch(self, file: str, query: str, name: str) -> pathlib.Path:
        status, _, content = self.server.get(f"/api/files/{file}{query}")
        self.assertEqual(status, 200, content[:200])
        path = self.work / name
        path.write_bytes(content)
        return path

    def same(self, a: pathlib.Path, b: pathlib.Path):
        told = json.loads(mirra("compare", str(a), str(b), "--json"))
        self.assertEqual(told["psnr"], 80, "the pictures differ")

    def test_the_result_is_that_of_the_command(self):
        (self.work / "in.png").write_bytes(SMALL)
        image = self.server.upload(SMALL)[1]["file"]
        result = self.done(self.server.begin("denoise", image, params={"sigma": 20, "detail": 0.25}))
        self.assertEqual([value["name"] for value in result["values"]][:1], ["sigma_estimated"] if result["values"] else [])
        ours = self.fetch(result["outputs"][0]["file"], "?format=png", "ours.png")
        mirra(
            "denoise",
            str(self.work / "in.png"),
            "-o",
            str(self.work / "theirs.png"),
            "--sigma",
            "20",
            "--detail",
            "0.25",
            "--threads",
            "2",
        )
        self.same(ours, self.work / "theirs.png")

    def test_metadata_goes_along_in_every_format(self):
        (self.work / "plain.png").write_bytes(SMALL)
        mirra("noise", str(self.work / "plain.png"), "-o", str(self.work / "photo.jpg"), "--sigma", "1")
        photo = with_exif((self.work / "photo.jpg").read_bytes())
        told = self.server.upload(photo)[1]
        result = self.done(self.server.begin("everything", told["file"]))
        for name in json.loads(self.server.get("/api/schema")[2])["formats"]:
            path = self.fetch(result["outputs"][0]["file"], f"?format={name}", f"result.{name}")
            self.assertIn(b"A camera of the tests", path.read_bytes(), name)

    def test_a_style_is_a_further_input(self):
        image = self.server.upload(SMALL)[1]["file"]
        style = self.server.upload(png(64, 64))[1]["file"]
        result = self.done(self.server.begin("stylize", image, inputs={"image": image, "style": style}))
        self.assertEqual((result["outputs"][0]["width"], result["outputs"][0]["height"]), (96, 80))

    def test_a_prepared_style_goes_out_and_in(self):
        image = self.server.upload(SMALL)[1]["file"]
        result = self.done(self.server.begin("style-prepare", image))
        prepared = self.fetch(result["outputs"][0]["file"], "", "style.safetensors").read_bytes()
        again = self.server.upload(prepared, "tensors")[1]["file"]
        self.done(self.server.begin("stylize", image, inputs={"image": image, "statistics": again}))

    def test_a_file_for_a_parameter(self):
        image = self.server.upload(SMALL)[1]["file"]
        plain = self.done(self.server.begin("everything", image, params={"gain": 0.5}))
        number = self.server.upload(b"0.5", "file", "txt")[1]["file"]
        read = self.done(self.server.begin("everything", image, params={"mode": "from-file", "source": {"file": number}}))
        self.same(
            self.fetch(plain["outputs"][0]["file"], "?format=png", "plain.png"),
            self.fetch(read["outputs"][0]["file"], "?format=png", "read.png"),
        )

    def test_a_network_that_is_sent(self):
        path = os.path.join(os.environ["MIRRA_PREFIX"], "share/mirra/bundles/denoiser-fast.mirra")
        told = self.server.upload(pathlib.Path(path).read_bytes(), "bundle")[1]
        self.assertEqual(told["task"], "denoise")
        image = self.server.upload(SMALL)[1]["file"]
        sent = self.done(self.server.begin("denoise", image, bundle={"file": told["file"]}))
        chosen = self.done(self.server.begin("denoise", image, quality="fast"))
        self.same(
            self.fetch(sent["outputs"][0]["file"], "?format=png", "sent.png"),
            self.fetch(chosen["outputs"][0]["file"], "?format=png", "chosen.png"),
        )

    def test_plugins_in_a_process_of_their_own(self):
        server = Server("--isolate")
        try:
            told = server.follow(server.begin("everything", server.upload(SMALL)[1]["file"], params={"gain": 0.5}))
            self.assertEqual(told["state"], "done", told.get("error"))
        finally:
            self.assertEqual(server.end(), 0)

    def test_errors_say_what_to_do(self):
        image = self.server.upload(SMALL)[1]["file"]
        told = self.server.follow(self.server.begin("denoise", image, params={"sigma": 1000}))
        self.assertEqual(
            (told["state"], told["error"]["code"], told["error"]["subject"]), ("failed", "invalid_argument", "sigma")
        )
        self.assertTrue(told["error"]["hint"] or told["error"]["message"])
        words = self.server.upload(b"no number", "file", "txt")[1]["file"]
        told = self.server.follow(
            self.server.begin("everything", image, params={"mode": "from-file", "source": {"file": words}})
        )
        self.assertEqual((told["state"], told["error"]["subject"]), ("failed", "the file that was sent"))
        self.assertTrue(told["error"]["hint"])
        status, told = self.server.json("POST", "/api/jobs", {"task": "denoise", "inputs": {}})
        self.assertEqual((status, told["error"]["subject"]), (400, "image"))

    def test_cancelling_takes_less_than_a_second(self):
        image = self.server.upload(png(900, 700))[1]["file"]
        self.done(self.server.begin("denoise", self.server.upload(SMALL)[1]["file"], quality="best"))  # the network is compiled
        seconds = []
        for _ in range(3):  # what else the computer does may delay one
            job = self.server.begin("denoise", image, quality="best")
            while self.server.json("GET", f"/api/jobs/{job}")[1]["fraction"] <= 0:
                time.sleep(0.01)
            start = time.monotonic()
            self.assertEqual(self.server.json("DELETE", f"/api/jobs/{job}")[0], 200)
            self.assertEqual(self.server.follow(job)["state"], "cancelled")
            seconds.append(time.monotonic() - start)
        print("cancelled after", ", ".join(f"{each:.3f} s" for each in seconds))
        self.assertLess(min(seconds), 1)

    def test_jobs_that_wait_can_be_cancelled(self):
        image = self.server.upload(png(500, 500))[1]["file"]
        jobs = [self.server.begin("denoise", image, quality="best") for _ in range(3)]
        for job in reversed(jobs):
            self.server.json("DELETE", f"/api/jobs/{job}")
        self.assertEqual({self.server.follow(job)["state"] for job in jobs}, {"cancelled"})

    def test_the_end_stops_jobs_and_leaves_nothing(self):
        before = set(glob.glob(os.path.join(tempfile.gettempdir(), "mirra-web-*")))
        server = Server()
        self.assertEqual(server.upload(b"1", "file")[0], 201)
        server.begin("denoise", server.upload(png(900, 700))[1]["file"], quality="best")
        idle = server.connect()
        time.sleep(1)
        start = time.monotonic()
        try:
            self.assertEqual(server.end(), 0)
        finally:
            idle.close()
        print(f"ended after {time.monotonic() - start:.3f} s")
        self.assertLess(time.monotonic() - start, 20)  # LibTorch may still be loading
        self.assertEqual(set(glob.glob(os.path.join(tempfile.gettempdir(), "mirra-web-*"))) - before, set())


def with_exif(jpeg: bytes) -> bytes:
    """A JPEG file with the name of a camera."""
    text = b"A camera of the tests\0"
    tiff = (
        b"II*\0\x08\0\0\0"
        + b"\x01\0"
        + b"\x10\x01\x02\0"
        + len(text).to_bytes(4, "little")
        + (26).to_bytes(4, "little")
        + b"\0\0\0\0"
        + text
    )
    segment = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:]


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""What an attacker tries: pages of other sites, programs of other users, hostile files, slow clients."""

import json
import random
import socket
import subprocess
import time
import unittest
import zlib

from server import PROGRAM, Server, parse, png, png_of, read_all

SMALL = png(48, 40)


class Attack(unittest.TestCase):
    options = ("--max-upload-megabytes", "4", "--max-megapixels", "2", "--store-megabytes", "24", "--queue", "2")

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.options)
        image = cls.server.upload(SMALL)[1]["file"]
        cls.server.follow(cls.server.begin("denoise", image))  # what is loaded then does not count as memory that attacks take

    @classmethod
    def tearDownClass(cls):
        code = cls.server.end()
        assert code == 0, f"the server ended with {code}"

    def tearDown(self):
        self.assertIsNone(self.server.process.poll(), "the server has ended")
        self.assertEqual(self.server.get("/")[0], 200, "the server does not serve any more")

    def assert_refused(self, answer, *statuses):
        status, _, content = answer
        self.assertIn(status, statuses, answer[2][:200])
        self.assertNotIn(b"root:", content)
        self.assertNotIn(self.server.token.encode(), content)


class OtherSites(Attack):
    """What a page of another site can make the browser send."""

    def test_every_answer_forbids_framing_sniffing_and_foreign_scripts(self):
        for method, path, changed in (
            ("GET", "/", {}),
            ("GET", "/app.js", {}),
            ("GET", "/none", {}),
            ("GET", "/api/schema", {}),
            ("GET", "/api/schema", {"X_Mirra_Token": None}),
            ("PUT", "/", {}),
        ):
            _, headers, _ = self.server.request(method, path, **changed)
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"], path)
            self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
            self.assertNotIn("unsafe", headers["Content-Security-Policy"])
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["Cross-Origin-Resource-Policy"], "same-origin")
            self.assertEqual(headers["Cache-Control"], "no-store")
            self.assertFalse([name for name in headers if name.lower().startswith("access-control")])

    def test_the_page_does_not_hold_the_secret(self):
        for path in ("/", "/app.js", "/dialog.js", "/viewer.js", "/style.css"):
            status, _, content = self.server.get(path, X_Mirra_Token=None)
            self.assertEqual(status, 200)
            self.assertNotIn(self.server.token.encode(), content)

    def test_the_secret_is_needed_for_all_of_the_interface(self):
        for token in (None, "", "0" * 64, self.server.token[:-1], self.server.token + "0", self.server.token.upper()):
            if token == self.server.token:
                continue
            for method, path in (
                ("GET", "/api/schema"),
                ("POST", "/api/files?kind=picture"),
                ("POST", "/api/jobs"),
                ("GET", "/api/files/" + "0" * 32),
                ("DELETE", "/api/jobs/" + "0" * 32),
            ):
                self.assert_refused(
                    self.server.request(method, path, b"" if method == "POST" else None, X_Mirra_Token=token), 403
                )

    def test_other_origins(self):
        for origin in (
            "http://evil.example",
            "null",
            "https://127.0.0.1:" + str(self.server.port),
            f"http://127.0.0.1:{self.server.port}.evil.example",
            "http://127.0.0.1",
            f"http://localhost:{self.server.port}",
        ):
            self.assert_refused(self.server.get("/api/schema", Origin=origin), 403)
        own = f"http://127.0.0.1:{self.server.port}"
        self.assertEqual(self.server.get("/api/schema", Origin=own)[0], 200)

    def test_what_the_browser_says_of_the_sender(self):
        for site in ("cross-site", "same-site", "none", "Same-Origin"):
            self.assert_refused(self.server.get("/api/schema", Sec_Fetch_Site=site), 403)

    def test_forms(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None):
            body = json.dumps({"task": "denoise"}).encode()
            self.assert_refused(self.server.request("POST", "/api/jobs", body, Content_Type=kind), 415)
            self.assert_refused(self.server.request("POST", "/api/files?kind=picture", SMALL, Content_Type=kind), 415)

    def test_preflights(self):
        answer = self.server.request(
            "OPTIONS", "/api/jobs", Origin="http://evil.example", Access_Control_Request_Method="POST", X_Mirra_Token=None
        )
        self.assert_refused(answer, 403, 405)
        self.assertFalse([name for name in answer[1] if name.lower().startswith("access-control")])

    def test_names_that_lead_here(self):
        port = self.server.port
        for host in (
            "evil.example",
            f"evil.example:{port}",
            "127.0.0.1",
            f"127.0.0.1:{port + 1}",
            f"localhost.evil.example:{port}",
            f"127.0.0.1:{port}@evil.example",
            f"0.0.0.0:{port}",
            f"127.1:{port}",
            "",
            None,
        ):
            for path in ("/", "/app.js", "/api/schema"):
                self.assert_refused(self.server.get(path, Host=host), 421)
        for host in (f"localhost:{port}", f"[::1]:{port}"):
            self.assertEqual(self.server.get("/api/schema", Host=host)[0], 200)

    def test_two_names(self):
        head = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\nHost: evil.example\r\n\r\n"
        self.assert_refused(parse(self.server.raw(head.encode())), 400, 421)

    def test_only_the_loopback_interface(self):
        other = socket.gethostbyname(socket.gethostname())
        if other.startswith("127."):
            self.skipTest("the computer has no other address")
        with self.assertRaises(OSError):
            socket.create_connection((other, self.server.port), 2).close()

    def test_a_request_in_the_body_of_a_refused_one(self):
        inner = f"GET /api/schema HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\nX-Mirra-Token: {self.server.token}\r\n\r\n"
        for length in (len(inner), 0):
            head = (
                f"POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\nConnection: keep-alive\r\n"
                f"Content-Length: {length}\r\nContent-Type: text/plain\r\n\r\n"
            )
            answer = self.server.raw((head + inner).encode())
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
            self.assertNotIn(b'"tasks"', answer)


class Paths(Attack):
    def test_files_of_the_computer(self):
        for path in (
            "/../../../../etc/passwd",
            "/..%2f..%2f..%2f..%2fetc/passwd",
            "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
            "//etc/passwd",
            "/etc/passwd",
            "/....//....//etc/passwd",
            "/..\\..\\etc\\passwd",
            "/app.js/../../etc/passwd",
            "/app.js%00.png",
            "/api/files/../../../etc/passwd",
            "/api/files/..%2f..%2fetc%2fpasswd",
            "/api/files/%2fetc%2fpasswd",
            "/api/jobs/../files",
            "file:///etc/passwd",
            "http://evil.example/",
            "/main.cpp",
            "/page.cpp",
            "/.git/config",
        ):
            self.assert_refused(self.server.get(path), 400, 404)

    def test_names_of_items(self):
        for name in ("0" * 32, "0" * 31, "0" * 33, "g" * 32, "A" * 32, "", "*", "' OR 1=1 --".replace(" ", "%20")):
            for path in (f"/api/files/{name}", f"/api/files/{name}/view", f"/api/jobs/{name}", f"/api/jobs/{name}/preview"):
                self.assert_refused(self.server.get(path), 404)

    def test_a_path_for_a_parameter_that_is_a_file(self):
        image = self.server.upload(SMALL)[1]["file"]
        for value in (
            "/etc/passwd",
            {"file": "/etc/passwd"},
            {"file": image},
            {"path": "/etc/passwd"},
            ["/etc/passwd"],
            7,
            True,
            None,
        ):
            request = {"task": "everything", "inputs": {"image": image}, "params": {"source": value}}
            status, told = self.server.json("POST", "/api/jobs", request)
            self.assertIn(status, (400, 404), value)
            self.assertNotIn("job", told)

    def test_a_network_by_its_path(self):
        image = self.server.upload(SMALL)[1]["file"]
        for bundle in ("/etc/passwd", "../denoiser.mirra", "nothing.mirra", {"file": image}, 7, ["x"]):
            status, _ = self.server.json("POST", "/api/jobs", {"task": "denoise", "inputs": {"image": image}, "bundle": bundle})
            self.assertIn(status, (400, 404), bundle)

    def test_the_ending_of_an_upload(self):
        for ending in ("../../x", "%2f%2e%2e%2fx", "a" * 300, "%00", "sh;id"):
            status, told = self.server.upload(b"2.0", "file", ending)
            self.assertEqual(status, 201, told)


class Forms(Attack):
    """Requests that are no proper ones."""

    def test_lengths(self):
        for length in ("-1", "+3", "0x10", "1e3", "", " ", "9" * 30, "3, 3", "3 3"):
            self.assert_refused(
                self.server.request(
                    "POST",
                    "/api/files?kind=picture",
                    b"abc",
                    Content_Length=length,
                    Content_Type="application/octet-stream",
                    timeout=30,
                ),
                400,
                411,
                413,
            )

    def test_two_lengths(self):
        head = "".join(
            f"{name}: {value}\r\n" for name, value in self.server.headers(Content_Type="application/octet-stream").items()
        )
        request = f"POST /api/files?kind=picture HTTP/1.1\r\n{head}Content-Length: 3\r\nContent-Length: 300\r\n\r\nabc"
        self.assert_refused(parse(self.server.raw(request.encode())), 400, 411)

    def test_chunks_and_packed_contents(self):
        for changed in (
            {"Transfer_Encoding": "chunked"},
            {"Transfer_Encoding": "gzip, chunked"},
            {"Content_Encoding": "gzip"},
            {"Content_Encoding": "br"},
        ):
            self.assert_refused(
                self.server.request(
                    "POST",
                    "/api/files?kind=picture",
                    b"5\r\nhello\r\n0\r\n\r\n",
                    Content_Type="application/octet-stream",
                    **changed,
                ),
                411,
            )

    def test_a_content_where_there_is_none(self):
        for method in ("GET", "DELETE", "HEAD"):
            status = self.server.request(method, "/api/schema", b"x" * 100)[0]
            self.assertEqual(status, 400)

    def test_an_upload_that_is_too_large_is_refused_before_it_is_sent(self):
        start = time.monotonic()
        head = "".join(
            f"{name}: {value}\r\n" for name, value in self.server.headers(Content_Type="application/octet-stream").items()
        )
        status, _, content = parse(
            self.server.raw(f"POST /api/files?kind=picture HTTP/1.1\r\n{head}Content-Length: {1 << 40}\r\n\r\n".encode())
        )
        self.assertEqual(status, 413)
        self.assertIn(b"--max-upload-megabytes", content)
        self.assertLess(time.monotonic() - start, 10)

    def test_more_than_was_announced(self):
        answer = self.server.raw(
            f"POST /api/files?kind=picture HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\nX-Mirra-Token: "
            f"{self.server.token}\r\nContent-Type: application/octet-stream\r\nContent-Length: {len(SMALL)}\r\n\r\n".encode()
            + SMALL
            + b"x" * 100000
        )
        self.assertEqual(parse(answer)[0], 201)
        self.assertEqual(answer.count(b"HTTP/1.1"), 1)

    def test_less_than_was_announced(self):
        with self.server.connect() as connection:
            connection.sendall(
                f"POST /api/files?kind=picture HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\nX-Mirra-Token: "
                f"{self.server.token}\r\nContent-Type: application/octet-stream\r\nContent-Length: 4000000\r\n\r\nabc".encode()
            )
            connection.shutdown(socket.SHUT_WR)
            self.assertNotEqual(parse(read_all(connection))[0], 201)

    def test_floods_of_headers(self):
        head = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\n"
        for flood in (
            "X: " + "a" * 5_000_000,
            "".join(f"X{i}: y\r\n" for i in range(200_000)),
            "\0" * 1_000_000,
            "X" * 9000 + "\r\n",
        ):
            before = self.server.peak_megabytes()
            status = parse(self.server.raw((head + flood + "\r\n\r\n").encode()))[0]
            self.assertIn(status, (0, 400))
            self.assertLess(self.server.peak_megabytes() - before, 20)

    def test_no_http(self):
        for nonsense in (
            b"\0" * 100,
            b"\x16\x03\x01\x02\x00",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"\r\n" * 5000,
            b"GET / HTTP/1.1\r\n: x\r\n\r\n",
            b"POST " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n",
            "GET /\u00e9\u0000 HTTP/1.1\r\n\r\n".encode(),
        ):
            self.assertNotEqual(parse(self.server.raw(nonsense, 30))[0], 200)

    def test_long_addresses(self):
        self.assertEqual(self.server.get("/" + "a" * 4000)[0], 414)
        self.assertEqual(self.server.get("/api/files/" + "0" * 7000)[0], 414)
        self.assertIn(self.server.get("/?" + "a=b&" * 1900)[0], (400, 414))

    def test_thousand_ranges(self):
        whole = len(self.server.get("/app.js")[2])
        for ranges in (
            "bytes=" + ",".join(["0-"] * 1500),
            "bytes=0-1",
            "bytes=" + "9" * 3000 + "-",
            "bytes=-" + "9" * 19,
            "bytes=5-2",
        ):
            status, _, content = self.server.get("/app.js", Range=ranges)
            self.assertIn(status, (0, 200, 400, 416))
            self.assertLessEqual(len(content), whole)

    def test_json(self):
        image = self.server.upload(SMALL)[1]["file"]
        deep = b"[" * 30000 + b"]" * 30000
        for body in (
            b"",
            b"{",
            b"null",
            b"[]",
            b'"x"',
            b"\xff\xfe",
            deep,
            b'{"task":' + deep + b"}",
            b'{"task": 7}',
            b'{"task": "none"}',
            b'{"task": "denoise"}',
            b'{"task": "denoise", "inputs": []}',
            b'{"task": "denoise", "inputs": {"image": 7}}',
            b'{"task": "denoise", "inputs": {"nothing": "x"}}',
            b'{"task": "denoise", "params": 7}',
        ):
            status, told = self.server.json("POST", "/api/jobs", body)
            self.assertIn(status, (400, 404, 413), body[:60])
            self.assertTrue(told["error"]["message"])
        for name, value in (("nothing", 1), ("sigma", {"a": 1}), ("sigma", [1]), ("sigma", None)):
            request = {"task": "denoise", "inputs": {"image": image}, "params": {name: value}}
            self.assertEqual(self.server.json("POST", "/api/jobs", request)[0], 400)
        for name, value in (
            ("gain", 1e308),
            ("gain", -1),
            ("gain", "many"),
            ("mode", "\u0000"),
            ("tint", "red"),
            ("passes", 2.5),
        ):
            told = self.server.follow(self.server.begin("everything", image, params={name: value}))
            self.assertEqual(told["state"], "failed", (name, value))
            self.assertEqual(told["error"]["subject"], name)

    def test_a_json_that_is_too_large(self):
        self.assertEqual(self.server.json("POST", "/api/jobs", b" " * 70000)[0], 413)


class Files(Attack):
    """Hostile contents."""

    def test_bombs(self):
        packed = zlib.compressobj(9)
        rows = b"".join(packed.compress(b"\0" * 1_000_000) for _ in range(300)) + packed.flush()
        before = self.server.peak_megabytes()
        for bomb in (png_of(50000, 50000, rows), png_of(2**31 - 1, 2**31 - 1, rows), png_of(10000, 10000, rows)):
            status, told = self.server.upload(bomb)
            self.assertEqual(status, 413, told)
            self.assertTrue(told["error"]["message"])
        self.assertLess(self.server.peak_megabytes() - before, 100)

    def test_damaged_files(self):
        for kind in ("picture", "tensors", "bundle"):
            for content in (
                b"",
                b"x",
                b"\0" * 10000,
                SMALL[:100],
                SMALL[:-20],
                b"\xff\xd8\xff" + b"\0" * 100,
                b"RIFF\xff\xff\xff\xffWEBPVP8 ",
                b"II*\0\xff\xff\xff\x7f",
                b"\xff" * 8 + b"{}",
                (10**9).to_bytes(8, "little") + b"{}",
            ):
                status, told = self.server.upload(content, kind)
                self.assertIn(status, (400, 413, 422), (kind, content[:20]))
                self.assertTrue(told["error"]["message"])

    def test_a_page_as_a_picture(self):
        for content in (b"<html><script>alert(1)</script>", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"):
            self.assertIn(self.server.upload(content)[0], (400, 422))
            file = self.server.upload(content, "file", "html")[1]["file"]
            self.assertEqual(self.server.get(f"/api/files/{file}")[0], 400)

    def test_unknown_kinds(self):
        for kind in ("", "../x", "executable"):
            self.assertEqual(self.server.upload(SMALL, kind)[0], 400)

    def test_formats_and_numbers(self):
        image = self.server.upload(SMALL)[1]["file"]
        for query in (
            "",
            "?format=exe",
            "?format=/etc/passwd",
            "?format=jpeg&quality=1000",
            "?format=jpeg&quality=x",
            "?format=png&depth=7",
            "?format=png&depth=-8",
            "?format=png&depth=99999999999",
        ):
            self.assertIn(self.server.get(f"/api/files/{image}{query}")[0], (400, 422), query)
        status, headers, content = self.server.get(f"/api/files/{image}?format=png")
        self.assertEqual((status, headers["Content-Type"], headers["Content-Disposition"]), (200, "image/png", "attachment"))
        self.assertTrue(content.startswith(b"\x89PNG"))

    def test_the_memory_for_uploads_is_bounded(self):
        large = png_of(1000, 1000, zlib.compress((b"\0" + b"\x55" * 3000) * 1000, 1))  # 3 MB of pixels
        self.server.upload(large)
        before = self.server.peak_megabytes()
        names = [self.server.upload(large)[1]["file"] for _ in range(30)]
        self.assertEqual(self.server.get(f"/api/files/{names[0]}/view")[0], 404)
        self.assertEqual(self.server.get(f"/api/files/{names[-1]}/view")[0], 200)
        self.assertLess(self.server.peak_megabytes() - before, 60)  # all of them would take 90

    def test_many_small_files(self):
        names = [self.server.upload(b"2.0", "file")[1]["file"] for _ in range(300)]
        self.assertEqual(len(set(names)), 300)

    def test_a_picture_larger_than_the_store(self):
        server = Server("--store-megabytes", "1")
        try:
            status, told = server.upload(png_of(1000, 1000, zlib.compress((b"\0" + b"\x55" * 3000) * 1000, 1)))
            self.assertEqual(status, 413)
            self.assertIn("--store-megabytes", told["error"]["hint"])
        finally:
            self.assertEqual(server.end(), 0)


class Crowds(Attack):
    """Slow clients and many of them."""

    def test_clients_that_ask_slowly_do_not_keep_others_out(self):
        slow = [self.server.connect() for _ in range(150)]
        for connection in slow:
            connection.sendall(b"GET / HT")
        for _ in range(5):
            start = time.monotonic()
            self.assertEqual(self.server.get("/", timeout=30)[0], 200)
            self.assertLess(time.monotonic() - start, 8)
        start = time.monotonic()
        while slow and time.monotonic() - start < 40:
            for connection in list(slow):
                try:
                    connection.send(b"x")
                    connection.settimeout(0.001)
                    if connection.recv(1000) == b"":
                        raise ConnectionResetError
                except TimeoutError:
                    continue
                except OSError:
                    connection.close()
                    slow.remove(connection)
            time.sleep(0.5)
        for connection in slow:
            connection.close()
        self.assertFalse(slow, "slow clients are never cut off")

    def test_an_upload_that_trickles(self):
        with self.server.connect() as connection:
            connection.sendall(
                f"POST /api/files?kind=picture HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\nX-Mirra-Token: "
                f"{self.server.token}\r\nContent-Type: application/octet-stream\r\nContent-Length: 4000000\r\n\r\n".encode()
            )
            start = time.monotonic()
            try:
                while time.monotonic() - start < 60:
                    connection.sendall(b"x" * 100)
                    time.sleep(0.2)
            except OSError:
                pass
            self.assertLess(time.monotonic() - start, 30)

    def test_a_client_that_does_not_read(self):
        noise = random.Random(1).randbytes(1000 * 3001)  # more than the buffers of the system hold
        image = self.server.upload(
            png_of(1000, 1000, zlib.compress(b"".join(b"\0" + noise[3001 * y + 1 : 3001 * (y + 1)] for y in range(1000)), 0))
        )[1]["file"]
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", self.server.port))
        head = "".join(f"{name}: {value}\r\n" for name, value in self.server.headers().items())
        connection.sendall(f"GET /api/files/{image}?format=png HTTP/1.1\r\n{head}\r\n".encode())
        start = time.monotonic()
        self.assertEqual(self.server.get("/")[0], 200)
        time.sleep(1)
        got = 0
        connection.settimeout(60)
        while time.monotonic() - start < 60:  # below the least rate
            try:
                piece = connection.recv(1024)
            except OSError:
                break
            if not piece:
                break
            got += len(piece)
            time.sleep(0.1)
        connection.close()
        self.assertGreater(got, 10000)
        self.assertLess(got, 2_000_000, "the client got all of it")

    def test_two_servers_on_a_port(self):
        second = subprocess.run([PROGRAM, "--port", str(self.server.port)], capture_output=True, text=True, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("--port", second.stderr)

    def test_a_queue_that_is_full(self):
        image = self.server.upload(png(700, 700))[1]["file"]
        jobs, refused = [], 0
        for _ in range(12):
            status, told = self.server.json(
                "POST", "/api/jobs", {"task": "denoise", "quality": "best", "inputs": {"image": image}}
            )
            if status == 202:
                jobs.append(told["job"])
            else:
                refused += 1
                self.assertEqual(status, 503)
                self.assertEqual(told["error"]["code"], "busy")
        self.assertGreater(refused, 0)
        for job in jobs:
            self.assertEqual(self.server.json("DELETE", f"/api/jobs/{job}")[0], 200)
        for job in jobs:
            self.assertIn(self.server.follow(job)["state"], ("cancelled", "done"))


if __name__ == "__main__":
    unittest.main(verbosity=2)

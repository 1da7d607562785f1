"""check_test_totals.py TEST_TOTALS: what scripts/test counts, of outputs that ctest may hold."""

import os
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape, quoteattr

OK = "[       OK ] {} (1 ms)\n"
SKIPPED = "a_test.cpp:7: Skipped\n{}\n[  SKIPPED ] {} (0 ms)\n"


def suite(planned, *parts):
    return f"Running main()\n[==========] Running {planned} tests from 1 test suite.\n" + "".join(parts) + "[==========] done\n"


def began(test):
    return f"[ RUN      ] {test}\n"


def well(test):
    return began(test) + OK.format(test)


def badly(test):
    return began(test) + f"a.cpp:1: Failure\n[  FAILED  ] {test}, where GetParam() = 3 (2 ms)\n"


CASES = [
    # What it is, status, output, passed, failed, skipped, and what is said of it.
    ("all passed", "run", suite(2, well("S.a"), well("S.b")), 2, 0, 0, ""),
    ("noise before a result", "run", suite(1, began("S.a") + "no line end" + OK.format("S.a")), 1, 0, 0, ""),
    ("one failed", "fail", suite(3, well("S.a"), badly("S.b/1"), well("S.c")), 2, 1, 0, "S.b/1: failed"),
    ("failed, but the program says that all is well", "run", suite(1, badly("S.a")), 0, 1, 0, "S.a: failed"),
    ("crashed in the second of three", "fail", suite(3, well("S.a"), began("S.b")), 1, 2, 0, "S.b: did not end"),
    ("ended by exit(0) in the second of four", "run", suite(4, well("S.a"), began("S.b")), 1, 3, 0, "test 4 of 4: was not run"),
    ("a child's failure that the test does not see", "run", suite(1, began("S.a") + "a.cpp:1: Failure\nchild\n" + OK.format("S.a")), 0, 1, 0, "S.a: failed in a process"),
    ("names that begin alike", "fail", suite(2, well("S.ab"), began("S.a")), 1, 1, 0, "S.a: did not end"),
    ("a leak at the end", "fail", suite(2, well("S.a"), well("S.b")), 2, 1, 0, "entry: failed after its tests"),
    ("no tests", "run", suite(0), 0, 1, 0, "entry: has no tests"),
    ("a crash before the first line", "fail", "Segmentation fault\n", 0, 1, 0, "entry: failed"),
    ("skipped for a reason", "run", suite(2, well("S.a"), began("S.b") + SKIPPED.format("this system has no cgroup", "S.b")), 1, 0, 1, "  S.b: skipped: this system"),
    ("skipped for none", "run", suite(1, began("S.a") + "[  SKIPPED ] S.a (0 ms)\n"), 0, 1, 0, "S.a: skipped: no reason given"),
    ("skipped for a bad one", "run", suite(1, began("S.a") + SKIPPED.format("too slow", "S.a")), 0, 1, 0, "S.a: skipped: too slow"),
    ("a script that passed", "run", "fine\n", 1, 0, 0, ""),
    ("a script that failed", "fail", "", 0, 1, 0, "entry: failed"),
    ("a script that skipped itself", "notrun", "SKIP: this system has no bindgen\n", 0, 0, 1, "  entry: skipped: this system"),
    ("a program that is not there", "notrun", "Unable to find executable", 0, 1, 0, "entry: skipped: no reason given"),
]

for name, status, output, passed, failed, skipped, said in CASES:
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(f'<testsuite><testcase name="entry" status={quoteattr(status)}><system-out>{escape(output)}</system-out></testcase></testsuite>')
        file.flush()
        run = subprocess.run([sys.executable, sys.argv[1], file.name], capture_output=True, text=True, env={**os.environ, "CI": "1"})
    if run.stdout.split() != [str(passed), str(failed), str(skipped)] or said not in run.stderr:
        sys.exit(f"{name}: {run.stdout}{run.stderr}")
print(f"{len(CASES)} outputs counted")

"""test_totals.py FILE: prints "passed failed skipped" of a JUnit file of ctest, in single tests: a suite of Google Test counts
as the tests in its output, any other entry as one.

To the standard error: the tests that failed, did not end or were not run, with the end of their output, and those that were
skipped with their reasons. A skip counts as a failure unless the reason is one that no change of ours can mend: the processor,
the system, sanitizers, a PyTorch of another version, or data sets that are not there (continuous integration has them)."""

import os
import re
import sys
import xml.etree.ElementTree as tree

LINES = 40  # of the output of a test that failed
EXPECTED = ["this processor", "this system", "under sanitizers", "MIRRA_TEST_OTHER_TORCH"]
if not os.environ.get("CI"):
    EXPECTED.append("no data set")


def skipped_because(output):
    found = re.search(r"(?:: Skipped\n|\bSKIP: )(.*)", output)
    return "skipped: " + (found.group(1).strip() if found else "no reason given")


def of_suite(suite, ended_well, planned, output):
    """Yields (test, outcome, its output) for each test of a suite."""
    well = True
    parts = re.split(r"\[ RUN      \] ", output)[1:]  # each begins with a test's name, and ends where the next one begins
    for part in parts:
        test = part.split("\n", 1)[0].strip()
        result = re.search(rf"\[ *(OK|FAILED|SKIPPED) *\] {re.escape(test)}[ ,]", part)
        word = result.group(1) if result else ""
        outcome = {"OK": "passed", "FAILED": "failed", "SKIPPED": skipped_because(part)}.get(word, "did not end")
        if outcome == "passed" and re.search(r"^\S+:\d+: Failure$", part, re.MULTILINE):
            outcome = "failed in a process that it started"
        well = well and outcome.startswith(("passed", "skipped"))
        yield test, outcome, part
    for number in range(len(parts) + 1, planned + 1):
        yield f"{suite}: test {number} of {planned}", "was not run", ""
    if planned == 0:
        yield suite, "has no tests", ""
    elif well and len(parts) >= planned and not ended_well:
        yield suite, "failed after its tests", output


def of_entry(case):
    name, status, output = case.get("name"), case.get("status"), case.findtext("system-out") or ""
    planned = re.search(r"^\[==========\] Running (\d+) tests? from", output, re.MULTILINE)
    if status in ("notrun", "disabled"):
        yield name, skipped_because(output), ""
    elif planned:
        yield from of_suite(name, status == "run", int(planned.group(1)), output)
    else:
        yield name, "passed" if status == "run" else "failed", output


passed = failed = skipped = 0
for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
    prefix = "isolated." if case.get("name").startswith("isolated.") else ""
    for test, outcome, output in of_entry(case):
        if outcome == "passed":
            passed += 1
        elif outcome.startswith(tuple(f"skipped: {why}" for why in EXPECTED)):
            print(f"  {test}: {outcome}", file=sys.stderr)
            skipped += 1
        else:
            print(f"FAILED: {prefix}{test.removeprefix(prefix)}: {outcome}", file=sys.stderr)
            for line in output.rstrip().splitlines()[-LINES:]:
                print("   ", line, file=sys.stderr)
            failed += 1
print(passed, failed, skipped)

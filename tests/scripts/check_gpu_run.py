#!/usr/bin/env python3
"""scripts/gpu-run with a program that stands for mirra-train: check_gpu_run.py GPU-RUN PLANS."""

import pathlib
import subprocess
import sys
import tempfile
import tomllib

FAKE = pathlib.Path(__file__).with_name("fake_train.py")
LENGTH = 'length = {group = "%s", unit = "steps", steps = 1, trial = 2, least = 3, most = 100000, reserve = 1}'
PLAN = f"""
[part.slow]
arguments = "work --steps {{length}} --speed 20"
before = 9
{LENGTH % "twins"}
[part.fast]
arguments = "work --steps {{length}} --speed 100"
before = 9
{LENGTH % "twins"}
[part.second]
arguments = "work --steps 5 --speed 100 --needs {{out}}/slow.mirra"
after = ["slow"]
before = 14
[part.late]
arguments = "work --steps 100000 --speed 100"
before = 3
[part.fails]
arguments = "work --steps 5 --speed 100 --fail"
before = 9
[part.program]
program = "{sys.executable}"
arguments = "-c print(__import__('os').environ['SEEN'],'{{build}}','{{device}}')"
on_gpu = {{SEEN = "seen in {{build}}"}}
before = 9
[part.orphan]
arguments = "work --steps 5 --speed 100"
after = ["fails"]
before = 9
"""


def run(gpu_run, plan, out):
    command = [sys.executable, gpu_run, plan, "--data", out, "--out", out / "out", "--tool", FAKE, "--seconds", "14", "--build", "elsewhere"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def main(gpu_run, plans):
    for plan in plans.glob("*.toml"):
        parts = tomllib.loads(plan.read_text())["part"]
        check(all(set(each.get("after", [])) <= set(parts) for each in parts.values()), f"{plan} waits for what it has not")
        values = dict.fromkeys(("out", "data", "build", "device", "length"), "x")
        for each in parts.values():
            words = [each.get("program", ""), *each.get("arguments", "").format(**values).split()]
            scripts = [word for word in words if word.endswith(".py")]
            check(all((gpu_run.parents[1] / script).exists() for script in scripts), f"{plan} calls what is not there: {scripts}")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "plan.toml").write_text(PLAN)
        first = run(gpu_run, folder / "plan.toml", folder)
        made = {each.stem: int(each.read_text()) for each in (folder / "out").glob("*.mirra")}
        check(first.returncode == 1, f"a plan with failures ends with 1, not {first.returncode}: {first.stdout}{first.stderr}")
        check(set(made) == {"slow", "fast", "second"}, f"finished: {made}\n{first.stdout}")
        check(made["slow"] == made["fast"], f"twins have the same length: {made}")
        check(30 <= made["slow"] <= 140, f"the length fits the time of the slower twin: {made}")
        check("late: stopped at 3 seconds" in first.stdout, "a part that is late is stopped")
        log = (folder / "out" / "program.log").read_text()
        check("program: finished" in first.stdout and "seen in elsewhere elsewhere cuda:0" in log, f"a program is run: {log}")
        check("orphan: left out, since fails did not finish" in first.stdout, "what waits for a failure is left out")
        again = run(gpu_run, folder / "plan.toml", folder)
        check("slow: started" not in again.stdout, "what is finished is not begun again")
    print("passed")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))

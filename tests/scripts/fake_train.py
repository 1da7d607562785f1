#!/usr/bin/env python3
"""Stands for mirra-train in check_gpu_run.py: `work N --speed S [--fail] -o FILE` makes N steps, S a second, with its progress lines."""

import argparse
import pathlib
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("kind")
parser.add_argument("--steps", type=int, required=True)
parser.add_argument("--speed", type=float, required=True)
parser.add_argument("--fail", action="store_true")
parser.add_argument("--needs", type=pathlib.Path)
parser.add_argument("--device", required=True)
parser.add_argument("--restart", action="store_true")
parser.add_argument("-o", dest="output", type=pathlib.Path, required=True)
options = parser.parse_args()
if options.fail or (options.needs and not options.needs.exists()):
    sys.exit("error: asked to fail")
began, shown = time.monotonic(), 0.0
try:
    for step in range(1, options.steps + 1):
        time.sleep(1 / options.speed)
        if step == 1 or time.monotonic() - shown > 0.2 or step == options.steps:
            shown = time.monotonic()
            print(f"work {step}/{options.steps} {step / (shown - began):.2f}/s, 00:00 left loss 0.1", file=sys.stderr, flush=True)
except KeyboardInterrupt:
    print("interrupted", file=sys.stderr)
    sys.exit(130)
options.output.write_text(str(options.steps))

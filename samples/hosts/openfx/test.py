"""Renders pictures by the effects in a host over OpenFX's library, and compares them with what the command makes of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "common"))
from checks import check, check_start, made_by_command
from pictures import Picture, difference, read_png, write_png

mirra, work, host = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
by_command = partial(made_by_command, mirra, work)
root = Path(__file__).parents[3]
source, result = work / "in.png", work / "result.png"
fast = ("--quality", "fast")


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    result.unlink(missing_ok=True)
    everything = {**os.environ, **environment}
    return subprocess.run([host, *map(str, command)], capture_output=True, text=True, timeout=300, env=everything)


def render(effect: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(f"org.mirra.ofx.{effect}", source, result, *arguments, **environment)


def rendered(effect: str, *arguments: object, **environment: str) -> Picture:
    done = render(effect, *arguments, **environment)
    if done.returncode != 0:
        sys.exit(f"FAILED: {done.args}\n{done.stderr}")
    return read_png(result)


def effects() -> dict[str, dict]:
    """What the host knows of the effects, by the names of the tasks."""
    listed = json.loads(run("--list").stdout)
    return {name.removeprefix("org.mirra.ofx."): effect for name, effect in listed.items()}


def tasks() -> list[dict]:
    """Those that make a picture of a picture, and need nothing more."""
    schema = json.loads(subprocess.run([mirra, "tasks", "--json"], check=True, capture_output=True, text=True).stdout)

    def is_filter(task: dict) -> bool:
        ports = task["ports"]
        made = any(p["direction"] == "output" and p["type"] == "image" for p in ports)
        return made and all(p["type"] == "image" for p in ports if p["direction"] == "input" and not p["optional"])

    return [task for task in schema["tasks"] if is_filter(task)]


KINDS = {
    "bool": "OfxParamTypeBoolean",
    "int": "OfxParamTypeInteger",
    "float": "OfxParamTypeDouble",
    "enum": "OfxParamTypeChoice",
    "color": "OfxParamTypeRGB",
    "string": "OfxParamTypeString",
    "file": "OfxParamTypeString",
}
BOUNDS = {"minimum": "Min", "maximum": "Max", "soft_minimum": "DisplayMin", "soft_maximum": "DisplayMax"}


def check_parameter(task: str, info: dict, params: dict[str, dict]) -> None:
    """A parameter of an effect is as the task's schema has it."""
    name = f"{task}: {info['name']}"
    param = params.get(info["name"])
    if param is None or param["type"] != KINDS[info["type"]] or param["OfxPropLabel"] != [info["label"]]:
        sys.exit(f"FAILED: {name} is {param}")
    if (param["OfxParamPropParent"] == ["mirra_advanced"]) != (info["advanced"] or info.get("series_place", 1) > 1):
        sys.exit(f"FAILED: {name} is in the group {param['OfxParamPropParent']}")
    if info["type"] in ("int", "float"):
        most = 2**31 - 1 if info["type"] == "int" else float("inf")
        for key, bound in BOUNDS.items():
            have, wanted = float(param[f"OfxParamProp{bound}"][0]), min(info[key], most)
            if abs(have - wanted) > 1e-5 * abs(wanted):  # as the list prints them
                sys.exit(f"FAILED: {name} has the {key} {have}, not {wanted}")
    choice = param if info["type"] == "enum" else params.get(f"{info['name']}_mode", {})
    labels = choice.get("OfxParamPropChoiceOption", [])
    if any(each["label"] not in labels for each in info.get("choices", [])):
        sys.exit(f"FAILED: {name} has the choices {labels}")


def listed() -> None:
    known = effects()
    for task in tasks():
        check(task["name"] in known, f"the task {task['name']} is an effect")
        for info in task["params"]:
            check_parameter(task["name"], info, known[task["name"]]["params"])
        check(known[task["name"]]["label"] == f"Mirra {task['label']}", f"with its {len(task['params'])} parameters")
    check({"denoise", "stylize", "gain", "everything"} <= set(known), "plugins that were dropped in are effects")
    check_start(mirra, work, host, "--list")


def kinds_of_clips() -> None:
    deep, alpha = odd.with_depth(16), odd.with_alpha()
    deep_alpha = alpha.with_depth(16)
    odd_rows = ("--padding", 12, "--downwards", "--origin", "-70,33")
    for what, picture, most, arguments in (
        ("bytes, RGB", odd, 0, ()),
        ("bytes, RGBA", alpha, 0, ("--components", "RGBA")),
        ("bytes, one component", odd.gray(), 0, ("--components", "Alpha")),
        ("shorts, RGB", deep, 0, ("--depth", "short")),
        ("shorts, RGBA", deep_alpha, 0, ("--depth", "short", "--components", "RGBA")),
        ("floats, RGB", deep, 0, ("--depth", "float")),
        ("floats, RGBA", deep_alpha, 0, ("--depth", "float", "--components", "RGBA")),
        ("rows with padding", odd, 0, ("--padding", 37)),
        ("rows of negative bytes", odd, 0, ("--downwards",)),
        ("shorts, all of that, away from the origin", deep, 0, ("--depth", "short", *odd_rows)),
        ("the context General", odd, 0, ("--context", "general")),
        ("a render scale", odd, 0, ("--scale", 0.5)),
    ):
        wanted = by_command(picture, "denoise", *fast)
        apart = difference(rendered("denoise", *arguments, "quality=fast"), wanted)
        check(apart <= most, f"{what}, {picture.width} wide: as by the command ({apart})")
        check(difference(wanted, picture) > 20, "and not as it was")
    # What is nearly transparent has hardly a colour left: it is another picture there.
    wanted = by_command(deep_alpha, "denoise", *fast, "--sigma", "12.5")
    stated = ("--premultiplied", "quality=fast", "sigma_mode=As set", "sigma=12.5")
    multiplied = rendered("denoise", "--components", "RGBA", "--depth", "float", *stated)
    seen = [p.with_depth(8).crop(40, 0, 121, 121) for p in (multiplied, wanted)]
    apart = difference(*seen)
    check(apart <= 2, f"premultiplied alpha: as by the command, but for rounding ({apart})")


def every_task() -> None:
    style = work / "style.png"
    write_png(style, whole.crop(0, 80, 200, 150))
    for task, given, arguments in (
        ("denoise", {"quality": "balanced"}, ("--quality", "balanced")),
        ("stylize", {"style": style, "strength": "0.6"}, ("--style", style, "--strength", "0.6")),
        ("gain", {"gain": "1.5"}, ("--gain", "1.5")),
        ("everything", {"gain_mode": "As set", "gain": "0.75", "tint": "0,1,0.5"}, ("--gain", "0.75", "--tint", "#00ff80")),
    ):
        wanted = by_command(odd, task, *map(str, arguments))
        got = rendered(task, *(f"{name}={value}" for name, value in given.items()))
        check(difference(got, wanted) == 0, f"{task}: as by the command")


def parameters() -> None:
    stated = ("quality=fast", "sigma_mode=As set", "sigma=12.5", "strength=0.5")
    wanted = by_command(odd, "denoise", *fast, "--sigma", "12.5", "--strength", "0.5")
    check(difference(rendered("denoise", *stated), wanted) == 0, "parameters are as by the command")
    wanted = by_command(odd, "denoise", *fast, "--transfer", "linear")
    check(difference(rendered("denoise", "quality=fast", "mirra_linear_light=true"), wanted) == 0, "linear light likewise")
    check("sigma is gray" in render("denoise", "quality=fast").stdout, "a number that does not count is gray")
    check("gray" not in render("denoise", *stated).stdout, "and one that counts is not")
    done = render("denoise", "quality=fast")
    updates = int(re.findall(r"told (\d+) times", done.stdout)[0])
    check(updates > 1, f"progress is told ({updates} times)")


def tiles() -> None:
    """The host gives no more of the source than was asked for."""
    wanted = by_command(even, "denoise", *fast, "--sigma", "12.5")
    stated = ("quality=fast", "sigma_mode=As set", "sigma=12.5")
    done = render("denoise", "--tile", 128, *stated)
    check(done.returncode == 0, f"a part at a time {done.stderr}")
    needs = [int(n) for n in re.findall(r"needs \S+ (\d+)x", done.stdout)]
    check(len(needs) == 12 and min(needs) < even.width, f"and a part needs a part: {min(needs)} of {even.width} columns")
    check(difference(read_png(result), wanted) <= 1, "and the parts are as by the command")
    wanted = by_command(even, "denoise", *fast)
    tiled = rendered("denoise", "--tile", 200, "--padding", 5, "--downwards", "--origin", "-200,9", "quality=fast")
    check(difference(tiled, wanted) <= 1, "also where the noise of the whole is measured")


def threads() -> None:
    wanted = by_command(even, "denoise", *fast, "--sigma", "12.5")
    stated = ("--threads", 2, "--tile", 128, "quality=fast", "sigma_mode=As set", "sigma=12.5")
    for _ in range(3):
        check(difference(rendered("denoise", *stated), wanted) <= 1, "renders of two threads at once are as by the command")


def commas() -> None:
    if not os.environ.get("LOCPATH"):
        print("there is no German locale; decimal commas are not tested")
        return
    wanted = by_command(odd, "denoise", *fast, "--strength", "0.5")
    strength = rendered("denoise", "quality=fast", "strength=0,5", LC_ALL="de_DE.UTF-8")
    check(difference(strength, wanted) == 0, "decimal commas of the locale change nothing")


def failures() -> None:
    write_png(source, odd)
    number, broken = work / "number.txt", work / "broken.png"
    number.write_text("none\n")
    broken.write_bytes(source.read_bytes()[:100])
    for what, effect, settings, said in (
        ("a bundle that is missing", "denoise", ("bundle=/nowhere/x.mirra",), "/nowhere/x.mirra"),
        ("too small a memory limit", "denoise", ("memory_limit=1",), "memory"),
        ("a device that is missing", "denoise", ("device=cuda:7",), "cuda:7"),
        ("a picture that is missing", "stylize", ("style=/nowhere/style.png",), "/nowhere/style.png"),
        ("a picture that is damaged", "stylize", (f"style={broken}",), str(broken)),
        ("a file of a plugin's", "everything", ("mode=From a file", f"source={number}"), "no number"),
    ):
        for kind, arguments in (("persistent OfxMessageError", ()), ("OfxMessageError", ("--old-host",))):
            done = render(effect, *arguments, *settings)
            message = done.stderr.splitlines()[0]
            right = message.startswith(f"{kind}: ") and said in message and "failed, status 1" in done.stderr
            check(right and done.returncode == 1 and not result.exists(), f"{what}: {done.stderr.strip()}")
    done = render("denoise", "--threads", 2, "--tile", 128, "bundle=/nowhere/x.mirra")
    both = done.stderr.count("/nowhere/x.mirra") == 2 and "work of threads failed, status 1" in done.stderr
    check(both and done.returncode == 1, "each of two threads says that a bundle is missing")
    check("message is cleared" in render("denoise", "quality=fast").stdout, "the next render takes the message away")
    done = render("denoise", "--no-source")
    check(done.returncode == 1 and "failed, status 1" in done.stderr, "a source that cannot be had")


def aborted() -> None:
    write_png(source, whole)
    for calls in (0, 2, 20):
        done = render("denoise", "--abort-after", calls, "quality=best", "sigma_mode=As set", "sigma=25")
        silent = "OfxMessage" not in done.stderr
        check(silent and "failed, status 1" in done.stderr, "an aborted render fails without a message")
        seconds = float(re.findall(r"ended (\S+) s after", done.stdout)[0])
        check(seconds < 1 and not result.exists(), f"and ends within a second: {seconds} s")


whole = read_png(root / "docs/images/denoise.png")
even, odd = whole.crop(400, 80, 512, 384), whole.crop(560, 80, 161, 121)
listed()
kinds_of_clips()
every_task()
parameters()
tiles()
threads()
commas()
failures()
aborted()

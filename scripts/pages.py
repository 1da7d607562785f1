#!/usr/bin/env python3
"""Looks after the documents: `scripts/docs` and the tests call it. Needs Python alone; `examples` and `generate` need the built tools.

    scripts/pages.py links                  links, anchors and paths lead somewhere, quotations are true
    scripts/pages.py examples [PAGE...]     runs the pages' shell examples, in their order, in one shell a page
    scripts/pages.py generate [--check]     writes the reference pages that come from the tools, or says which are out of date
    scripts/pages.py stage FOLDER           copies the pages, and what they link to, for the site
"""
import atexit
import functools
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(os.environ.get("MIRRA_BIN", ROOT / "build/release/bin"))
FENCE = re.compile(r"(?:<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<kind>[\w,]*)\n(?P<text>.*?)^```$", re.S | re.M)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
# A path of the repository in the text, as `sdk/graph/` or `tests/unit/image_*_test.cpp`.
PATH = re.compile(r"`((?:capi|cmake|docs|include|plugins|samples|scripts|sdk|tests|trainer)/[\w./*-]*)`")
# Puts standard input into a file in place of the one match of a pattern.
EDIT = ("import re, sys; path, pattern = sys.argv[1:]; new = sys.stdin.read(); old = open(path).read(); "
        "text, count = re.subn(pattern, lambda _: new, old, flags=re.S); open(path, 'w').write(text); sys.exit(count != 1)")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def pages():
    """The Markdown files of the repository, also new ones."""
    if not (ROOT / ".git").exists():  # an unpacked archive
        found = (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.md"))
        return sorted(name for name in found if not name.startswith("build/"))
    listed = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT,
                            check=True, capture_output=True, text=True).stdout.split("\n")
    return [name for name in sorted(set(listed)) if name and (ROOT / name).is_file()]


def anchors(text):
    """The anchors of a page's headings, as GitHub and the site make them."""
    found, seen = set(), {}
    for heading in re.findall(r"^#{1,6} (.*)$", FENCE.sub("", text), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
        found.add(slug if slug not in seen else f"{slug}-{seen[slug]}")
        seen[slug] = seen.get(slug, 0) + 1
    return found


def targets(page, text):
    """(link, file or None if it is not in the repository, anchor) of each local link outside of code."""
    for link in LINK.findall(re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        name = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        yield link, name if (ROOT / name).is_file() else None, anchor


def check_links():
    wrong, texts = [], {name: (ROOT / name).read_text() for name in pages()}
    for page, text in texts.items():
        for link, name, anchor in targets(page, text):
            if name is None:
                wrong.append(f"{page}: no file for the link {link}")
            elif anchor and name in texts and anchor not in anchors(texts[name]):
                wrong.append(f"{page}: no heading for the link {link}")
        for path in PATH.findall(FENCE.sub("", text)) if page != "CHANGELOG.md" else ():
            if not any(ROOT.glob(path.rstrip("/"))):
                wrong.append(f"{page}: there is no {path}")
        for fence in FENCE.finditer(text):
            if (fence["mark"] or "").startswith("from "):
                source = fence["mark"].split()[1]
                if fence["text"] not in (ROOT / source).read_text():
                    wrong.append(f"{page}: the quotation is not in {source}")
    linked = {name for page, text in texts.items() for _, name, _ in targets(page, text)}
    wrong += [f"{name}: no page links here" for name in texts if name.startswith("docs/") and name not in linked]
    return wrong


# ---- examples ----


def png(path, width, height, value, bits=8):
    """A picture of three channels; `value` gives the share of each from x and y between 0 and 1."""
    most, form = (1 << bits) - 1, ">H" if bits == 16 else ">B"
    rows = b"".join(b"\0" + b"".join(struct.pack(form, round(max(0, min(1, share)) * most))
                                      for x in range(width) for share in value(x / width, y / height)) for y in range(height))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def scene(number):
    """Patches of colour with a little shading, other ones for each number."""
    dice = random.Random(number)
    patches = [[dice.random() for _ in range(3)] for _ in range(49)]

    def value(x, y):
        return [0.8 * share + 0.1 * x + 0.1 * y for share in patches[7 * int(7 * y) + int(7 * x)]]
    return value


def safetensors(path, shapes):
    header, place = {}, 0
    for name, shape in shapes.items():
        size = 4
        for extent in shape:
            size *= extent
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + struct.pack("<f", 0.01) * (place // 4))


@functools.cache
def installation():
    """An installation: the folder above the tools if they are installed, else one that is made of their build folder."""
    if not (BIN.parent / "CMakeCache.txt").exists():  # a build folder has a share/mirra, too
        return BIN.parent
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    subprocess.run(["cmake", "--install", BIN.parent, "--prefix", folder], check=True, stdout=subprocess.DEVNULL)
    return pathlib.Path(folder)


def make_inputs(folder):
    """What the examples take for granted: pictures, folders, the repository's own folders, and an installation."""
    for name in ("photo", "photo2", "painting"):
        png(folder / f"{name}.png", 160, 128, scene(len(name)))
    png(folder / "small.png", 64, 64, scene(1))
    png(folder / "map.png", 40, 32, lambda x, y: (x, x, x))
    png(folder / "render.png", 96, 64, scene(2), 16)
    for number in range(26):
        png(folder / f"photos/{number}.png", 136, 136, scene(number))
    for number in range(3):
        png(folder / f"test/{number}.png", 96, 96, scene(number + 50))
        png(folder / f"holiday/{'best/' if number else ''}{number}.png", 120, 90, scene(number + 60))
    png(folder / "styles/style.png", 96, 96, scene(77))
    for number in range(140):
        png(folder / f"classes/{CLASSES[number % 10]}/{number}.png", 32, 32, scene(number))
    for name in ("bundles", "build", "include", "plugins", "samples", "tests", "trainer"):
        source = BIN.parent.parent if name == "build" else ROOT / name
        (folder / name).mkdir() if name == "build" else (folder / name).symlink_to(source)
    (folder / "build" / BIN.parent.name).symlink_to(BIN.parent)
    (folder / "installed").symlink_to(installation())
    shutil.copy(ROOT / "bundles/encoder-resnet18-std.mirra", folder / "theirs.pth")  # told by its content
    norm = {f"body.1.{name}": [8] for name in ("weight", "bias", "running_mean", "running_var")}
    safetensors(folder / "net.pth", {"body.0.weight": [8, 3, 3, 3], "body.0.bias": [8], **norm, "fc.weight": [2, 2048],
                                     "fc.bias": [2]})


def run_examples(page, whole):
    """None, or what went wrong."""
    script = ["set -euo pipefail"]
    for fence in FENCE.finditer((ROOT / page).read_text()):
        mark = fence["mark"] or ""
        if mark.startswith("needs ") and not shutil.which(mark[6:]):
            print(f"{page}: an example is not run, there is no {mark[6:]}")
        elif mark.startswith("file: "):
            script.append(f"cat >{mark[6:]} <<'END_OF_FILE'\n{fence['text']}END_OF_FILE")
        elif mark.startswith("edit: "):
            _, path, pattern = mark.split(" ", 2)
            script.append(f"python3 -c {shlex.quote(EDIT)} {path} {shlex.quote(pattern)} <<'END_OF_FILE'\n{fence['text']}END_OF_FILE")
        elif fence["kind"] == "sh" and not mark.startswith("not run here"):
            script.append(f"set -x\n{fence['text']}{{ set +x; }} 2>/dev/null")
    if len(script) == 1:
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_inputs(folder)
        environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
        convert = "for f in photo photo2 painting; do mirra denoise $f.png -o $f.jpg --strength 0 -q; done >/dev/null"
        subprocess.run(["bash", "-ec", convert], cwd=folder, env=environment, check=True)
        done = subprocess.run(["bash", "-c", "\n".join(script)], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    if whole:
        print(done.stdout)
    return None if done.returncode == 0 else f"{page}: an example ended with {done.returncode}\n{done.stdout[-1500:]}"


# ---- pages that are generated ----


def tool(*words):
    return subprocess.run(words, executable=BIN / words[0], check=True, capture_output=True, text=True,
                          env={**os.environ, "COLUMNS": "100"}).stdout


def cell(text):
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def number(value):
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def values(parameter):
    """The values that a parameter takes, for people."""
    choices = [f"`{choice['value']}`" for choice in parameter.get("choices", [])]
    if parameter["type"] in ("int", "float"):
        most = "" if parameter["maximum"] >= 1e5 else number(parameter["maximum"])
        span = f"{number(parameter['minimum'])} to {most}" if most else f"from {number(parameter['minimum'])}"
        return ", ".join([span, *choices])
    return ", ".join(choices) if choices else {"bool": "on or off", "string": "text"}.get(parameter["type"], parameter["type"])


def standard(parameter):
    if parameter["type"] == "bool":
        return "on" if parameter["default"] in (True, 1) else "off"
    return f"`{number(parameter['default'])}`" if parameter["default"] not in ("", None) else ""


# tests/unit/plugin_light_test.cpp holds the tasks to it.
LIGHT = """
## Light beyond 0 to 1

A program may give a task pictures of floats with values below 0 or above 1, as the linear light of a scene has them. (PNG
and JPEG files have none.) Every task sees such values as they are. Linear light is brought to the sRGB curve, which goes on
beyond 1. What a task writes is clipped:

| Task | Values beyond 0 to 1 |
|---|---|
| `denoise` | become 0 and 1 in the result |
| `invert`, `stylize` | count as they are; the result is within 0 to 1 |
| `detect`, `style-prepare` | count as they are, in scores, heat and statistics; a heat map is within 0 to 1 |

To keep highlights, scale the light to 0 to 1 before the task and back after it. A task of a plugin keeps them by itself where
it sets `MIRRA_SETUP_UNBOUNDED`.
"""


def tasks_page():
    lines = ["# Tasks", "", "Every task, its inputs and outputs, and its parameters. This page is made from the plugins' own description,",
             "as `mirra tasks --json` prints it. On the command line each parameter is an option of the same name, with `-` for `_`.",
             "The `weight` of a style stands behind its file: `--style FILE:WEIGHT`. Options that all tasks share are in [the command",
             "line](cli.md#options)."]
    for task in json.loads(tool("mirra", "tasks", "--json"))["tasks"]:
        lines += ["", f"## {task['name']}", "", task["doc"]]
        if task["default_bundle"]:
            lines += ["", f"Without `--bundle` it uses `{task['default_bundle']}`."]
        lines += ["", "| Input or output | Type | Meaning |", "|---|---|---|"]
        for port in task["ports"]:
            about = ", ".join(filter(None, [port["direction"], port["type"], "optional" if port["optional"] else ""]))
            lines.append(f"| `{port['name']}` | {about} | {cell(port['doc'])} |")
        lines += ["", "| Parameter | Values | Default | Meaning |", "|---|---|---|---|"]
        for parameter in task["params"]:
            lines.append(f"| `{parameter['name']}` | {values(parameter)} | {standard(parameter)} | {cell(parameter['doc'])} |")
    return "\n".join(lines) + "\n" + LIGHT


def subcommands(help_text):
    part = help_text.partition("Subcommands:\n")[2]
    return re.findall(r"^  (\S+) ", part, re.M)


def trainer_page():
    lines = ["# The `mirra-train` command", "", "Every command and its options, as `--help` prints them. This page is made by the tool itself.",
             "[How-to guides](../index.md) show how to use them, and [recipes](recipes.md) have the rest of the settings.",
             "", "In the lists below, `[...]` is what holds if an option is left out.", "",
             "| Exit code | Meaning |", "|---|---|", "| 0 | done |", "| 1 | an error; the message says what, where, and what to do |",
             "| 2 | the command line is wrong |",
             "| 130 | interrupted with Ctrl-C (or SIGTERM); a training goes on with the same command |"]
    for name in subcommands(tool("mirra-train", "--help")):
        text = tool("mirra-train", name, "--help")
        inner = subcommands(text)
        if not inner:
            lines += ["", f"## {name}", "", "```text", text.strip(), "```"]
        for each in inner:
            lines += ["", f"## {name} {each}", "", "```text", tool("mirra-train", name, each, "--help").strip(), "```"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


GENERATED = {"docs/reference/tasks.md": tasks_page, "docs/reference/mirra-train.md": trainer_page,
             "docs/reference/recipes.md": lambda: tool("mirra-train", "recipe")}


def generate(check):
    old = []
    for name, make in GENERATED.items():
        text = make()
        if (ROOT / name).is_file() and (ROOT / name).read_text() == text:
            continue
        old.append(f"{name} is not what the tools say; `scripts/pages.py generate` writes it")
        if not check:
            (ROOT / name).write_text(text)
            print(f"wrote {name}")
    return old if check else []


def stage(folder):
    """The tree of the site: the pages where they lie, and every file that one of them links to."""
    for page in pages():
        text = (ROOT / page).read_text()
        images = re.findall(r'(?:src|srcset)="([^":]+)"', text)
        names = [page, *(name for _, name, _ in targets(page, text) if name)]
        names += [os.path.normpath(os.path.join(os.path.dirname(page), image)) for image in images]
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return []


def main(words):
    if words[:1] == ["links"]:
        wrong = check_links()
    elif words[:1] == ["examples"]:
        # Those of the bindings and samples are run by their own tests.
        everywhere = [page for page in pages() if not page.startswith(("bindings/", "samples/"))]
        chosen = [word for word in words[1:] if word != "-v"] or everywhere
        wrong = [problem for problem in (run_examples(page, "-v" in words) for page in chosen) if problem]
    elif words[:1] == ["generate"]:
        wrong = generate("--check" in words)
    elif words[:1] == ["stage"] and len(words) == 2:
        wrong = stage(pathlib.Path(words[1]))
    else:
        print(__doc__)
        return 2
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Writes manual pages from what the programs say of themselves: their --help, and the schema of the tasks.

usage: man_pages.py tools|trainer PROGRAM CLI.md FOLDER

tools writes mirra(1) and a page for every task and command; trainer does so for mirra-train. CLI.md is
docs/reference/cli.md: the meaning of the environment's variables is read from its table. The pages are compressed.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

EXAMPLES = {
    "mirra": [
        (
            "Take the noise out of a photograph, and look at both side by side:",
            "mirra denoise photo.jpg -o clean.jpg --compare before-after.png",
        ),
        ("A folder, with at most 800 MB:", "mirra denoise holiday/ -o clean/ --memory-limit 800"),
        ("Give a picture the style of another:", "mirra stylize photo.jpg --style painting.jpg -o styled.png"),
        ("Look whether everything is there:", "mirra doctor"),
    ],
    "mirra-train": [
        (
            "Train a small denoiser on a folder of photographs:",
            "mirra-train denoiser --data photos/ --recipe small/denoiser-fast -o my-denoiser.mirra",
        ),
        ("Use it:", "mirra denoise photo.jpg -o clean.jpg --bundle ./my-denoiser.mirra"),
    ],
}


class Program:
    """A program whose help is read."""

    def __init__(self, path):
        self.path = path
        self.name = Path(path).name
        # What the caller's own plugins and settings would add belongs on no page.
        self.environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
        self.version = re.search(r"\d+\.\d+\.\d+", self.ask("--version")).group()

    def ask(self, *arguments):
        """What the program prints."""
        done = subprocess.run(
            [self.name, *arguments],
            executable=self.path,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout


def without_option_groups(text):
    """The lines of a help; options of which one is required become a group like others."""
    group = None
    for line in text.splitlines():
        begins = re.fullmatch(r"\[Option Group: (.*)\]", line)
        required = re.fullmatch(r"  \[(.*)\]", line)
        if begins:
            group = begins[1]
        elif group and required:
            group += ": " + required[1][0].lower() + required[1][1:]
        elif group and line == "  Options:":
            yield group + ":"
        elif group and not line:
            group = None
        else:
            yield line[2:] if group else line


class Help:
    """The parts of a --help: what it says first, its usage, its groups of entries, what it says last."""

    def __init__(self, text):
        self.intro, self.usage, self.groups, self.closing = [], [], [], []
        kind, entry = None, None
        for line in without_option_groups(text):
            if line.startswith("Usage:") or (kind == "usage" and line.startswith("       ")):
                kind = "usage"
                # The program's folder is of no interest.
                self.usage.append(re.sub(r"\S*/(mirra\S*)", r"\1", line[7:].strip()))
            elif line.startswith("  ") and self.groups:
                listed = self.groups[-1][0] in ("Tasks", "Commands")  # a long name has one space behind it
                columns = re.match(r"  (\S+)\s+(.*)" if listed else r"  (\S.*?)(?:  +|$)(.*)", line)
                if columns and not line.startswith("     "):
                    entry = [columns[1], columns[2].strip()]
                    self.groups[-1][1].append(entry)
                else:
                    entry[1] = (entry[1] + " " + line.strip()).strip()
            elif re.fullmatch(r"[A-Z].*:", line):
                self.groups.append((line[:-1], []))
                kind = "group"
            elif line.strip():
                (self.closing if self.groups else self.intro).append(line.strip())

    def entries(self, name):
        """The entries of a group, none where there is no such group."""
        return next((entries for group, entries in self.groups if group == name), [])

    def description(self):
        """What stands before the usage."""
        return " ".join(self.intro)


def quoted(text):
    """Text as roff takes it literally."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    return re.sub(r"^\.", "\\&.", text)


def paragraph(text):
    """Running text, a sentence a line; what stands in backquotes is bold."""
    parts = re.split(r"`([^`]*)`", text)
    pieces = [quoted(part) if at % 2 == 0 else "\\fB" + quoted(part) + "\\fR" for at, part in enumerate(parts)]
    lines = re.sub(r"([.!?]) +(?=[A-Z\\])", r"\1\n", "".join(pieces)).splitlines()
    wrapper = textwrap.TextWrapper(78, break_long_words=False, break_on_hyphens=False)
    wrapped = (part for line in lines for part in wrapper.wrap(line))
    # A line that begins so would be a request.
    return "\n".join(re.sub(r"^(?=[.\\'](?!f))", r"\\&", line) for line in wrapped)


def term(text):
    """The name of an option or argument, bold, and what it takes, slanted."""
    notes = []
    text = re.sub(r" ?\bREQUIRED\b", lambda _: notes.append("required") or "", text)
    for word, options in re.findall(r" (Excludes|Needs):((?: -\S+)+)", text):
        text = text.replace(f" {word}:{options}", "")
        notes.append(word.lower() + " " + options.strip())
    names, _, value = text.partition(" ")
    spelled = ", ".join("\\fB" + quoted(name) + "\\fR" for name in names.split(","))
    value = re.sub(r"^(TEXT|INT|UINT|FLOAT|float|int|enum|bool|text)\b:?(?=[\[{A-Z]|INT)", r"\1 ", value.strip())
    if value:
        spelled += " \\fI" + quoted(re.sub(r",(?! )", ", ", value)) + "\\fR"  # a line may end behind a comma
    return spelled + (" (" + quoted(", ".join(notes)) + ")" if notes else "")


def entry_list(entries):
    """Entries of a group as a list."""
    return "".join(f".TP\n{term(name)}\n{paragraph(text)}\n" for name, text in entries)


def first_words(text):
    """The first sentence of a description, as the line NAME has it."""
    sentence = re.split(r"[.:](?:\s|$)", text)[0].replace("`", "")
    return sentence[0].lower() + sentence[1:] if sentence[1:2].islower() or sentence[1:2] == " " else sentence


class Page:
    """A page of section 1, as it grows."""

    def __init__(self, name, about, program):
        self.name = name
        day = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
        self.text = (
            f'.\\" Generated by man_pages.py from the help of {program.name}.\n'
            f'.TH {name.upper()} 1 {day} "Mirra {program.version}" "Mirra"\n'
            f".SH NAME\n{quoted(name)} \\- {quoted(about)}\n"
        )

    def section(self, title, body):
        """Adds a section, unless it is empty."""
        if body:
            self.text += f".SH {title}\n{body.rstrip()}\n"

    def synopsis(self, usage):
        """The usage: names of the command bold."""
        lines = []
        for line in usage:
            words = re.match(r"((?:mirra\S*|[a-z-]+)(?: [a-z][a-z-]*)*)(.*)", line)
            lines.append(f".B {quoted(words[1])}\n{quoted(words[2].strip())}")
        self.section("SYNOPSIS", "\n.br\n".join(lines))

    def options(self, text):
        """All groups of a help but commands, the first without a heading of its own."""
        body = entry_list(text.entries("Positionals")) + entry_list(text.entries("Options"))
        for name, entries in text.groups:
            if name not in ("Positionals", "Options", "Subcommands"):
                body += f".SS {quoted(name)}\n{entry_list(entries)}"
        self.section("OPTIONS", body)

    def examples(self):
        """Those that this page has."""
        body = "".join(
            f".PP\n{paragraph(said)}\n.PP\n.nf\n.RS\n{quoted(line)}\n.RE\n.fi\n"
            for said, line in EXAMPLES.get(self.name, [])
        )
        self.section("EXAMPLES", body.removeprefix(".PP\n"))

    def see_also(self, names):
        """References to other pages."""
        self.section("SEE ALSO", ",\n".join(f".BR {quoted(name)} (1)" for name in names if name != self.name))

    def write(self, folder):
        """Into FOLDER/NAME.1.gz, the same bytes at every time."""
        with open(folder / f"{self.name}.1.gz", "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
            packed.write(self.text.encode())


def environment(cli):
    """The table of variables in docs/reference/cli.md."""
    table = Path(cli).read_text(encoding="utf-8").partition("## Environment")[2]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.M)
    if not rows:
        sys.exit(f"error: {cli} has no table of variables under 'Environment'")
    return "".join(f".TP\n.B {name}\n{paragraph(meaning)}\n" for name, meaning in rows)


def exit_status(entries):
    """The exit codes of mirra's own help."""
    return "".join(f".TP\n.B {code}\n{paragraph(meaning)}\n" for code, meaning in entries)


def tools(program, cli):
    """mirra(1) and the pages of its tasks and commands."""
    main = Help(program.ask("--help"))
    docs = {task["name"]: task["doc"] for task in json.loads(program.ask("tasks", "--json"))["tasks"]}
    tasks, commands = main.entries("Tasks"), main.entries("Commands")
    names = [f"mirra-{name}" for name, _ in tasks + commands if name != "run"]
    status = exit_status(main.entries("Exit codes"))
    variables = environment(cli)

    page = Page("mirra", "denoise, stylize, invert and judge pictures", program)
    page.synopsis(main.usage)
    page.section(
        "DESCRIPTION",
        paragraph(
            "mirra takes the noise out of photographs, gives them the style of others, shows what a network sees in "
            "them, and finds defects in pictures of parts. A task takes a picture, a folder or a pattern. The ending "
            "of the output chooses its format. Plugins bring further tasks."
        )
        + "\n.PP\n"
        + paragraph(" ".join(main.closing)),
    )
    page.section("TASKS", entry_list([[name, docs[name]] for name, _ in tasks]))
    page.section("COMMANDS", entry_list(commands))
    page.examples()
    page.section("EXIT STATUS", status)
    page.section("ENVIRONMENT", variables)
    page.see_also(names)
    yield page

    for name, said in tasks + commands:
        if name == "run":
            continue
        text = Help(program.ask(name, "--help"))
        doc = docs.get(name, said)
        page = Page(f"mirra-{name}", first_words(said), program)
        page.synopsis(text.usage)
        page.section("DESCRIPTION", paragraph(doc))
        page.options(text)
        page.section("EXIT STATUS", status)
        page.section("ENVIRONMENT", variables)
        page.see_also(["mirra", *(f"mirra-{other}" for other in [entry[0] for entry in tasks])])
        yield page


def command_page(program, name):
    """The page of a command of mirra-train, with the commands below it."""
    text = Help(program.ask(name, "--help"))
    page = Page(f"{program.name}-{name}", first_words(text.description()), program)
    page.synopsis(text.usage)
    page.section("DESCRIPTION", paragraph(text.description() + "."))
    page.options(text)
    for below, said in text.entries("Subcommands"):
        inner = Help(program.ask(name, below, "--help"))
        body = paragraph(said + ".") + "\n"
        body += "".join(entry_list(entries) for _, entries in inner.groups)
        page.section(quoted(f"{name} {below}".upper()), body)
    page.see_also([program.name])
    return page


def trainer(program, cli):
    """mirra-train(1) and the pages of its commands."""
    main = Help(program.ask("--help"))
    commands = main.entries("Subcommands")
    page = Page(program.name, first_words(main.description()), program)
    page.synopsis(main.usage)
    page.section("DESCRIPTION", paragraph(main.description() + "."))
    page.section("COMMANDS", entry_list(commands))
    page.section("OPTIONS", entry_list(main.entries("Options")))
    page.examples()
    page.section("ENVIRONMENT", environment(cli))
    page.see_also([*(f"{program.name}-{name}" for name, _ in commands), "mirra"])
    yield page
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        yield from threads.map(lambda command: command_page(program, command[0]), commands)


def main():
    """The command line."""
    kind, path, cli, folder = sys.argv[1:]
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for page in {"tools": tools, "trainer": trainer}[kind](Program(path), cli):
        page.write(folder)


main()

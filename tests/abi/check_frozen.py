#!/usr/bin/env python3
"""check_frozen.py FROZEN TODAY CC: today's headers hold all that the frozen ones promised.

FROZEN and TODAY are folders with mirra/mirra.h and mirra/mirra_plugin.h. Every declaration of the frozen headers is
written down once more behind today's headers, and the C compiler compares: prototypes and typedefs as they are; structs
field by field (type, place, size of the whole, which may grow); enumerators by value. This covers what no exported
function shows, such as the tables of plugins and the values of enums.
"""
import re
import subprocess
import sys
from pathlib import Path

HEADERS = ["mirra/mirra.h", "mirra/mirra_plugin.h"]
FROZEN_STRUCTS = {"mirra_plane"}  # lie in arrays inside of other structs: may not grow


def declarations(text):
    """The top-level declarations of a header as C sees it, without comments and preprocessor lines."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"#ifdef __cplusplus\n.*?(?:#else\n(.*?))?#endif", lambda m: m.group(1) or "", text, flags=re.S)
    text = re.sub(r"\\\n", " ", text)
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    depth, start = 0, 0
    for place, sign in enumerate(text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign == ";" and depth == 0:
            yield " ".join(text[start:place].split())
            start = place + 1


def fields(body):
    for part in filter(None, (piece.strip() for piece in body.split(";"))):
        function = re.search(r"\(\*(\w+)\)\(", part)
        if function:
            yield function.group(1)
        else:
            for name in part.split(","):
                yield re.search(r"(\w+)(?:\[\w+\])?$", name.strip()).group(1)


def check_struct(name, body):
    frozen = f"frozen_{name}"
    lines = [f"struct {frozen} {{ {body} }};"]
    relation = "==" if name in FROZEN_STRUCTS else ">="
    lines.append(f'_Static_assert(sizeof({name}) {relation} sizeof(struct {frozen}), "{name} has another size");')
    for field in fields(body):
        both = f"{name}.{field}"
        lines.append(f'_Static_assert(offsetof({name}, {field}) == offsetof(struct {frozen}, {field}), "{both} has moved");')
        lines.append(f"_Static_assert(__builtin_types_compatible_p(__typeof__((({name} *)0)->{field}), "
                     f'__typeof__(((struct {frozen} *)0)->{field})), "{both} has another type");')
    return lines


def check_enum(body):
    lines = ["enum { " + re.sub(r"(\w+)( = [^,]+|)(,|$)", r"frozen_\1\2\3 ", body.strip()) + "};"]
    for name in re.findall(r"(\w+)(?: = [^,]+|)(?:,|$)", body.strip()):
        lines.append(f'_Static_assert((long long){name} == (long long)frozen_{name}, "{name} has another value");')
    return lines


def checks(text):
    for declaration in declarations(text):
        struct = re.fullmatch(r"(?:typedef )?struct (\w*) ?\{(.*)\} ?(\w*)", declaration)
        enum = re.fullmatch(r"(?:typedef )?enum ?\w* ?\{(.*)\} ?\w*", declaration)
        if struct and "DL" in declaration.split("{")[0] + struct.group(3):
            continue  # DLPack's own, see check_headers.sh
        if struct:
            yield check_struct(struct.group(1) or struct.group(3), struct.group(2))
        elif enum:
            yield check_enum(enum.group(1).rstrip(", "))
        else:
            yield [declaration.replace("MIRRA_API ", "").replace("MIRRA_PLUGIN_EXPORT ", "") + ";"]


def main():
    frozen, today, compiler = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    lines = [f"#include <{header}>" for header in HEADERS]
    for header in HEADERS:
        for check in checks((frozen / header).read_text()):
            lines += check
    program = "\n".join(lines) + "\n"
    command = [compiler, "-std=gnu11", "-fsyntax-only", "-w", f"-I{today}", "-x", "c", "-"]
    result = subprocess.run(command, input=program, capture_output=True, text=True)
    for line in result.stderr.splitlines():
        if "error:" in line:
            print("FAIL:", line.split("error:", 1)[1].strip())
    count = program.count("_Static_assert") + len(re.findall(r"^(?!struct|enum|_Static|#).+;$", program, flags=re.M))
    print(f"{count} promises of {frozen}")
    return 1 if result.returncode or count < 500 else 0


if __name__ == "__main__":
    sys.exit(main())

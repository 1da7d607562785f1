"""Turns the plain comments of a C header into those that Doxygen reads: `/* before */` and `code; /* behind */`.

Doxygen fails for whatever has no comment. What a rule of the header's first comment, or a neighbour, says for several
gets its comment here: sizes and reserved fields of structs, counts, names declared together, destroy functions, the enum
behind its type. DLPack's own declarations are left out.
"""
import re
import sys

COMMENT = r"(?:[^*]|\*(?!/))*\*/"


def repeat(match):
    """`int a, b; /**< both */` becomes a declaration each."""
    before, indent, kind, names, behind = (part or "" for part in match.groups())
    return "\n".join(f"{before}{indent}{kind}{name.strip()};{behind}" for name in names.split(","))


def plain_to_doxygen(text):
    text = re.sub(r"^/\* ---- DLPack ---- \*/$.*?(?=^/\* ---- )", "", text, flags=re.M | re.S)
    text = re.sub(r"^(/\* ----.*?\*/)$", "", text, flags=re.M)  # headings of sections
    text = re.sub(r"^/\* (mirra\w*\.h) - ", r"/** @file \1\n * ", text)
    text = re.sub(r"^( *)/\* ", r"\1/** ", text, flags=re.M)
    text = re.sub(r"^([^/\n]*\S[^/\n]*?[,;{] *)/\* ", r"\1/**< ", text, flags=re.M)
    text = re.sub(r"^([^/\n]*\S +)/\* ", r"\1/**< ", text, flags=re.M)
    return text.replace("@returns", "\\returns")


def split_lists(text):
    kind, names = r"((?:const )?\w+ \**)", r"(\w+(?:,\s+\**\w+)+)"
    return re.sub(rf"^( */\*\* {COMMENT}\n)?( +){kind}{names};((?: */\*\*< {COMMENT})?)", repeat, text, flags=re.M)


RULES = [
    (r" +uint32_t struct_size;", "sizeof(the struct), set by the caller"),
    (r" +u?int32_t reserved\w*;", "0"),
    (r" +uint32_t \w+_count;", "how many there are"),
    (r"MIRRA_API void mirra_\w+_destroy\(", "Gives it back. Takes NULL."),
    (r"enum \w+_(value|flag) {", "The values of the type before."),
]


def apply_rules(text):
    """A comment by rule for declarations that have none of their own."""
    for pattern, comment in RULES:

        def add(match):
            before = text[: match.start()].rstrip()
            last = before.rfind("/**") if before.endswith("*/") else -1
            if "/**<" in match.group() or last >= 0 and before[last + 3] != "<":
                return match.group()
            return f"/** {comment} */\n{match.group()}"

        text = re.sub(rf"^{pattern}.*$", add, text, flags=re.M)
    return text


sys.stdout.write(apply_rules(split_lists(plain_to_doxygen(open(sys.argv[1]).read()))))

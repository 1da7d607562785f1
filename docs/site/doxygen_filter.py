"""Turns the plain comments of a C header into those that Doxygen reads: `/* before */` and `code; /* behind */`."""
import re
import sys

text = open(sys.argv[1]).read()
text = re.sub(r"^(/\* ----.*?\*/)$", "", text, flags=re.M)  # headings of sections
text = re.sub(r"^/\* (mirra\w*\.h) - ", r"/** @file \1\n * ", text)
text = re.sub(r"^( *)/\* ", r"\1/** ", text, flags=re.M)
text = re.sub(r"^([^/\n]*\S[^/\n]*?[,;{] *)/\* ", r"\1/**< ", text, flags=re.M)
text = re.sub(r"^([^/\n]*\S +)/\* ", r"\1/**< ", text, flags=re.M)
sys.stdout.write(text.replace("@returns", "\\returns"))

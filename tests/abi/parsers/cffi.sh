#!/usr/bin/env bash
# cffi.sh CC INCLUDE LIBMIRRA: Python's cffi reads both headers as the preprocessor gives them, and calls the library.
set -euo pipefail
cc=$1 include=$2 library=$3
# shellcheck source=tests/abi/parsers/find.sh
. "$(dirname "$0")/find.sh"
python=$parsers/bin/python
"$python" -c 'import cffi' 2>/dev/null || { echo "SKIP: this system has no cffi in $parsers"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# cffi has the types of these headers built in, and reads no compiler's own.
mkdir "$work/none"
touch "$work/none/stddef.h" "$work/none/stdint.h"
"$cc" -E -P -nostdinc -I"$work/none" -I"$include" -DMIRRA_API= -x c - <<<'#include <mirra/mirra_plugin.h>' >"$work/header.h"
"$python" - "$work/header.h" "$library" <<'PYTHON'
import sys

import cffi

ffi = cffi.FFI()
ffi.cdef(open(sys.argv[1]).read())
lib = ffi.dlopen(sys.argv[2])
assert lib.mirra_abi_version() == 1
assert ffi.string(lib.mirra_status_name(lib.MIRRA_E_TIMEOUT)) == b"timeout"
image = ffi.new("mirra_image *", {"struct_size": ffi.sizeof("mirra_image"), "flags": lib.MIRRA_IMAGE_PACKED,
                                  "width": 4, "height": 3, "format": lib.MIRRA_FORMAT_U8, "color": lib.MIRRA_COLOR_RGB,
                                  "plane_count": 1})
pixels = ffi.new("unsigned char[]", 36)
image.planes[0].data = pixels
lowest, size = ffi.new("const void **"), ffi.new("uint64_t *")
assert lib.mirra_image_extent(image, 0, lowest, size, ffi.NULL) == lib.MIRRA_OK and size[0] == 36
assert ffi.offsetof("mirra_host_api", "parallel_for") > ffi.offsetof("mirra_host_api", "graph_run")
print(len(ffi.list_types()[0]), "types")
PYTHON

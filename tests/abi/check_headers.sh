#!/usr/bin/env bash
# check_headers.sh CC CXX INCLUDE: every public header compiles alone, without a warning, in C99, C11, C++17 and C++20; and
# so does the use of MIRRA_STRUCT.
set -euo pipefail
cc=$1 cxx=$2 include=$3
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only -I$include"
for header in mirra/mirra.h mirra/mirra_plugin.h; do
    source="#include <$header>
int main(void) { MIRRA_STRUCT(mirra_image, image); return (int)image.width; }"
    for standard in c99 c11; do
        echo "$header as $standard"
        # shellcheck disable=SC2086
        $cc -std=$standard $warnings -Wstrict-prototypes -x c - <<<"$source"
    done
    for standard in c++17 c++20; do
        echo "$header as $standard"
        # shellcheck disable=SC2086
        $cxx -std=$standard $warnings -x c++ - <<<"$source"
    done
done

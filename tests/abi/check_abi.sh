#!/usr/bin/env bash
# check_abi.sh LIBMIRRA CAPI: the library against the recorded ABI. New functions and fields at the end of a struct pass.
# After a deliberate addition: check_abi.sh LIBMIRRA CAPI --record
set -euo pipefail
library=$1 capi=$2
command -v abidw >/dev/null && command -v abidiff >/dev/null || { echo "SKIP: abigail-tools are not installed"; exit 77; }
readelf -S "$library" | grep -q debug_info || { echo "SKIP: the library has no debug information (-g)"; exit 77; }
options=(--headers-dir "$capi/include" --no-show-locs)
if [ "${3:-}" = --record ]; then
    abidw "${options[@]}" --no-corpus-path --no-comp-dir-path --out-file "$capi/abi/mirra.abi" "$library"
    exit 0
fi
abidiff --headers-dir2 "$capi/include" --suppressions "$capi/abi/suppressions.ini" --no-added-syms --no-show-locs \
    "$capi/abi/mirra.abi" "$library"

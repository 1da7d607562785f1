#!/usr/bin/env bash
# check_abi.sh LIBMIRRA SOURCE: the library against the recorded ABI. New functions and fields at the end of a struct pass.
# After a deliberate addition: check_abi.sh LIBMIRRA SOURCE --record
set -euo pipefail
library=$1 source=$2
for tool in abidw abidiff; do
    command -v $tool >/dev/null || { echo "SKIP: abigail-tools are not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
abidw --headers-dir "$source/include" --drop-private-types --exported-interfaces-only --no-show-locs --no-corpus-path \
    --no-comp-dir-path --out-file "$work/mirra.abi" "$library"
# Where it was built is no part of the ABI.
sed -i "s#path='[^']*/capi/#path='capi/#" "$work/mirra.abi"
if [ "${3:-}" = --record ]; then
    cp "$work/mirra.abi" "$source/capi/abi/mirra.abi"
    exit 0
fi
grep -q "class-decl name='mirra_image'" "$work/mirra.abi" || { echo "SKIP: no debug information in $library"; exit 77; }
abidiff --suppressions "$source/capi/abi/suppressions.ini" --no-added-syms --no-show-locs "$source/capi/abi/mirra.abi" "$work/mirra.abi"

#!/usr/bin/env bash
# freeze.sh VERSION CC BUILD: records the ABI of BUILD (a build with debug information and tests) as VERSION, which is a folder
# beside this script with client.c and plugin.c: copies the headers there, writes down what the program prints, and
# records capi/abi/mirra.abi. Read the differences before you commit them. A version that was released is never frozen anew:
# docs/reference/abi.md says how an addition gets into the next one.
set -euo pipefail
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${1:?VERSION} cc=${2:?CC} build=$(cd "${3:?BUILD}" && pwd)
source=$folder/../.. frozen=$folder/$version
released=$(git -C "$source" tag --list "abi-$version")
[ -z "$released" ] || { echo "FAIL: ABI $version has been released (the tag abi-$version)"; exit 1; }
mkdir -p "$frozen/include/mirra"
cp "$source/include/mirra/mirra.h" "$source/include/mirra/mirra_plugin.h" "$frozen/include/mirra/"
[ -e "$frozen/frozen.mirra" ] || { inputs=$(mktemp -d) && "$build/bin/mirra_abi_inputs" "$inputs" frozen && mv "$inputs/denoiser.mirra" "$frozen/frozen.mirra"; }
runtime=$(find "$build/tests" -name 'libmirra_fake_runtime.so' | head -n 1)
library=$build/lib/libmirra.so
sanitizers=$(sed -n 's/^MIRRA_SANITIZE:[A-Z]*=//p' "$build/CMakeCache.txt")
"$folder/check_client.sh" "$cc" "$library" "$runtime" "$frozen" "$sanitizers" --record
"$folder/check_abi.sh" "$library" "$source" --record
git -C "$source" status --short "$frozen" "$source/capi/abi"

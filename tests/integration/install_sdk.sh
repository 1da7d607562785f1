#!/usr/bin/env bash
# install_sdk.sh CMAKE BUILD FOLDER: Mirra as it is installed, for tests that build against it: program, headers, templates. Library,
# plugins and runtime module are links to those of the build folder, which has them with LibTorch.
set -euo pipefail
cmake=$1 build=$2 folder=$3
rm -rf "$folder"
for component in dev tools; do
    "$cmake" --install "$build" --component "$component" --prefix "$folder" >/dev/null
done
lib=$(dirname "$(find "$folder" -name libmirra.so)")
ln -sf "$build"/lib/libmirra.so* "$lib"
ln -s "$build/lib/mirra" "$lib/mirra"

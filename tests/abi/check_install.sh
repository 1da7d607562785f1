#!/usr/bin/env bash
# check_install.sh CMAKE BUILD INPUTS RUNTIME CC [SANITIZERS]: installs into a fresh folder, moves it, builds the C
# sample against it with find_package and with pkg-config, and runs both. A program that loads a sanitized library must
# itself be linked with the same sanitizers.
set -euo pipefail
cmake=$1 build=$2 inputs=$3 runtime=$4 cc=$5
flags=${6:+-fsanitize=$6}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for component in runtime dev; do
    "$cmake" --install "$build" --prefix "$work/first" --component "$component" >"$work/install.log"
done
mv "$work/first" "$work/prefix"
prefix=$work/prefix
for file in include/mirra/mirra.h share/mirra/plugin-template/gain.c share/mirra/samples/denoise.c \
    share/mirra/bundles/denoiser.mirra share/mirra/bundles/denoiser.md share/doc/mirra/LICENSE; do
    [ -s "$prefix/$file" ] || { echo "FAIL: $file is not installed"; exit 1; }
done
[ ! -e "$prefix/bin/mirra" ] || { echo "FAIL: the component tools was not asked for"; exit 1; }
libdir=$(dirname "$(find "$prefix" -name libmirra.so.1)")
"$inputs" "$work"

try() {
    MIRRA_RUNTIME_MODULE=$runtime MIRRA_BUNDLE_PATH=$work XDG_DATA_HOME=$work LD_LIBRARY_PATH=$libdir \
        "$1" "$work/noisy.png" "$work/$2.png" 20
    [ -s "$work/$2.png" ] || { echo "FAIL: $2 wrote nothing"; exit 1; }
    if MIRRA_RUNTIME_MODULE=$runtime MIRRA_BUNDLE_PATH=$work LD_LIBRARY_PATH=$libdir \
        "$1" "$work/missing.png" "$work/none.png" 2>"$work/error.txt"; then
        echo "FAIL: a missing file is no error"; exit 1
    fi
    grep -q missing.png "$work/error.txt"
}

mkdir "$work/consumer"
cat >"$work/consumer/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.16)
project(consumer LANGUAGES C)
find_package(mirra CONFIG REQUIRED)
if(NOT EXISTS "\${MIRRA_PLUGIN_DIR}/denoiser.so")
    message(FATAL_ERROR "no plugins at \${MIRRA_PLUGIN_DIR}")
endif()
add_executable(denoise $prefix/share/mirra/samples/denoise.c)
target_link_libraries(denoise PRIVATE mirra::mirra)
END
"$cmake" -S "$work/consumer" -B "$work/consumer/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_C_FLAGS="$flags" >"$work/cmake.log"
"$cmake" --build "$work/consumer/build" >>"$work/cmake.log"
try "$work/consumer/build/denoise" by-cmake

command -v pkg-config >/dev/null || { echo "find_package works; SKIP: pkg-config is not installed"; exit 77; }
export PKG_CONFIG_PATH=$libdir/pkgconfig
# shellcheck disable=SC2046
"$cc" $flags -Wall -Wextra -Werror "$prefix/share/mirra/samples/denoise.c" $(pkg-config --cflags --libs mirra) -o "$work/denoise"
try "$work/denoise" by-pkg-config
cmp "$work/by-cmake.png" "$work/by-pkg-config.png"

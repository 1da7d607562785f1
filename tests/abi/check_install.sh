#!/usr/bin/env bash
# check_install.sh CMAKE BUILD INPUTS RUNTIME CC CXX [SANITIZERS]: installs into a fresh folder, moves it, builds the C and
# C++ samples and the C++ plugin against it with find_package and with pkg-config, and runs all. A program that loads a
# sanitized library must itself be linked with the same sanitizers.
set -euo pipefail
cmake=$1 build=$2 inputs=$3 runtime=$4 cc=$5 cxx=$6
flags=${7:+-fsanitize=$7}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for component in runtime dev; do
    "$cmake" --install "$build" --prefix "$work/first" --component "$component" >"$work/install.log"
done
mv "$work/first" "$work/prefix"
prefix=$work/prefix
for file in include/mirra/mirra.h include/mirra/mirra.hpp include/mirra/mirra_plugin.h include/mirra/mirra_plugin.hpp \
    share/mirra/plugin-template/gain.c share/mirra/plugin-template/posterize.cpp share/mirra/samples/minimal.c \
    share/mirra/samples/denoise.cpp share/mirra/samples/denoise_folder.c share/mirra/samples/denoise_folder.cpp \
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

# A host that runs the task of the C++ plugin, and asks for one that the plugin does not have.
cat >"$work/host.cpp" <<'END'
#include <mirra/mirra.hpp>
#include <cstdio>
int main(int, char **argv) {
    namespace api = mirra::api;
    api::EngineOptions options;
    options.plugin_path = argv[1];
    const api::Engine engine = api::Engine::create(options);
    api::SessionOptions wanted;
    wanted.task = "posterize";
    api::Session session = engine.session(wanted);
    session.set("shades", 2);
    const std::vector<float> in{0.2F, 0.4F, 0.6F};
    std::vector<float> out(3);
    session.run({api::in("image", api::image(in, 1, 1, MIRRA_COLOR_RGB)),
                 api::out("output", api::image(out, 1, 1, MIRRA_COLOR_RGB))});
    wanted.task = "no-such-task";
    try {
        static_cast<void>(engine.session(wanted));
    } catch (const api::Error &error) {
        std::printf("%g %g %g %s\n", out[0], out[1], out[2], mirra_status_name(error.code()));
    }
}
END

posterize() { # HOST PLUGIN
    local said
    said=$(MIRRA_RUNTIME_MODULE=$runtime LD_LIBRARY_PATH=$libdir "$1" "$2")
    [ "$said" = "0 0 1 not_found" ] || { echo "FAIL: the host with the plugin $2 says: $said"; exit 1; }
}

mkdir "$work/consumer"
cat >"$work/consumer/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.16)
project(consumer LANGUAGES C CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(mirra CONFIG REQUIRED)
if(NOT EXISTS "\${MIRRA_PLUGIN_DIR}/denoiser.so")
    message(FATAL_ERROR "no plugins at \${MIRRA_PLUGIN_DIR}")
endif()
add_executable(denoise $prefix/share/mirra/samples/minimal.c)
add_executable(denoise_cpp $prefix/share/mirra/samples/denoise.cpp)
add_executable(host $work/host.cpp)
add_library(posterize MODULE $prefix/share/mirra/plugin-template/posterize.cpp)
set_target_properties(posterize PROPERTIES PREFIX "")
target_link_libraries(posterize PRIVATE mirra::headers)
foreach(program denoise denoise_cpp host)
    target_link_libraries(\${program} PRIVATE mirra::mirra)
endforeach()
END
"$cmake" -S "$work/consumer" -B "$work/consumer/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" >"$work/cmake.log"
"$cmake" --build "$work/consumer/build" >>"$work/cmake.log"
try "$work/consumer/build/denoise" by-cmake
try "$work/consumer/build/denoise_cpp" by-cmake-cpp
posterize "$work/consumer/build/host" "$work/consumer/build/posterize.so"

command -v pkg-config >/dev/null || { echo "find_package works; SKIP: pkg-config is not installed"; exit 77; }
export PKG_CONFIG_PATH=$libdir/pkgconfig
read -ra linked <<<"$(pkg-config --cflags --libs mirra)"
read -ra included <<<"$(pkg-config --cflags mirra)"
{
    "$cc" ${flags:+"$flags"} -Wall -Wextra -Werror "$prefix/share/mirra/samples/minimal.c" "${linked[@]}" -o "$work/denoise"
    "$cxx" ${flags:+"$flags"} -std=c++17 -Wall -Wextra -Werror "$prefix/share/mirra/samples/denoise.cpp" "${linked[@]}" -o "$work/denoise_cpp"
    "$cxx" ${flags:+"$flags"} -std=c++17 -Wall -Wextra -Werror "$work/host.cpp" "${linked[@]}" -o "$work/host"
    "$cxx" ${flags:+"$flags"} -std=c++20 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden \
        "$prefix/share/mirra/plugin-template/posterize.cpp" "${included[@]}" -o "$work/posterize.so"
    "$cc" ${flags:+"$flags"} -std=c99 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden \
        "$prefix/share/mirra/plugin-template/gain.c" "${included[@]}" -o "$work/gain.so"
}
try "$work/denoise" by-pkg-config
try "$work/denoise_cpp" by-pkg-config-cpp
posterize "$work/host" "$work/posterize.so"
for picture in by-pkg-config by-cmake-cpp by-pkg-config-cpp; do cmp "$work/by-cmake.png" "$work/$picture.png"; done

# shellcheck shell=bash
# What the tests of the sample plugins share. The SDK is the one of MIRRA_PREFIX, or what pkg-config finds.
sdk=${MIRRA_PREFIX:-$(pkg-config --variable=prefix mirra)}
mirra=$sdk/bin/mirra
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MIRRA_PLUGIN_PATH MIRRA_BUNDLE_PATH
export XDG_DATA_HOME=$work/home # plugins of a user lie below it

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# build_alone FILE...: builds the project of these files in $work/build, out of sight of this tree, and runs its tests.
build_alone() {
    mkdir -p "$work/source"
    cp "$@" "$work/source"
    cmake -S "$work/source" -B "$work/build" -DCMAKE_PREFIX_PATH="$sdk" -DCMAKE_C_FLAGS=-Werror -DCMAKE_CXX_FLAGS=-Werror \
        >"$work/log" 2>&1 || fail "$(cat "$work/log")"
    cmake --build "$work/build" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
    ctest --test-dir "$work/build" --output-on-failure
}

# drop_in NAME FILE...: puts NAME.so, and further files of the build, into the folder of the user's plugins.
drop_in() {
    local plugin=$1
    shift
    mkdir -p "$XDG_DATA_HOME/mirra/plugins"
    (cd "$work/build" && cp "$plugin.so" "$@" "$XDG_DATA_HOME/mirra/plugins/")
}

# sees TASK PARAMETER: the command knows the task that was dropped in, and its parameter.
sees() {
    "$mirra" tasks >"$work/seen"
    grep -q "^$1  " "$work/seen" || fail "mirra tasks lists no $1"
    "$mirra" "$1" --help >"$work/seen"
    grep -q -- "--$2\\>" "$work/seen" || fail "the help of $1 has no --$2"
    "$mirra" completion bash >"$work/seen"
    grep -q -- "^ *$1) .* --$2 " "$work/seen" || fail "the completion of $1 has no --$2"
    "$mirra" doctor >"$work/seen" 2>&1 || true # a host without LibTorch has other problems
    ! grep -q "PROBLEM.*$XDG_DATA_HOME" "$work/seen" || fail "mirra doctor: $(cat "$work/seen")"
}

# shellcheck shell=bash
# Shared by the tests of the adapters: samples/lib.sh, and what adapters need besides. Sets `mirra`, the command.
# shellcheck disable=SC2034  # some variables are for the tests that read this file
# shellcheck source=samples/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"
mirra=$sdk/bin/mirra
unset MIRRA_PLUGIN_PATH MIRRA_BUNDLE_PATH
export XDG_DATA_HOME=$work/home # plugins of a user lie below it

# build_adapter SOURCE BUILD CMAKE-ARGUMENT...: builds an adapter against the SDK alone, and installs it.
build_adapter() {
    local source=$1 build=$2 name launcher=''
    shift 2
    need_host_packages g++ cmake make pkg-config
    name=$(basename "$source")
    ! command -v ccache >/dev/null || launcher=ccache
    run_logged "configure-$name" "configuring $source failed" \
        cmake -S "$source" -B "$build" -DCMAKE_PREFIX_PATH="$sdk" -DCMAKE_CXX_FLAGS=-Werror -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher" "$@"
    run_logged "build-$name" "building $source failed" cmake --build "$build"
    run_logged "install-$name" "installing $source failed" cmake --install "$build"
}

# A plugin with the task `gain` and its parameter `gain`, dropped into the folder of the user's plugins.
drop_in_gain() {
    mkdir -p "$XDG_DATA_HOME/mirra/plugins"
    "${CC:-cc}" -O2 -fPIC -shared -I "$sdk/include" "$sdk/share/mirra/plugin-template/gain.c" -o "$XDG_DATA_HOME/mirra/plugins/gain.so"
}

# Makes the German locale, whose decimal point is a comma, and prints its folder; nothing where that cannot be done.
german_locale() {
    mkdir -p "$work/locale"
    localedef -i de_DE -f UTF-8 "$work/locale/de_DE.UTF-8" >/dev/null 2>&1 || true
    [[ ! -d $work/locale/de_DE.UTF-8 ]] || printf '%s\n' "$work/locale"
}

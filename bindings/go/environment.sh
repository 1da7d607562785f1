# shellcheck shell=bash
# shellcheck disable=SC2154  # root: scripts/lib.sh, which is read before
# How Go finds the SDK, and the tools that the checks need.

staticcheck_version=v0.8.2

command -v go >/dev/null || die "there is no go here; install Go 1.24 or newer from https://go.dev/dl"
command -v pkg-config >/dev/null || die "there is no pkg-config here; install the package pkg-config"
if [[ -n ${MIRRA_PREFIX:-} ]]; then
    export PKG_CONFIG_PATH=$MIRRA_PREFIX/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
fi
pkg-config --exists mirra || die "no Mirra SDK was found; set MIRRA_PREFIX to the folder that it is installed in"
CGO_LDFLAGS="${CGO_LDFLAGS:-} -Wl,-rpath,$(pkg-config --variable=libdir mirra)"
export CGO_LDFLAGS

# Prints the path of staticcheck.
need_staticcheck() {
    local folder=$root/build/go-tools
    [[ -x $folder/staticcheck ]] ||
        GOBIN=$folder go install "honnef.co/go/tools/cmd/staticcheck@$staticcheck_version" >&2
    printf '%s\n' "$folder/staticcheck"
}

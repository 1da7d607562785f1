# shellcheck shell=bash
# What the tests of the samples share. The SDK is the one of MIRRA_PREFIX, or what pkg-config finds. Sets `sdk`, `samples`
# (where they are built), `work` (an empty folder), and what scripts/lib.sh sets; MIRRA_PREFIX is the SDK.
sdk=${MIRRA_PREFIX:-$(pkg-config --variable=prefix mirra 2>/dev/null || true)}
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
[[ -e $sdk/lib/libmirra.so ]] || die "no Mirra SDK was found; set MIRRA_PREFIX to the folder that it is installed in"
sdk=$(realpath "$sdk")
export MIRRA_PREFIX=$sdk
samples=$root/build/samples
logs=$samples/logs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# skip REASON: ends the test; scripts/test counts it as skipped.
skip() {
    say "SKIP: $*"
    exit 77
}

# need_host_packages PACKAGE...: installs what a sample needs beside Mirra, or skips the test where that cannot be done.
need_host_packages() {
    local missing
    missing=$(missing_packages "$@")
    [[ -z $missing ]] && return
    (need_packages "$@") || skip "these packages are missing: $missing"
}

# build_sample FOLDER: builds the sample there, as its README says, in build/samples/NAME. Sets `built`.
build_sample() {
    built=$samples/$(basename "$1")
    run_logged "configure-$(basename "$1")" "configuring the sample failed" cmake -S "$1" -B "$built" -DCMAKE_PREFIX_PATH="$sdk"
    run_logged "build-$(basename "$1")" "building the sample failed" cmake --build "$built" -j "$(jobs_for_memory)"
}

# need_python NAME REQUIREMENT...: an environment with Mirra's Python package, built from this tree against the SDK, and with
# what is named. Sets `python`.
need_python() {
    local folder=$samples/python-$1 key
    shift
    python=$folder/bin/python
    key="$* $(stat -Lc '%Y %s' "$sdk/lib/libmirra.so") $(cd "$root/bindings/python" && cat pyproject.toml setup.py native/* src/mirra/*.py | sha256sum)"
    [[ $(cat "$folder/complete" 2>/dev/null) == "$key" ]] && return
    python3 -c 'import os, sysconfig; raise SystemExit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
        need_host_packages python3-dev python3-venv g++
    rm -rf "$folder"
    run_logged venv "could not make a Python environment" python3 -m venv "$folder"
    run_logged pip "could not fetch packages from the Python package index; check the network" \
        "$python" -m pip --disable-pip-version-check --no-input install numpy cffi "$@"
    # A copy, so that tests beside each other do not build in one folder.
    cp -r "$root/bindings/python" "$work/binding"
    run_logged binding "building the Python package failed" \
        "$python" -m pip --disable-pip-version-check --no-input install --no-deps "$work/binding"
    printf '%s' "$key" >"$folder/complete"
}

#!/usr/bin/env bash
# check_library.sh LIBMIRRA PLUGIN...: libmirra exports mirra_* alone and needs no LibTorch; a plugin exports its one function
# and needs nothing of Mirra's.
set -euo pipefail
library=$1
shift
status=0
fail() { echo "FAIL: $*"; status=1; }

foreign=$(nm -D --defined-only "$library" | awk '{print $3}' | sed 's/@.*//' | grep -v -e '^mirra_' -e '^MIRRA_1$' || true)
[ -z "$foreign" ] || fail "libmirra exports more than mirra_*: $foreign"
[ "$(nm -D --defined-only "$library" | grep -c ' T mirra_')" -ge 60 ] || fail "libmirra exports fewer functions than mirra.h has"
readelf -d "$library" | grep NEEDED | grep -i -e torch -e c10 -e cuda && fail "libmirra needs LibTorch"
readelf -d "$library" | grep -q 'SONAME.*libmirra\.so\.1' || fail "the soname is not libmirra.so.1"

for plugin in "$@"; do
    exported=$(nm -D --defined-only "$plugin" | awk '$2 == "T" {print $3}')
    [ "$exported" = mirra_plugin_query_v1 ] || fail "$plugin exports: $exported"
    nm -D --undefined-only "$plugin" | grep ' mirra_' && fail "$plugin needs functions of libmirra"
    readelf -d "$plugin" | grep NEEDED | grep -i -e torch -e mirra && fail "$plugin links Mirra or LibTorch"
done
exit $status

#!/usr/bin/env bash
# check_library.sh HEADER LIBMIRRA PLUGIN...: libmirra exports the functions of mirra.h alone and needs no LibTorch; a plugin
# exports its one function and needs nothing of Mirra's.
set -euo pipefail
header=$1 library=$2
shift 2
status=0
fail() { echo "FAIL: $*"; status=1; }

declared=$(tr '\n' ' ' <"$header" | grep -o 'MIRRA_API [a-z_0-9 *]*(' | grep -o 'mirra_[a-z_0-9]*(' | tr -d '(' | sort)
exported=$(nm -D --defined-only "$library" | awk '$2 != "A" {print $3}' | sed 's/@.*//' | sort)
[ "$(wc -w <<<"$declared")" -ge 80 ] || fail "mirra.h has lost functions"
difference=$(diff <(echo "$declared") <(echo "$exported") | grep '^[<>]' || true)
[ -z "$difference" ] || fail "mirra.h (<) and what libmirra exports (>) differ:" "$difference"
readelf -d "$library" | grep NEEDED | grep -i -e torch -e c10 -e cuda && fail "libmirra needs LibTorch"
readelf -d "$library" | grep -q 'SONAME.*libmirra\.so\.1' || fail "the soname is not libmirra.so.1"

for plugin in "$@"; do
    exported=$(nm -D --defined-only "$plugin" | awk '$2 == "T" {print $3}')
    [ "$exported" = mirra_plugin_query_v1 ] || fail "$plugin exports: $exported"
    nm -D --undefined-only "$plugin" | grep ' mirra_' && fail "$plugin needs functions of libmirra"
    readelf -d "$plugin" | grep NEEDED | grep -i -e torch -e mirra && fail "$plugin links Mirra or LibTorch"
done
exit $status

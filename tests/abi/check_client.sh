#!/usr/bin/env bash
# check_client.sh CC LIBMIRRA RUNTIME FROZEN [SANITIZERS]: the program and the plugin in the folder FROZEN, compiled against
# the headers that were frozen with them, run with today's library and give what they gave then. They call every function
# of both headers. RUNTIME: the runtime module to run on. A program that loads a sanitized library must itself be linked with the same sanitizers.
# Before the freeze: check_client.sh CC LIBMIRRA RUNTIME FROZEN SANITIZERS --record
set -euo pipefail
cc=$1 library=$2 runtime=$3 frozen=$4 sanitizers=${5:-} record=${6:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/plugins" "$work/bundles" "$work/files"

# must_use SOURCE PREFIX: every function whose name comes in is called there.
status=0
must_use() {
    while read -r function; do
        grep -q "\b$2$function(" "$frozen/$1" || { echo "FAIL: $1 does not call $function"; status=1; }
    done
}
must_use client.c '' < <(tr '\n' ' ' <"$frozen/include/mirra/mirra.h" | grep -o 'MIRRA_API [a-z_0-9 *]*(' | grep -o 'mirra_[a-z_0-9]*($' | tr -d '(')
must_use plugin.c 'host->' < <(sed '/^struct mirra_host_api/,/^};/!d' "$frozen/include/mirra/mirra_plugin.h" | grep -o '^    [a-z].*(\*[a-z_]*)(' | grep -o '[a-z_]*)($' | tr -d ')(')
((status == 0)) || exit 1

flags=(-std=c99 -Wall -Wextra -Werror "-I$frozen/include")
"$cc" "${flags[@]}" -fPIC -shared -fvisibility=hidden "$frozen/plugin.c" -o "$work/plugins/frozen.so"
"$cc" "${flags[@]}" ${sanitizers:+"-fsanitize=$sanitizers"} "$frozen/client.c" "$library" -lm -o "$work/client"
cp "$frozen/frozen.mirra" "$work/bundles/frozen.mirra"
cp "$frozen/frozen.mirra" "$work/bundles/frozen-fast.mirra"

if ! env -u MIRRA_PLUGIN_PATH -u MIRRA_BUNDLE_PATH -u MIRRA_RUNTIME_MODULE LD_LIBRARY_PATH="$(dirname "$library")" LC_ALL=C \
    ASAN_OPTIONS="${ASAN_OPTIONS:-intercept_tls_get_addr=0}" \
    "$work/client" "$work/plugins" "$runtime" "$work/bundles" "$work/files" >"$work/given.txt" 2>"$work/errors.txt"; then
    tail -n 5 "$work/given.txt" "$work/errors.txt"
    echo "FAIL: the program of $frozen does not run to its end"
    exit 1
fi
if [ "$record" = --record ]; then
    cp "$work/given.txt" "$frozen/expected.txt"
    exit 0
fi
diff -u "$frozen/expected.txt" "$work/given.txt" || { echo "FAIL: another answer than $frozen/expected.txt; what the errors said:"; cat "$work/errors.txt"; exit 1; }

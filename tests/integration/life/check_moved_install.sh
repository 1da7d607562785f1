#!/usr/bin/env bash
# check_moved_install.sh CMAKE BUILD LIBTORCH: an installed tree that was moved serves every user, finds its own LibTorch or
# the one that is named, and says which.
set -euo pipefail
cmake=$1 build=$2 libtorch=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
"$cmake" --install "$build" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/prefix"
mirra=$work/prefix/bin/mirra
module=$(find "$work/prefix" -name libmirra_runtime_torch.so)
as_nobody=()
((EUID == 0)) && as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
# What was built is out of sight where the system lets us hide it.
# shellcheck disable=SC2016  # the inner shell expands these
unshare -m true 2>/dev/null &&
    as_nobody=(unshare -m bash -c 'mount -t tmpfs none "$1" && shift && exec "$@"' _ "$build" "${as_nobody[@]}")
fail() {
    echo "FAIL: $*"
    exit 1
}

while read -r file; do
    if readelf -d "$file" 2>/dev/null | grep -E 'RPATH|RUNPATH' | grep -E '\[/|:/'; then fail "$file has an absolute path"; fi
done < <(find "$work/prefix" -type f \( -name '*.so*' -o -path '*/bin/*' \))

mkdir -m 777 "$work/out"
cp "$build/../../docs/images/denoise.png" "$work/in.png" 2>/dev/null || cp "$(dirname "$0")/../../../docs/images/denoise.png" "$work/in.png"
cd /
"${as_nobody[@]}" env -i MIRRA_RUNTIME_MODULE="$module" "$mirra" doctor >"$work/doctor.txt" || fail "$(cat "$work/doctor.txt")"
grep "libtorch $(dirname "$module")/libtorch/mirtorch_cpu.so  (beside the runtime module)" "$work/doctor.txt" ||
    fail "$(cat "$work/doctor.txt")"
for runtime in "" "$module"; do # the one that is found by itself, too
    "${as_nobody[@]}" env -i MIRRA_RUNTIME_MODULE="$runtime" "$mirra" denoise "$work/in.png" --sigma 20 -o "$work/out/clean.png" \
        >"$work/run.txt" 2>&1 || fail "$(cat "$work/run.txt")"
done

# The trainer, from another folder, with a recipe by its name.
if [[ -e $work/prefix/bin/mirra-train ]]; then
    train=("${as_nobody[@]}" env -i "$work/prefix/bin/mirra-train")
    "${train[@]}" --help >"$work/help.txt" || fail "$(cat "$work/help.txt")"
    for number in 1 2 3 4; do
        install -D -m 644 "$work/in.png" "$work/pictures/$number.png"
    done
    "${train[@]}" denoiser --recipe small/denoiser-fast --data "$work/pictures" -o "$work/out/own.mirra" --steps 1 --batch 1 \
        --set validation.pictures=1 >"$work/train.txt" 2>&1 ||
        fail "$(tail -n 20 "$work/train.txt")"
    [[ -s $work/out/own.mirra ]] || fail "mirra-train wrote no bundle"
fi
for file in bash-completion/completions/mirra zsh/site-functions/_mirra fish/vendor_completions.d/mirra.fish doc/mirra/LICENSE; do
    [[ -s $work/prefix/share/$file ]] || fail "share/$file is not installed"
done

# One that is named is the one, or the error that says what it is.
export MIRRA_RUNTIME_MODULE=$module
if env MIRRA_LIBTORCH_PATH="$work/out" "$mirra" doctor >"$work/doctor.txt"; then fail "a folder without LibTorch"; fi
grep "looked in $work/out" "$work/doctor.txt" || fail "$(cat "$work/doctor.txt")"
env XDG_CACHE_HOME="$work/out/cache" MIRRA_LIBTORCH_PATH="$libtorch" "$mirra" doctor >"$work/doctor.txt" ||
    fail "$(cat "$work/doctor.txt")"
grep "libtorch $work/out/cache/mirra/libtorch-.*(named by MIRRA_LIBTORCH_PATH)" "$work/doctor.txt" ||
    fail "$(cat "$work/doctor.txt")"
echo "moved, renamed and read by another user: works"

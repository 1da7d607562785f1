# shellcheck shell=bash
# Shared by scripts/setup, demo, test and style: messages, packages, the private prefix, configure and build.
# shellcheck disable=SC2034  # some variables are for the scripts that read this file

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
prefix=${MIRRA_DOWNLOADS:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/mirra}
logs=$root/build/logs
venv=$prefix/venv

torch_version=2.11.0
torch_wheels=("torch==$torch_version" "nvidia-cuda-runtime==13.0.96" "nvidia-cuda-cupti==13.0.85")
torch_megabytes=4000
onednn_version=3.2
onednn_wheels=("onednn-cpu-gomp==2023.2.0" "onednn-devel-cpu-gomp==2023.2.0")
cuda_version=13.0.88
nvcc_wheels=("nvidia-cuda-nvcc==$cuda_version" "nvidia-cuda-crt==$cuda_version" "nvidia-nvvm==$cuda_version"
    "nvidia-cuda-runtime==13.0.96" "nvidia-cuda-cccl==13.0.85")
photo_wheel=scikit-image==0.25.2
photos=(coffee.png astronaut.png rocket.jpg chelsea.png)
parser_wheel=cffi==2.1.1
bindgen_version=0.72.1
style_wheels=("clang-format==18.1.8" "clang-tidy==18.1.8")

build_packages=(g++ cmake ninja-build pkg-config ccache python3 python3-venv
    libpng-dev libjpeg62-turbo-dev libtiff-dev libwebp-dev zlib1g-dev liblcms2-dev libeigen3-dev libpugixml-dev libssl-dev libboost-dev
    nlohmann-json3-dev libcli11-dev)
train_packages=(libzip-dev libspdlog-dev libtomlplusplus-dev libopencv-photo-dev libarchive-dev libgloo-dev)
test_packages=(git libgtest-dev libgmock-dev libexif-dev libzip-dev libtomlplusplus-dev abigail-tools shellcheck)
fuzz_packages=(clang-16 libclang-rt-16-dev)
dev_packages=(clang-16 lld-16 libomp-16-dev)

# What stands before the programs that build (some run tests to list them) and test.
runner=()
# What is built; nothing: all that the preset names.
build_targets=()

say() { printf '%s\n' "$*"; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# need_writable FOLDER HINT: makes the folder, or says why not.
need_writable() {
    mkdir -p "$1" 2>/dev/null || die "cannot make the folder $1; $2"
    [[ -w $1 ]] || die "cannot write to $1; $2"
}

# run_logged NAME MESSAGE COMMAND...: output goes to a log; when it fails, the log's tail and MESSAGE are shown.
run_logged() {
    local log=$logs/$1.log message=$2
    shift 2
    mkdir -p "$logs"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 12 "$log" >&2
        die "$message (whole log: $log)"
    fi
}

missing_packages() {
    local name
    for name in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || printf '%s ' "$name"
    done
}

# Fills the array `apt` with the way to call apt-get here, or ends with the command that the user should run.
find_apt() {
    apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
    ((EUID == 0)) && return
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
        apt=(sudo "${apt[@]}")
        return
    fi
    die "system packages are missing and neither root nor sudo is at hand; ask an administrator to run:" \
        "apt-get update && apt-get install --no-install-recommends $*"
}

need_packages() {
    local missing apt
    command -v apt-get >/dev/null ||
        die "there is no apt-get here; install the equivalents of: $*"
    read -ra missing <<<"$(missing_packages "$@")"
    ((${#missing[@]})) || return 0
    find_apt "${missing[@]}"
    say "installing ${#missing[@]} system packages: ${missing[*]}"
    run_logged apt-update "apt-get update failed; check the network" "${apt[@]}" update -q
    run_logged apt-install "apt-get could not install: ${missing[*]}; check the network and the apt sources" \
        "${apt[@]}" install -y -q --no-install-recommends "${missing[@]}"
}

need_compiler() {
    local version major minor
    version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    read -r major minor <<<"$version"
    ((major > 3 || (major == 3 && minor >= 24))) || die "CMake 3.24 or newer is needed, this one is $major.$minor"
}

# Makes the prefix and holds a lock on it until the script ends, so that two runs at once do not mix.
open_prefix() {
    need_writable "$prefix" "set MIRRA_DOWNLOADS to a folder that can be written"
    mkdir -p "$prefix/tmp"
    exec 9>"$prefix/lock"
    flock -n 9 || {
        say "waiting for another set-up that uses $prefix"
        flock 9
    }
}

# A venv is relocated by nothing, so it is built in place and counts only once its marker is there.
need_venv() {
    [[ -e $venv/complete ]] && return
    rm -rf "$venv"
    run_logged venv "could not make a Python environment in $venv" python3 -m venv "$venv"
    touch "$venv/complete"
}

# pip with its temporary files on the prefix's own disk, where the sizes were checked.
pip() { TMPDIR=$prefix/tmp "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }

# install_whole NAME FOLDER WHAT COMMAND...: COMMAND fills a temporary folder (its last argument), which is
# renamed to FOLDER at the end, so that a half download never looks complete.
install_whole() {
    local name=$1 folder=$2 what=$3 partial=$prefix/tmp/$1
    shift 3
    [[ -e $folder ]] && return
    say "fetching $what"
    rm -rf "$partial"
    mkdir -p "$partial"
    run_logged "$name" "could not fetch $what from the Python package index; check the network" "$@" "$partial"
    mv "$partial" "$folder"
}

need_space() {
    local free
    free=$(df -Pm "$prefix" | awk 'NR == 2 {print $4}')
    ((free >= $1)) || die "$prefix has $free MB free and $1 MB are needed; set MIRRA_DOWNLOADS to a larger disk"
}

libtorch=${MIRRA_LIBTORCH:-$prefix/torch-$torch_version/torch}

has_libtorch() { [[ -n ${MIRRA_LIBTORCH:-} || -e $libtorch ]]; }

fetch_libtorch() {
    need_space "$torch_megabytes"
    need_venv
    install_whole libtorch "$prefix/torch-$torch_version" "LibTorch $torch_version (about 530 MB)" \
        pip install --no-deps --no-compile --no-cache-dir "${torch_wheels[@]}" --target
}

# Makes sure that `libtorch` is a folder with include/ and lib/.
need_libtorch() {
    has_libtorch || fetch_libtorch
    [[ -f $libtorch/include/torch/csrc/api/include/torch/torch.h && -f $libtorch/lib/libtorch_cpu.so ]] ||
        die "no LibTorch in $libtorch (include/ and lib/libtorch_cpu.so are expected); correct MIRRA_LIBTORCH," \
            "or unset it and remove that folder to fetch one"
}

onednn=${MIRRA_ONEDNN:-$prefix/onednn-$onednn_version}

# fetch_onednn FOLDER: include/ and lib/ of the wheels, whose files lie under names with versions.
fetch_onednn() {
    local folder=$1
    pip download --no-deps --only-binary=:all: -d "$folder/wheels" "${onednn_wheels[@]}" &&
        python3 - "$folder" <<'PYTHON' && rm -rf "$folder/wheels"
import pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
for wheel in (folder / "wheels").glob("*.whl"):
    archive = zipfile.ZipFile(wheel)
    for name in archive.namelist():
        part = name.partition(".data/data/")[2]
        wanted = part.startswith("include/") or part == "lib/libdnnl.so.3" or part.startswith("share/doc/onednn/")
        if wanted and not part.endswith("/"):
            target = folder / part
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))
PYTHON
}

# Makes sure that `onednn` is a folder with include/ and lib/.
need_onednn() {
    [[ -z ${MIRRA_ONEDNN:-} ]] && need_venv && install_whole onednn "$onednn" "oneDNN (39 MB)" fetch_onednn
    [[ -f $onednn/include/oneapi/dnnl/dnnl.hpp && -f $onednn/lib/libdnnl.so.3 ]] ||
        die "no oneDNN in $onednn (include/oneapi/dnnl/dnnl.hpp and lib/libdnnl.so.3 are expected); correct MIRRA_ONEDNN," \
            "or unset it and remove that folder to fetch it"
}

nvcc=${MIRRA_CUDA_COMPILER:-$prefix/cuda-$cuda_version/nvidia/cu13/bin/nvcc}

# fetch_nvcc FOLDER: the wheels, and what nvcc looks for and they have elsewhere or not at all.
fetch_nvcc() {
    local folder=$1 toolkit=$1/nvidia/cu13
    pip install --no-deps --no-compile --no-cache-dir "${nvcc_wheels[@]}" --target "$folder" &&
        ln -s lib "$toolkit/lib64" && ln -s libcudart.so.13 "$toolkit/lib/libcudart.so"
}

# Makes sure that `nvcc` is NVIDIA's compiler.
need_nvcc() {
    [[ -z ${MIRRA_CUDA_COMPILER:-} ]] && need_venv && need_space 600 &&
        install_whole cuda "$prefix/cuda-$cuda_version" "nvcc $cuda_version (about 90 MB)" fetch_nvcc
    [[ -x $nvcc ]] || die "there is no $nvcc; correct MIRRA_CUDA_COMPILER, or unset it to fetch one"
}

fetch_photos() {
    local folder=${*: -1}
    pip download --no-deps --only-binary=:all: -d "$folder" "$photo_wheel" || return
    python3 - "$folder" "${photos[@]}" <<'PYTHON'
import pathlib, sys, zipfile

folder = pathlib.Path(sys.argv[1])
(wheel,) = folder.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    for name in sys.argv[2:]:
        (folder / name).write_bytes(archive.read("skimage/data/" + name))
wheel.unlink()
PYTHON
}

# Sets `photo_folder` to a folder with the photographs that the scikit-image package carries.
need_photos() {
    photo_folder=$prefix/photos-${photo_wheel#*==}
    [[ -e $photo_folder ]] && return
    need_venv
    install_whole photos "$photo_folder" "sample photographs (scikit-image, 15 MB)" fetch_photos
}

# Sets `clang_format` and `clang_tidy` to the programs of that name.
need_style_tools() {
    local folder=$prefix/style-18.1.8
    clang_format=$folder/clang_format/data/bin/clang-format
    clang_tidy=$folder/clang_tidy/data/bin/clang-tidy
    [[ -e $folder ]] && return
    need_venv
    install_whole style "$folder" "clang-format and clang-tidy (40 MB)" \
        pip install --no-deps --no-cache-dir "${style_wheels[@]}" --target
}

# Parsers of headers that other languages use, for tests/abi: cffi, and bindgen where this system has cargo and libclang
# (built from sources, minutes). Without them their tests are skipped.
need_parsers() {
    local folder=$prefix/parsers-1
    if [[ ! -e $folder/complete ]]; then
        say "fetching $parser_wheel"
        rm -rf "$folder"
        python3 -m venv "$folder"
        run_logged parsers "could not fetch $parser_wheel from the Python package index; check the network" \
            "$folder/bin/python" -m pip --disable-pip-version-check --no-input install "$parser_wheel"
        touch "$folder/complete"
    fi
    if command -v cargo >/dev/null && [[ ! -x $folder/bin/bindgen && -n $(find /usr/lib -name 'libclang*.so*' -print -quit) ]]; then
        say "building bindgen $bindgen_version"
        (run_logged bindgen "could not build bindgen; its test is skipped" \
            cargo install bindgen-cli --version "$bindgen_version" --root "$folder") || true
    fi
}

# show_progress: reads Ninja's "[n/m] ..." lines; a moving line on a terminal, a line per quarter elsewhere.
show_progress() {
    local line step total quarter last=0
    while IFS= read -r line; do
        [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
        step=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]} quarter=$((4 * BASH_REMATCH[1] / BASH_REMATCH[2]))
        if [[ -t 1 ]]; then
            printf '\r  %d of %d steps' "$step" "$total"
        elif ((quarter > last)); then
            say "  $step of $total steps"
            last=$quarter
        fi
    done
    [[ -t 1 && -n ${total:-} ]] && printf '\n'
    return 0
}

jobs_for_memory() {
    local cores gigabytes limit quota period
    cores=$(nproc)
    gigabytes=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
    # A container may have less than its machine.
    limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)
    [[ $limit =~ ^[0-9]+$ ]] && ((limit >> 30 < gigabytes)) && gigabytes=$((limit >> 30))
    read -r quota period <<<"$(cat /sys/fs/cgroup/cpu.max 2>/dev/null || true)"
    [[ $quota =~ ^[0-9]+$ ]] && ((quota / period < cores)) && cores=$((quota / period))
    # A translation unit that includes LibTorch takes about 2 GB in the compiler.
    ((gigabytes / 2 < cores)) && cores=$((gigabytes / 2))
    say $((cores > 0 ? cores : 1))
}

# build NAME CMAKE-ARGUMENT...: configures the preset NAME when its arguments changed, then builds what it names.
build() {
    local preset=$1 folder=$root/build/$1 arguments
    shift
    arguments="$*"
    if [[ ! -f $folder/build.ninja || $(cat "$folder/setup-arguments" 2>/dev/null) != "$arguments" ]]; then
        say "configuring build/$preset"
        run_logged "configure-$preset" "configuring build/$preset failed" \
            cmake -S "$root" --preset "$preset" "$@"
        printf '%s\n' "$arguments" >"$folder/setup-arguments"
    fi
    say "building build/$preset"
    if ! (cd "$root" && "${runner[@]}" cmake --build --preset "$preset" -j "$(jobs_for_memory)" ${build_targets:+--target "${build_targets[@]}"}) </dev/null 2>&1 |
        tee "$logs/build-$preset.log" | show_progress; then
        grep -n -m 20 -E 'error|FAILED' "$logs/build-$preset.log" >&2 || true
        tail -n 30 "$logs/build-$preset.log" >&2
        die "building build/$preset failed (whole log: $logs/build-$preset.log)"
    fi
}

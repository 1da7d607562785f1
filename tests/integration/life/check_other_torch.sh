#!/usr/bin/env bash
# check_other_torch.sh PROBE LIBTORCH: Python with another PyTorch, before and after Mirra, with its symbols global and
# not. MIRRA_TEST_OTHER_TORCH is the folder of that PyTorch with all that it needs (pip install --target).
set -euo pipefail
probe=$1 libtorch=$2
[[ -n ${MIRRA_TEST_OTHER_TORCH:-} ]] || {
    echo "SKIP: MIRRA_TEST_OTHER_TORCH does not name a folder with another PyTorch"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/host.py" <<'PYTHON'
import ctypes, os, sys

order, flags = sys.argv[1:3]
sys.path.insert(0, os.environ["MIRRA_TEST_OTHER_TORCH"])


def torch_works():
    sys.setdlopenflags(os.RTLD_NOW | getattr(os, flags))
    import torch
    sys.setdlopenflags(os.RTLD_NOW)
    assert torch.nn.functional.conv2d(torch.ones(1, 3, 8, 8), torch.ones(2, 3, 3, 3)).sum() == 1944
    x = torch.ones(4, 4, requires_grad=True)
    (x @ x).sum().backward()
    assert x.grad.sum() == 128
    torch.set_num_threads(3)
    return torch


def mirra_works():
    assert ctypes.CDLL(sys.argv[3]).life_probe() == 0, "a run failed"


if order == "first":
    torch = torch_works()
    mirra_works()
else:
    mirra_works()
    torch = torch_works()
torch_works()
mirra_works()
assert torch.get_num_threads() == 3, "the host's number of threads was changed"
maps = {line.split()[-1] for line in open("/proc/self/maps") if "torch_cpu" in line}
assert len(maps) == 2, maps
print(order, flags, torch.__version__, "beside", *maps)
PYTHON
for order in first after; do
    for flags in RTLD_LOCAL RTLD_GLOBAL; do
        python3 "$work/host.py" $order $flags "$probe" || { echo "FAIL: $order, $flags"; exit 1; }
    done
done

# Named as Mirra's own it is refused, and both files and versions are said.
other=$MIRRA_TEST_OTHER_TORCH/torch/lib
mkdir "$work/cache"
if XDG_CACHE_HOME=$work/cache MIRRA_LIBTORCH_PATH=$other python3 -c "
import ctypes, sys
sys.exit(ctypes.CDLL('$probe').life_probe() == 0)" >"$work/refused.txt" 2>&1; then cat "$work/refused.txt"; else
    echo "FAIL: another version was taken"
    exit 1
fi
grep "$other" "$work/refused.txt" | grep -q "was built for $(sed -n "s/^__version__ = '\([0-9.]*\).*/\1/p" "$libtorch/version.py")" ||
    { echo "FAIL: the error does not name both"; exit 1; }

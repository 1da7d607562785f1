"""PyTorch and Mirra in one process, whichever comes first. Run where PyTorch is at hand."""

import subprocess
import sys

import pytest

BODY = """
import numpy as np
image = np.random.default_rng(1).integers(0, 255, (40, 40, 3), np.uint8)
def of_torch():
    import torch
    torch.manual_seed(1)
    torch.set_num_threads(2)
    return torch.nn.functional.conv2d(torch.ones(1, 3, 8, 8), torch.ones(4, 3, 3, 3)).sum().item()
def of_mirra():
    import mirra
    return mirra.denoise(image, sigma=20).image
"""


@pytest.mark.parametrize(
    "order", ["of_torch(); of_mirra()", "of_mirra(); of_torch()", "of_mirra(); of_torch(); of_mirra()"]
)
def test_order(order):
    done = subprocess.run(
        [sys.executable, "-c", BODY + order], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr

"""Networks of PyTorch for Mirra: a `torch.nn.Module` becomes a bundle that Mirra runs without PyTorch.

```python
import mirra.pytorch

network = mirra.pytorch.convert(module, 3)
network.bundle("mine.mirra", task="upscale")
```

`convert` traces the module with `torch.export` and rewrites it with the operations of Mirra. Then it checks the
result: Mirra runs the network on random pictures, and `convert` compares that with what the module gives. If a part of
the module has no operation in Mirra, `convert` raises a `mirra.UnsupportedError`. The error names the operation, the
module and the line, and says what to do.

Tracing needs PyTorch 2.5 or newer. Nothing else of the package needs PyTorch.

`python -m mirra.pytorch --help` does the same on the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mirra.pytorch._network import Network

if TYPE_CHECKING:
    import torch  # pyright: ignore[reportMissingImports]

__all__ = ["Network", "convert"]


def convert(
    module: torch.nn.Module,
    example: int | torch.Tensor,
    *,
    name: str = "network",
    input: str = "image",
    output: str | Sequence[str] = "image",
    pixel_range: tuple[float, float] = (0.0, 1.0),
    tolerance: float = 1e-4,
) -> Network:
    """Rewrites a module with the operations of Mirra, and checks the result.

    The module is traced in its state of evaluation, for two sizes of pictures. The network must be the same for both.
    Nodes bear the names of the modules. Weights bear the names of the state dict.

    Args:
        module: takes one tensor (N, C, H, W) of fp32, and gives one or several.
        example: the number of channels C; or a tensor that the module takes, if it does not take 64 x 128.
        name: of the network in the bundle. Tasks look for theirs: "denoiser" for `denoise`, "upscaler" for `upscale`.
        input: name of the input.
        output: name of the output, or the names of all.
        pixel_range: the module's numbers for black and white, such as (0, 255) or (-1, 1).
        tolerance: the largest difference from the module that is accepted, see `Network.check`.

    Raises:
        mirra.UnsupportedError: Mirra has no operation for a part of the module.
        mirra.MismatchError: what Mirra computes differs from what the module computes.

    """
    from mirra.pytorch import _convert

    outputs = (output,) if isinstance(output, str) else tuple(output)
    network = _convert.convert(module, example, name, input, outputs, pixel_range)
    network.check(tolerance)
    return network

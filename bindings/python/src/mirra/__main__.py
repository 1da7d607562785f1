"""`python -m mirra`: which library, runtime and plugins are taken. `python -m mirra stubs`: type stubs of all tasks."""

from __future__ import annotations

import sys

import mirra
from mirra._stubs import stubs


def main(words: list[str]) -> int:
    """Print what is asked for; 1 if networks cannot run."""
    engine = mirra.engine()
    if words == ["stubs"]:
        print(stubs(list(engine.tasks.values())), end="")
        return 0
    if words:
        print(__doc__, file=sys.stderr)
        return 2
    runtime = engine.runtime
    print(f"mirra    {mirra.__version__}, ABI {mirra.abi_version}")
    print(f"runtime  {runtime.path or '-'}  {runtime.version}  {runtime.reason}".rstrip())
    if runtime.libtorch_path:
        print(f"libtorch {runtime.libtorch_path}  {runtime.libtorch_version}")
    for plugin in engine.plugins:
        print(f"plugin   {plugin.path}  {plugin.version}  {plugin.reason}".rstrip())
    for bundle in engine.bundles:
        print(f"bundle   {bundle.path}  {bundle.reason}".rstrip())
    return 0 if runtime.usable else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

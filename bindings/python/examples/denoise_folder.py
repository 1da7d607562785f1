"""Takes the noise out of the pictures of a folder: python denoise_folder.py PICTURES CLEAN."""

import pathlib
import sys

import mirra


def denoise_folder(source: pathlib.Path, target: pathlib.Path) -> int:
    """Denoises the pictures of a folder into another; returns how many failed."""
    files = sorted(path for path in source.iterdir() if path.suffix.lower() in (".png", ".jpg", ".jpeg"))
    target.mkdir(exist_ok=True)
    failed = 0
    with mirra.Engine() as engine, engine.session("denoise") as session:
        for path in files:

            def show(now: mirra.Progress, name: str = path.name) -> None:
                print(f"\r{name} {now.fraction:4.0%}", end="", file=sys.stderr, flush=True)

            try:
                session.run(path, progress=show).save(target / path.name)
            except mirra.MirraError as error:
                failed += 1
                print(f"\r{path.name}: {error}", end="", file=sys.stderr)
            print(file=sys.stderr)
    return failed


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        sys.exit(denoise_folder(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])) > 0)
    except KeyboardInterrupt:
        sys.exit(130)

"""Runs the notebook from its beginning: check.py NOTEBOOK [FOLDER]. With FOLDER its pictures are written there."""

import base64
import json
import pathlib
import sys

import nbclient
import nbformat


def main(path, folder=None):
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "the outputs must be stripped"
    asked = "import json; print(json.dumps({name: [m.psnr for m in all] for name, all in table.items()}))"
    notebook.cells.append(nbformat.v4.new_code_cell(asked))
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()

    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 5, f"it shows {len(pictures)} pictures"
    psnr = json.loads(outputs[-1].text)
    for quality in ("fast", "balanced", "best"):
        gains = [clean - noisy for clean, noisy in zip(psnr[quality], psnr["noisy"], strict=True)]
        assert min(gains) > 3, f"{quality} gains {gains} dB"
    for number, picture in enumerate(pictures if folder else ()):
        (folder / f"{number}.png").write_bytes(base64.b64decode(picture))


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))

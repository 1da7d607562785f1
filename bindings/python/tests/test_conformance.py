"""The suite that every binding runs."""

import pathlib

import pytest
from conformance import LACKS, Runner, cases


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case["name"])
def test_case(case, folder, index, engine, tmp_path):
    lacking = LACKS & set(case.get("needs", ()))
    if lacking:
        pytest.skip(f"{case['name']}: this binding lacks {', '.join(sorted(lacking))}")
    Runner(pathlib.Path(folder), index, tmp_path, engine).run(case)

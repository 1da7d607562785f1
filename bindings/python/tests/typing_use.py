"""Uses of the package that mypy and pyright check. Not run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

import mirra


def everyday(path: Path) -> float:
    mirra.denoise(path, sigma="auto", strength=0.8).save(path.with_suffix(".png"))
    mirra.denoise(np.zeros((4, 4, 3), np.uint8), sigma=12)
    result = mirra.stylize(path, style=[path, path], preserve_color=True)
    picture = mirra.read(path)
    width: int = picture.info.width
    with mirra.Engine(plugin_path=path) as engine, engine.session("denoise", sigma=3) as session:
        plan: mirra.Plan = session.plan(width, 10)
        job: mirra.Job = session.submit(picture)
        found: mirra.Result = job.result(timeout=3.0)
        tensors: mirra.Tensors = found.tensors
        shape: tuple[int, ...] = tensors["a"].shape
        if plan.fits and shape:
            session.run(picture, progress=lambda now: now.fraction < 0.5)
    try:
        mirra.read(path)
    except mirra.MirraError as error:
        print(error.code, error.subject, error.hint)
    return result.seconds + mirra.compare(picture, picture).psnr


async def awaited(session: mirra.Session, path: Path) -> mirra.Result:
    one, other = await asyncio.gather(wait(session.submit(path)), wait(session.clone().submit(path)))
    return one if one.seconds < other.seconds else other


async def wait(job: mirra.Job) -> mirra.Result:
    return await job

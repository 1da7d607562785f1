"""Denoises a folder of photographs with Ray Data. What is done already is skipped."""

import argparse
import sys
from typing import Any

import numpy as np
import ray

import many


class Worker:
    """An actor. Ray makes one for each worker, and another one if its process dies."""

    def __init__(self, threads: int, options: dict[str, Any]) -> None:
        self._denoiser = many.Denoiser(threads, options)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[Any]]:
        """Denoises a batch of pictures; a column of the answer is a field of `many.Row`."""
        rows = [self._denoiser.denoise(*pair) for pair in zip(batch["source"], batch["target"], strict=True)]
        return {name: [row[name] for row in rows] for name in rows[0]}


def distribute(arguments: argparse.Namespace, pairs: list[tuple[str, str]], report: many.Report) -> None:
    """Has Ray Data denoise the pictures."""
    ray.cloudpickle.register_pickle_by_value(many)  # so that other machines need no copy of this folder
    cores = None if arguments.address else arguments.workers * arguments.threads
    ray.init(address=arguments.address or "local", num_cpus=cores, include_dashboard=False if cores else None)
    workers = arguments.workers or max(int(ray.cluster_resources()["CPU"]) // arguments.threads, 1)
    ray.data.DataContext.get_current().enable_progress_bars = False
    pictures = ray.data.from_items(
        [{"source": source, "target": target} for source, target in pairs],
        override_num_blocks=-(-len(pairs) // arguments.batch),  # a block is what is lost with a worker, and done again
    )
    rows = pictures.map_batches(
        Worker,
        fn_constructor_args=(arguments.threads, {"quality": arguments.quality}),
        batch_size=arguments.batch,
        num_cpus=arguments.threads,  # what Ray reserves is what the session takes
        compute=ray.data.ActorPoolStrategy(size=workers),
    )
    for row in rows.iter_rows():
        report.add(row)
    ray.shutdown()


if __name__ == "__main__":
    sys.exit(many.run(__doc__, distribute))

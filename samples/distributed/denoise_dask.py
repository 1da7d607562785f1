"""Denoises a folder of photographs with Dask. What is done already is skipped."""

import argparse
import sys
import threading
from typing import Any

import cloudpickle
from dask import bag
from dask.distributed import Client, LocalCluster, Worker, WorkerPlugin, as_completed, get_worker

import many


class Sessions(WorkerPlugin):
    """Gives each worker process a session. Dask sets it up in workers that come later, too: in place of one that died."""

    name = "mirra"

    def __init__(self, threads: int, options: dict[str, Any]) -> None:
        self._arguments = threads, options

    def setup(self, worker: Worker) -> None:
        """Opens the session before the worker takes its first pictures."""
        self.denoiser = many.Denoiser(*self._arguments)
        self.turn = threading.Lock()  # a session takes one call at a time; a worker may have several threads

    def teardown(self, worker: Worker) -> None:
        """Closes the session when the worker leaves."""
        with self.turn:
            self.denoiser.close()


def denoise(pairs: list[tuple[str, str]]) -> list[many.Row]:
    """Denoises the pictures of a partition, on a worker."""
    sessions = get_worker().plugins["mirra"]
    with sessions.turn:
        return [sessions.denoiser.denoise(*pair) for pair in pairs]


def distribute(arguments: argparse.Namespace, pairs: list[tuple[str, str]], report: many.Report) -> None:
    """Has Dask denoise the pictures."""
    cloudpickle.register_pickle_by_value(many)  # so that other machines need no copy of this folder
    # A worker has one thread of Dask's; the session has --threads of its own.
    cluster = arguments.address or LocalCluster(n_workers=arguments.workers, threads_per_worker=1, dashboard_address=None)
    with Client(cluster) as client:
        client.register_plugin(Sessions(arguments.threads, {"quality": arguments.quality}))
        partitions = bag.from_sequence(pairs, partition_size=arguments.batch).map_partitions(denoise).to_delayed()
        futures = client.compute(partitions)
        sizes = {future: len(pairs[at * arguments.batch :][: arguments.batch]) for at, future in enumerate(futures)}
        for future in as_completed(futures):
            if future.status != "finished":
                report.lose(sizes[future], future.exception())
                continue
            for row in future.result():
                report.add(row)
    if not arguments.address:
        cluster.close()


if __name__ == "__main__":
    sys.exit(many.run(__doc__, distribute))

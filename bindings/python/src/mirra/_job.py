"""Jobs: runs on a thread of the library's, for threads, callbacks and asyncio."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Generator
from typing import Any, Callable

from mirra import _errors
from mirra._core import Handle, call, ffi, lib, struct
from mirra._progress import Progress, on_main_thread, progress_of
from mirra._run import Call, Result

STATES = {
    lib.MIRRA_JOB_RUNNING: "running",
    lib.MIRRA_JOB_DONE: "done",
    lib.MIRRA_JOB_FAILED: "failed",
    lib.MIRRA_JOB_CANCELLED: "cancelled",
}
# How long a wait on the main thread goes without looking for signals.
SLICE = 0.05

_running: set[Job] = set()


class Job(Handle):
    """A run that goes on by itself: `job.result()`, or `await job`.

    It keeps the pixels that it reads and writes. A job that nobody holds goes on to its end. Any thread may use it.
    """

    __slots__ = ("_call", "_callbacks", "_ended", "_lock", "_submitted")
    _destroyer = lib.mirra_job_destroy
    _noun = "job"

    def __init__(self, run: Call, session: Any) -> None:
        self._call = run
        self._callbacks: list[Callable[[Job], Any]] = []
        self._lock = threading.Lock()
        self._ended = False
        self._submitted = threading.Event()
        self._pointer: Any = None
        run.watch.done = self._finish
        run.options.done = lib.mirra_py_done
        out = ffi.new("mirra_job **")
        _running.add(self)
        try:
            call(lib.mirra_session_submit, session, run.values, len(run.ports), run.options, out)
            super().__init__(out[0], run)
        except BaseException:
            run.watch.done = None
            _running.discard(self)
            raise
        finally:
            self._submitted.set()

    def _finish(self) -> None:
        """The job has ended: called from its thread, perhaps before `mirra_session_submit` has returned."""
        self._submitted.wait()
        with self._lock:
            self._ended = True
            callbacks, self._callbacks = self._callbacks, []
        # The pixels that were read are free now, and so are the job's own once nobody holds it.
        self._call.let_go()
        for callback in callbacks:
            self._tell(callback)
        _running.discard(self)

    def _tell(self, callback: Callable[[Job], Any]) -> None:
        try:
            callback(self)
        except Exception:
            logging.getLogger("mirra").exception("a callback of a job raised")

    def add_done_callback(self, callback: Callable[[Job], Any]) -> None:
        """Has `callback(job)` called when the job has ended, from the job's thread; at once, if it has.

        The session is free then: the callback may submit the next job. What it raises is logged.
        """
        with self._lock:
            if not self._ended:
                self._callbacks.append(callback)
                return
        self._tell(callback)

    def cancel(self) -> None:
        """Asks the job to stop, and does not wait. It ends with a `CancelledError` within about 100 milliseconds."""
        lib.mirra_job_cancel(self._live())

    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state != "running"

    def _status(self) -> Any:
        status = struct("mirra_job_status")
        call(lib.mirra_job_poll, self._live(), status)
        return status

    @property
    def state(self) -> str:
        """One of "running", "done", "failed" or "cancelled"."""
        return STATES[self._status().state]

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return progress_of(self._status())

    def _wait(self, pointer: Any, timeout: float | None, out: Any) -> None:
        """Waits; on the main thread in slices, between which signals are handled."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = -1.0 if end is None else max(0.0, end - time.monotonic())
            seconds = min(left, SLICE) if left >= 0 else SLICE
            try:
                call(lib.mirra_job_wait, pointer, seconds if on_main_thread() else left, out)
                return
            except _errors.WaitTimeoutError:
                if end is not None and time.monotonic() >= end:
                    raise

    def result(self, timeout: float | None = None) -> Result:
        """Waits for the job, and gives what `Session.run` would have given.

        Args:
            timeout: in seconds; None: for ever.

        Raises:
            WaitTimeoutError: the job goes on.
            MirraError: what the run failed with; or what a callback of the run raised.

        """
        out = ffi.new("mirra_result **")
        try:
            self._wait(self._live(), timeout, out)
        except (_errors.WaitTimeoutError, _errors.BusyError):
            raise
        except _errors.MirraError as error:
            raise self._call.watch.error or error from None
        return self._call.result(out[0])

    def close(self) -> None:
        """Stops the job, if it runs, and waits until it no longer touches its pixels."""
        pointer = self._pointer
        super().close()
        if pointer is None:
            return
        lib.mirra_job_cancel(pointer)
        try:
            self._wait(pointer, None, ffi.NULL)
        except _errors.MirraError:
            return

    def __await__(self) -> Generator[Any, None, Result]:
        """The result. If the waiting task is cancelled, so is the job, and the task ends when the job has."""
        loop = asyncio.get_running_loop()
        try:
            yield from self._future(loop)
        except asyncio.CancelledError:
            self.cancel()
            yield from self._future(loop)
            raise
        return self.result()

    def _future(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """Done when the job is."""
        future: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not future.done():
                future.set_result(None)

        def wake(_: Job) -> None:
            try:
                loop.call_soon_threadsafe(settle)
            except RuntimeError:  # the loop was closed meanwhile
                return

        self.add_done_callback(wake)
        return future

    def __repr__(self) -> str:
        return "<mirra.Job, closed>" if self.closed else f"<mirra.Job {self.state}, {self.progress.fraction:.0%}>"

"""Jobs, asyncio, progress, cancelling, threads."""

import asyncio
import gc
import threading
import time
import weakref

import numpy as np
import pytest

import mirra


def test_job_gives_what_a_run_gives(engine, noisy):
    with engine.session("denoise", sigma=20) as session:
        job = session.submit(noisy)
        assert np.array_equal(job.result().image, session.run(noisy).image)
        assert job.done()
        assert job.state == "done"


def test_job_keeps_its_pixels(engine, noisy, folder):
    with engine.session("invert", method="optimize", iterations=30) as session:
        pixels = noisy.copy()
        out = np.zeros_like(pixels)
        kept = weakref.ref(pixels)
        job = session.submit(pixels, out=out)
        del pixels
        gc.collect()
        assert kept() is not None
        with pytest.raises(ValueError, match="resize"):
            out.resize((1, 1, 3))
        job.result()


def test_pixels_are_free_without_the_garbage_collector(engine, noisy):
    with engine.session("gain") as session:
        gc.disable()
        try:
            for submit in (True, False):
                pixels = noisy.copy()
                kept = weakref.ref(pixels)
                result = session.submit(pixels).result() if submit else session.run(pixels)
                out = weakref.ref(result.image)
                del pixels, result
                deadline = time.monotonic() + 10
                while (kept() is not None or out() is not None) and time.monotonic() < deadline:
                    time.sleep(0.01)
                assert kept() is None
                assert out() is None
        finally:
            gc.enable()


def test_job_that_nobody_holds_goes_on(engine, noisy):
    out = np.zeros_like(noisy)
    done = threading.Event()
    with engine.session("gain", gain=1) as session:
        session.submit(noisy, out=out).add_done_callback(lambda job: done.set())
        gc.collect()
        assert done.wait(30)
    assert np.array_equal(out, noisy)


def test_done_callback_may_submit_the_next_job(engine, noisy):
    ended = threading.Event()
    results = []
    with engine.session("gain", gain=0.5) as session:

        def follow(job):
            results.append(job.result().image)
            if len(results) < 5:
                session.submit(noisy).add_done_callback(follow)
            else:
                ended.set()

        session.submit(noisy).add_done_callback(follow)
        assert ended.wait(30)
    assert len(results) == 5


def test_done_callback_that_raises_is_logged(engine, noisy, caplog):
    with engine.session("gain") as session:
        job = session.submit(noisy)
        job.result()
        job.add_done_callback(lambda job: 1 / 0)
        deadline = time.monotonic() + 10
        while "ZeroDivisionError" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "ZeroDivisionError" in caplog.text


def test_timeout_cancel_and_close(slow, noisy):
    job = slow.submit(noisy)
    with pytest.raises(TimeoutError):
        job.result(timeout=0.05)
    with pytest.raises(mirra.BusyError):
        slow.run(noisy)
    job.cancel()
    with pytest.raises(mirra.CancelledError):
        job.result()
    with slow.submit(noisy) as job:
        assert job.state == "running"
    with pytest.raises(mirra.ClosedError):
        job.result()
    slow.set(iterations=1)
    slow.run(noisy)


def test_await(engine, noisy):
    async def main():
        with engine.session("denoise", sigma=20) as session:
            clone = session.clone()
            jobs = [session.submit(noisy), clone.submit(noisy[::-1])]
            ticks = 0

            async def tick():
                nonlocal ticks
                while True:
                    ticks += 1
                    await asyncio.sleep(0.001)

            ticking = asyncio.ensure_future(tick())
            one, other = await asyncio.gather(*jobs)
            ticking.cancel()
            assert ticks > 1
            return one.image, other.image, session.run(noisy).image

    one, other, wanted = asyncio.run(main())
    assert np.array_equal(one, wanted)
    assert other.shape == wanted.shape


def test_await_takes_no_thread_of_pythons(slow, noisy):
    async def main():
        before = threading.active_count()
        job = slow.submit(noisy)
        waiting = asyncio.ensure_future(wait(job))
        await asyncio.sleep(0.05)
        assert threading.active_count() == before
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert job.state == "cancelled"

    async def wait(job):
        return await job

    asyncio.run(main())


def test_await_gives_errors(engine, noisy):
    async def main():
        with engine.session("fails", tile_size=16) as session:
            await session.submit(noisy)

    with pytest.raises(mirra.IoError):
        asyncio.run(main())


def test_timeout_of_asyncio_stops_the_job(slow, noisy):
    async def main():
        await asyncio.wait_for(wait(), 0.1)

    async def wait():
        return await slow.submit(noisy)

    begin = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(main())
    assert time.monotonic() - begin < 5
    slow.set(iterations=1)
    slow.run(noisy)


def test_progress(engine, noisy):
    seen = []
    with engine.session("denoise", sigma=20) as session:
        session.run(noisy, progress=seen.append)
    fractions = [now.fraction for now in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert seen[-1].stage in ("prepare", "measure", "process", "finish")


def test_progress_that_returns_false_stops(slow, noisy):
    with pytest.raises(mirra.CancelledError):
        slow.run(noisy, progress=lambda now: False)


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_what_callbacks_raise_comes_out(slow, noisy, error):
    def progress(now):
        raise error

    with pytest.raises(type(error)) as caught:
        slow.run(noisy, progress=progress)
    assert caught.value is error
    job = slow.submit(noisy, progress=progress)
    with pytest.raises(type(error)) as caught:
        job.result()
    assert caught.value is error


def test_bar_as_of_tqdm(engine, noisy):
    class Bar:
        n, total = 0, 200

        def update(self, by):
            self.n += by

    bar = Bar()
    with engine.session("denoise", sigma=20) as session:
        session.run(noisy, progress=bar)
    assert bar.n == pytest.approx(200)
    tqdm = pytest.importorskip("tqdm", reason="this system has no tqdm")
    with tqdm.tqdm(disable=False, file=open("/dev/null", "w")) as bar, engine.session("gain") as session:
        session.run(noisy, progress=bar)
        assert bar.n == pytest.approx(1)


def test_cancel_from_another_thread(slow, noisy):
    cancel = mirra.Cancel()
    threading.Timer(0.2, cancel.request).start()
    with pytest.raises(mirra.CancelledError):
        slow.run(noisy, cancel=cancel)
    assert cancel.requested


def test_session_that_is_closed_in_a_run_lives_until_its_end(engine, noisy):
    session = engine.session("invert", method="optimize", iterations=20)
    failures = []

    def run():
        try:
            session.run(noisy)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.1)
    session.close()
    thread.join()
    assert failures in ([], [pytest.approx]) or all(isinstance(error, mirra.ClosedError) for error in failures)
    with pytest.raises(mirra.ClosedError):
        session.run(noisy)


def test_lock_of_the_interpreter_is_free_while_it_computes(slow, noisy):
    cancel = mirra.Cancel()

    def run():
        with pytest.raises(mirra.CancelledError):
            slow.run(noisy, cancel=cancel)

    thread = threading.Thread(target=run)
    thread.start()
    begin, turns = time.monotonic(), 0
    while time.monotonic() - begin < 0.3:
        turns += 1
    cancel.request()
    thread.join()
    assert turns > 1000

"""Many threads and sessions, with cancels and closes at random: results are those of one thread, and memory stays."""

import concurrent.futures
import gc
import os
import random
import threading
import time

import numpy as np
import pytest

import mirra

SECONDS = float(os.environ.get("MIRRA_TEST_SECONDS", "30"))
TASKS = [
    ("gain", {"gain": 0.5}),
    ("denoise", {"sigma": 20, "quality": "fast"}),
    ("denoise", {"sigma": "auto"}),
    ("invert", {}),
    ("split", {}),
]


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def use(dice, session, image, wanted):
    """One run of a random kind; what is not stopped gives what one thread gave."""
    kind = dice.randrange(5)
    try:
        if kind == 0:
            result = session.run(image)
        elif kind == 1:
            result = session.submit(image).result()
        elif kind == 2:
            cancel = mirra.Cancel()
            job = session.submit(image, cancel=cancel)
            cancel.request()
            result = job.result()
        elif kind == 3:
            session.submit(image).close()
            return
        else:
            with session.clone() as clone:
                job = clone.submit(image)
            result = job.result()
    except mirra.CancelledError:
        return
    assert np.array_equal(result.image, wanted)


def test_sixteen_threads_with_eight_sessions_each(engine, noisy):
    wanted = [engine.session(task, threads=1, **values).run(noisy).image for task, values in TASKS]
    failures, stop = [], threading.Event()

    def work(seed):
        dice = random.Random(seed)
        sessions = []
        try:
            while not stop.is_set():
                while len(sessions) < 8:
                    number = dice.randrange(len(TASKS))
                    task, values = TASKS[number]
                    sessions.append((number, engine.session(task, threads=1, **values)))
                for number, session in sessions:
                    use(dice, session, noisy, wanted[number])
                sessions.pop(dice.randrange(8))[1].close()
        except BaseException as error:
            failures.append(error)
            stop.set()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    stop.wait(SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures


def growth(turn, count):
    """By how many bytes the process grows over the last half of `count` turns, after a warm-up."""
    for _ in range(count // 2):
        turn()
    gc.collect()
    before = resident()
    for _ in range(count // 2):
        turn()
    gc.collect()
    return resident() - before


def turns(session, small):
    """A run, a job, and a run from picture to picture, in turn."""
    kinds = [
        lambda: session.run(small, progress=lambda now: None),
        lambda: session.submit(small).result(),
        lambda: np.asarray(session.run(mirra.Picture.of(small))).sum(),
    ]
    number = 0

    def turn():
        nonlocal number
        number += 1
        kinds[number % 3]()

    return turn


@pytest.mark.parametrize(
    ("task", "values", "count"), [("gain", {}, 2000), ("denoise", {"sigma": 20, "quality": "fast"}, 600)]
)
def test_memory_stays_over_runs(engine, task, values, count):
    with engine.session(task, threads=1, **values) as session:
        assert growth(turns(session, np.full((16, 16, 3), 90, np.uint8)), count) < 2 << 20


def test_memory_stays_over_500_sessions(engine):
    small = np.full((16, 16, 3), 90, np.uint8)
    keep = engine.session("denoise", sigma=20, quality="fast")  # the compiled network stays

    def turn():
        with engine.session("denoise", sigma=20, quality="fast", threads=1) as session:
            session.run(small)

    assert growth(turn, 500) < 2 << 20
    keep.close()


def test_memory_stays_over_engines_and_errors(folder):
    def turn():
        with mirra.Engine(plugin_path=folder / "plugins") as engine:
            with pytest.raises(mirra.NotFoundError):
                engine.session("none")
            assert engine.tasks

    assert growth(turn, 60) < 2 << 20


def test_time_passes_for_others_while_a_session_is_made(engine):
    """No call holds the interpreter's lock."""
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.monotonic()
    for _ in range(20):
        engine.session("stylize").close()
    end = time.monotonic()
    stop.set()
    thread.join()
    assert sum(begin < moment < end for moment in ticks) > 5


def test_colors_change_under_readers():
    """Nobody reads a profile that is being freed."""
    pixels = np.zeros((4, 4, 3), np.uint8)
    profiles = [bytes([n]) * (100_000 * n) for n in (1, 2)]
    sources = [mirra.read(mirra.encode(mirra.Image(pixels, icc=each))) for each in profiles]
    picture = mirra.Picture.create(4, 4)

    def change():
        for turn in range(2000):
            picture.copy_color(sources[turn % 2])
            sources[turn % 2].same_color(picture)

    def look():
        return all(picture.metadata("icc") in (None, *profiles) for _ in range(2000))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(look) for _ in range(2)]
        changes = [pool.submit(change) for _ in range(2)]
        assert all(each.result() for each in looks)
        assert [each.result() for each in changes] == [None, None]

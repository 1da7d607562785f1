"""Signals, forks, the end of the interpreter: each in a process of its own."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

BEGIN = """
import os, signal, sys, threading, time
import numpy as np
import mirra
noisy = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
engine = mirra.Engine(plugin_path=sys.argv[1])
def endless(engine=engine):
    return engine.session("invert", method="optimize", iterations=10**6, patience=10**6, tolerance=0)
"""


def start(folder, script, **options):
    code = BEGIN + textwrap.dedent(script)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder / "plugins")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finish(process, seconds=60):
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"it hangs: {out}{err}")
    return out, err


def run(folder, script, code=0):
    process = start(folder, script)
    out, err = finish(process)
    assert process.returncode == code, err
    return out


INTERRUPTED = {
    "run": "endless().run(noisy)",
    "run with progress": "endless().run(noisy, progress=lambda now: None)",
    "network": 'engine.session("denoise", sigma=20, quality="best").run(np.zeros((3000, 4000, 3), np.uint8))',
    "tiles at once": """
        session = engine.session("lanes", tile_size=16)
        session.run(np.zeros((12000, 12000, 3), np.uint8))
    """,
    "job": "endless().submit(noisy).result()",
    "process of its own": "apart.run(noisy)",
    "function": 'mirra.invert(noisy, method="optimize", iterations=10**6, patience=10**6, tolerance=0)',
}


@pytest.mark.parametrize("name", INTERRUPTED)
def test_ctrl_c_stops_within_the_bound(folder, name):
    body = textwrap.indent(textwrap.dedent(INTERRUPTED[name]), "    ")
    process = start(
        folder,
        f"""
mirra.engine().session("denoise").run(noisy)
apart = endless(mirra.Engine(isolation={name == "process of its own"}))
apart.set(iterations=1)
apart.run(noisy)
apart.set(iterations=10**6)
print("ready", flush=True)
try:
{body}
except KeyboardInterrupt:
    print("interrupted", time.time(), flush=True)
""",
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(1.0)
    sent = time.time()
    process.send_signal(signal.SIGINT)
    out, err = finish(process)
    assert process.returncode == 0, err
    assert out.startswith("interrupted"), out + err
    # The bound is a tenth of a second, on a machine that has nothing else to do.
    assert float(out.split()[1]) - sent < 5.0


def test_interpreter_ends_while_jobs_run(folder):
    begin = time.monotonic()
    out = run(
        folder,
        """
        jobs = [endless().submit(noisy, progress=lambda now: None) for _ in range(3)]
        for job in jobs: job.add_done_callback(lambda job: None)
        thread = threading.Thread(target=lambda: endless().run(noisy), daemon=True)
        thread.start()
        time.sleep(0.3)
        engine.close()
        print("end", flush=True)
        """,
    )
    assert out == "end\n"
    assert time.monotonic() - begin < 30


def test_interpreter_ends_by_an_exception_or_exit_while_a_job_runs(folder):
    run(
        folder,
        "job = endless().submit(noisy, progress=print and (lambda now: None)); time.sleep(0.2); sys.exit(3)",
        code=3,
    )
    run(folder, "job = endless().submit(noisy); time.sleep(0.2); raise ValueError('mine')", code=1)


def test_everything_is_let_go_of_at_the_end_in_any_order(folder):
    run(
        folder,
        """
        session = engine.session("denoise", sigma=20)
        tensors = mirra.Tensors({"a": np.zeros(3, np.float32)})
        keep = [session, session.run(noisy), session.submit(noisy), tensors, mirra.Cancel()]
        keep.append(keep)
        mirra.denoise(noisy)
        """,
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_objects_of_the_parent_are_an_error_in_a_fork(folder):
    out = run(
        folder,
        """
        session = engine.session("gain")
        result = session.run(noisy)
        child = os.fork()
        if child == 0:
            code = 0
            for use in (lambda: session.run(noisy), lambda: engine.session("gain"), lambda: mirra.Engine(),
                        lambda: mirra.denoise(noisy), lambda: result.values):
                try:
                    use()
                    code = 1
                except mirra.ForkedError as error:
                    assert "fork" in str(error)
            del session, engine, result
            os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print(session.run(noisy).image.shape)
        """,
    )
    assert out == "(64, 64, 3)\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork_before_the_first_session_may_compute(folder):
    run(
        folder,
        """
        child = os.fork()
        mine = mirra.Engine(plugin_path=sys.argv[1]) if child == 0 else engine
        with mine.session("denoise", sigma=20) as session: session.run(noisy)
        if child == 0: os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        """,
    )


def test_pools_of_processes(folder, tmp_path):
    script = tmp_path / "pool.py"
    script.write_text(
        textwrap.dedent(
            """
            import multiprocessing
            import numpy as np
            import mirra
            def work(seed):
                image = np.random.default_rng(seed).integers(0, 255, (32, 32, 3), np.uint8)
                return mirra.denoise(image, sigma=20).image
            if __name__ == "__main__":
                here = [work(seed) for seed in range(3)]
                with multiprocessing.get_context("spawn").Pool(2) as pool:
                    there = pool.map(work, range(3))
                assert all(np.array_equal(a, b) for a, b in zip(here, there))
            """
        )
    )
    process = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert process.returncode == 0, process.stderr


def test_a_process_of_its_own_may_end(folder):
    out = run(
        folder,
        """
        mine = mirra.Engine(plugin_path=sys.argv[1], isolation=True)
        session = mine.session("denoise", sigma=20)
        assert np.array_equal(session.run(noisy), engine.session("denoise", sigma=20).run(noisy))
        first = mine.process
        assert first not in (0, os.getpid())
        job = endless(mine).submit(noisy)
        time.sleep(0.3)
        os.kill(first, signal.SIGKILL)
        try:
            job.result()
        except mirra.PluginError as error:
            print("ended", flush=True)
        session.run(noisy)
        assert mine.process not in (0, first)
        assert engine.process == 0
        """,
    )
    assert out == "ended\n"


def test_log_goes_to_logging(folder, tmp_path):
    out = run(
        folder,
        """
        import logging
        told = []
        tell = lambda level, text: told.append((level, text))
        mine = mirra.Engine(plugin_path=sys.argv[1], log=tell, log_level=logging.INFO)
        assert any(level == logging.INFO and "gain.so" in text for level, text in told), told
        paths = []
        mirra.Engine(plugin_path=sys.argv[1], loading=paths.append)
        assert any(path.endswith("gain.so") for path in paths)
        print("told")
        """,
    )
    assert out == "told\n"

"""unload.py PROBE: a host that loads the library, runs and unloads it, more than once, and ends."""
import _ctypes
import ctypes
import sys

for _ in range(2):
    probe = ctypes.CDLL(sys.argv[1])
    assert probe.life_probe() == 0, "a run failed"
    _ctypes.dlclose(probe._handle)
assert "/libmirra.so" in open("/proc/self/maps").read(), "its threads' code is gone"

"""The engine: plugins, devices, and sessions of their tasks."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Mapping
from typing import Any, Callable, Literal, NamedTuple, Union

from mirra import _core, _errors, _library, _schema
from mirra._bundle import Bundle
from mirra._core import NULL, Handle, PathType, call, chars, ffi, lib, struct, take_text, text
from mirra._schema import TaskInfo
from mirra._session import PRECISIONS, Session
from mirra._tensors import Tensors

Paths = Union[PathType, "list[PathType]", "tuple[PathType, ...]", None]
LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)


class Plugin(NamedTuple):
    """A file that was looked at in the search for plugins."""

    path: str
    """Of the file."""
    id: str
    """What the plugin calls itself; "" if the file did not come so far."""
    version: str
    """Of the plugin; "" likewise."""
    loaded: bool
    """Whether its tasks are there."""
    reason: str
    """Why it was passed over, and what to do; "" if loaded."""
    task_count: int
    """How many tasks it brought."""
    taken_tasks: tuple[str, ...]
    """Tasks whose name another plugin had: they are "ID:TASK"."""


class Device(NamedTuple):
    """A processor or card."""

    id: str
    """What callers write: "cpu", "cuda:0", "cuda:all" where several can be used."""
    name: str
    """Of the processor or card."""
    usable: bool
    """Whether sessions can run there."""
    reason: str
    """Why not, and what to do."""
    memory_bytes: int
    """In all; 0: unknown."""


class Runtime(NamedTuple):
    """What came of loading the runtime module."""

    usable: bool
    """Whether it is loaded."""
    path: str
    """Of the module."""
    reason: str
    """Why it cannot be used, and what to do."""
    libtorch_path: str
    """Of the LibTorch that is loaded."""
    libtorch_version: str
    """What that file says of itself."""
    version: str
    """What the module says of itself: "oneDNN 3.2.0"."""


class BundleRecord(NamedTuple):
    """A bundle in the folders of bundles."""

    path: str
    """Of the file."""
    name: str
    """Of the bundle."""
    task: str
    """What it serves; "" for bare networks."""
    quality: str
    """Among the bundles of its task: "fast", "balanced", "best"; "" for a bundle that is no default."""
    usable: bool
    """Whether sessions can be made of it."""
    reason: str
    """Why not, and what to do."""


class _Listener:
    """Whom an engine tells."""

    def __init__(self, log: logging.Logger | Callable[[int, str], Any], loading: Callable[[str], Any] | None) -> None:
        self.log = log.log if isinstance(log, logging.Logger) else log
        self.loading = loading
        self.error: BaseException | None = None


@ffi.def_extern(name="mirra_py_log")  # type: ignore[untyped-decorator]
def _log(user: Any, level: int, message: Any) -> None:
    ffi.from_handle(user).log(LEVELS[min(max(level, 0), 3)], text(message))


@ffi.def_extern(name="mirra_py_loading")  # type: ignore[untyped-decorator]
def _loading(user: Any, path: Any) -> None:
    listener = ffi.from_handle(user)
    try:
        listener.loading(text(path))
    except BaseException as error:
        listener.error = listener.error or error


class State:
    """What sessions keep of their engine."""

    __slots__ = ("__weakref__", "generation", "pointer")

    def __init__(self, pointer: Any) -> None:
        self.pointer = pointer
        self.generation = _core.Process.generation

    def shutdown_at_exit(self) -> None:
        """Stops all work of the engine."""
        if self.generation == _core.Process.generation:
            lib.mirra_engine_shutdown(self.pointer, _core.SECONDS_AT_EXIT, NULL)


def _joined(paths: Paths) -> Any:
    if paths is None or isinstance(paths, (str, os.PathLike)):
        return chars(paths)
    return chars(":".join(os.fspath(path) for path in paths))


def _flags(path_only: bool, scan: bool, isolation: bool | Literal["auto"]) -> int:
    flags = (lib.MIRRA_PLUGIN_PATH_ONLY if path_only else 0) | (lib.MIRRA_PLUGIN_SCAN_PROCESS if scan else 0)
    if isolation == "auto":
        return int(flags | lib.MIRRA_ISOLATION_AUTO)
    return int(flags | lib.MIRRA_ISOLATION_PROCESS if isolation else flags)


class Engine(Handle):
    """Plugins, devices and the cache of networks. A program makes one; `mirra.engine()` is made at first use.

    Args:
        plugin_path: folders and files that are searched first for plugins.
        plugin_path_only: look for plugins nowhere else.
        plugin_skip: plugins that are passed over: names of files, paths, or ids.
        scan_plugins: load each plugin in a process of its own first, and pass over one that crashes or hangs.
        isolation: load the plugins into a process of its own, and run all sessions and networks there. If that process
            ends, the calls under way are a `PluginError`, and the next call starts another. "auto": only if another
            LibTorch is in this process. Pixels cross in shared memory; results are the same.
        bundle_path: folders that are searched for bundles.
        runtime_module: file of the runtime module.
        libtorch_path: folder of the LibTorch for it.
        log: a logger, or a function that takes a level of `logging` and a message. None: the logger "mirra".
        log_level: the least that is told, as in `logging`.
        loading: called with the path of each plugin before anything of it runs.

    Any thread may use it.

    """

    __slots__ = ("_lock", "_pool", "_state", "_tasks")
    _destroyer = lib.mirra_engine_destroy
    _noun = "engine"

    def __init__(
        self,
        *,
        plugin_path: Paths = None,
        plugin_path_only: bool = False,
        plugin_skip: Paths = None,
        scan_plugins: bool = False,
        isolation: bool | Literal["auto"] = False,
        bundle_path: Paths = None,
        runtime_module: PathType | None = None,
        libtorch_path: PathType | None = None,
        log: logging.Logger | Callable[[int, str], Any] | None = None,
        log_level: int = logging.WARNING,
        loading: Callable[[str], Any] | None = None,
    ) -> None:
        _core.may_begin()
        listener = _Listener(log or logging.getLogger("mirra"), loading)
        handle = ffi.new_handle(listener)
        options = struct("mirra_engine_options")
        options.flags = _flags(plugin_path_only, scan_plugins, isolation)
        texts = {
            "plugin_path": _joined(plugin_path),
            "plugin_skip": _joined(plugin_skip),
            "bundle_path": _joined(bundle_path),
            "runtime_module": chars(runtime_module),
            "libtorch_path": chars(libtorch_path if libtorch_path is not None else _library.libtorch()),
        }
        for name, value in texts.items():
            setattr(options, name, value)
        options.log, options.log_user = lib.mirra_py_log, handle
        options.log_level = max(0, min(3, (log_level - logging.DEBUG + 9) // 10))
        if loading is not None:
            options.loading, options.loading_user = lib.mirra_py_loading, handle
        out = ffi.new("mirra_engine **")
        call(lib.mirra_engine_create, options, out)
        super().__init__(out[0], handle)
        self._state = State(self._pointer)
        self._pool: list[tuple[Any, Session]] = []
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskInfo] | None = None
        _core.at_exit(self._state)
        if listener.error is not None:
            raise listener.error

    def close(self) -> None:
        """Lets go of the engine. Its sessions go on, and keep what they need."""
        with self._lock:
            self._pool.clear()
        super().close()

    def shutdown(self, timeout: float | None = None) -> None:
        """Ends its work: all runs and jobs stop with a `CancelledError`, and none begins any more.

        Args:
            timeout: how long to wait for them, in seconds; None: for ever.

        Raises:
            WaitTimeoutError: they have not ended by then.

        """
        call(lib.mirra_engine_shutdown, self._live(), -1.0 if timeout is None else float(timeout))

    @property
    def process(self) -> int:
        """Number of the process that runs the sessions (`isolation`); 0: this one, or none at the moment."""
        return int(lib.mirra_engine_process(self._live()))

    @property
    def schema(self) -> dict[str, Any]:
        """All tasks with their ports and parameters, as the library's JSON document."""
        return json.loads(text(lib.mirra_engine_schema_json(self._live())))  # type: ignore[no-any-return]

    @property
    def tasks(self) -> Mapping[str, TaskInfo]:
        """The tasks, by name."""
        self._live()
        if self._tasks is None:
            self._tasks = {raw["name"]: _schema.task(raw) for raw in self.schema["tasks"]}
        return self._tasks

    def task(self, name: str) -> TaskInfo:
        """A task by its name, or by "ID:NAME" with the id of its plugin."""
        found = self.tasks.get(name)
        if found is None:
            info = struct("mirra_task_info")
            call(lib.mirra_engine_find_task, self._live(), chars(name), info)
            found = self.tasks[text(info.name)]
        return found

    @property
    def plugins(self) -> list[Plugin]:
        """The files that were looked at, in the order of the search."""
        pointer, record = self._live(), struct("mirra_plugin_record")
        found: list[Plugin] = []
        for index in range(lib.mirra_engine_plugin_count(pointer)):
            call(lib.mirra_engine_plugin, pointer, index, record)
            taken = tuple(text(record.taken_tasks[i]) for i in range(record.taken_task_count))
            found.append(
                Plugin(
                    text(record.path),
                    text(record.id),
                    text(record.version),
                    bool(record.loaded),
                    text(record.reason),
                    record.task_count,
                    taken,
                )
            )
        return found

    @property
    def devices(self) -> list[Device]:
        """The devices; "cpu" is the first."""
        pointer, info = self._live(), struct("mirra_device_info")
        found: list[Device] = []
        for index in range(lib.mirra_engine_device_count(pointer)):
            call(lib.mirra_engine_device, pointer, index, info)
            found.append(
                Device(text(info.id), text(info.name), bool(info.usable), text(info.reason), info.memory_bytes)
            )
        return found

    @property
    def bundles(self) -> list[BundleRecord]:
        """The bundles in the folders of bundles."""
        pointer, record = self._live(), struct("mirra_bundle_record")
        found: list[BundleRecord] = []
        for index in range(lib.mirra_engine_bundle_count(pointer)):
            call(lib.mirra_engine_bundle, pointer, index, record)
            found.append(
                BundleRecord(
                    text(record.path),
                    text(record.name),
                    text(record.task),
                    text(record.quality),
                    bool(record.usable),
                    text(record.reason),
                )
            )
        return found

    @property
    def runtime(self) -> Runtime:
        """Loads the runtime module, and says what came of it."""
        info = struct("mirra_runtime_info")
        call(lib.mirra_engine_runtime, self._live(), info)
        return Runtime(
            bool(info.usable),
            text(info.path),
            text(info.reason),
            text(info.libtorch_path),
            text(info.libtorch_version),
            text(info.version),
        )

    def find_bundle(self, name: PathType) -> str:
        """The path of a bundle. A name without a slash is looked for in the folders of bundles, and nowhere else."""
        out = ffi.new("char **")
        call(lib.mirra_engine_find_bundle, self._live(), chars(name), out)
        return take_text(out[0])

    def session(
        self,
        task: str,
        /,
        *,
        bundle: Bundle | PathType | None = None,
        quality: str | None = None,
        device: str | None = None,
        precision: str = "auto",
        memory_limit: int = 0,
        threads: int = 0,
        tile_size: int = 0,
        parameters: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> Session:
        """Makes a session of a task.

        Args:
            task: its name, such as "denoise"; or "ID:NAME" with the id of its plugin.
            bundle: trained networks: a `Bundle`, a path, or a name in the folders of bundles. None: the task's own.
            quality: "fast", "balanced" or "best", in place of a bundle.
            device: "cpu" (None), "cuda:0", or several GPUs: "cuda:0,1", "cuda:all".
            precision: "auto", "fp32", "bf16" or "fp16".
            memory_limit: the most, in bytes, that it may add to the process, or take of a GPU's memory; 0: no limit.
            threads: of the processor; 0: as many as the process may use.
            tile_size: largest height and width of a tile, in pixels; 0: chosen.
            parameters: the task's parameters by name, for names that are options here.
            **values: the task's parameters.

        """
        _core.may_begin()
        if precision not in PRECISIONS:
            raise _errors.InvalidArgumentError("no such precision", precision, "use " + ", ".join(PRECISIONS))
        options, keep = struct("mirra_session_options"), [chars(task), chars(quality), chars(device)]
        options.task, options.quality, options.device = keep
        options.precision = PRECISIONS[precision]
        options.memory_limit, options.threads, options.tile_size = memory_limit, threads, tile_size
        if bundle is not None and not isinstance(bundle, Bundle):
            bundle = Bundle(self.find_bundle(bundle))
        if bundle is not None:
            options.bundle = bundle._live()
        pointer, out = self._live(), ffi.new("mirra_session **")
        call(lib.mirra_session_create, pointer, options, out)
        made = Session(out[0], self.task(task), self._state)
        if parameters or values:
            made.set(parameters, **values)
        return made

    def _borrow(self, key: tuple[Any, ...], options: dict[str, Any]) -> Session:
        """A session with these options that nobody uses, with its parameters as at first."""
        with self._lock:
            found = next((index for index, (other, _) in enumerate(self._pool) if other == key), None)
            session = None if found is None else self._pool.pop(found)[1]
        if session is None:
            return self.session(key[0], **options)
        session.reset()
        return session

    def _give_back(self, key: tuple[Any, ...], session: Session) -> None:
        with self._lock:
            if not self.closed:
                self._pool.append((key, session))
                del self._pool[:-4]

    def run(self, task: str, image: Any = None, /, **arguments: Any) -> Any:
        """Runs a task once: see the functions of the module, such as `mirra.denoise`."""
        from mirra._functions import run_task

        return run_task(self, task, image, arguments)

    def run_graph(
        self,
        bundle: Bundle,
        graph: str,
        inputs: Tensors | Mapping[str, Any],
        *,
        device: str | None = None,
        precision: str = "auto",
        memory_limit: int = 0,
        threads: int = 0,
    ) -> Tensors:
        """Runs a network of a bundle as it is: no tiles, no colour, no alignment.

        Args:
            bundle: where the network is.
            graph: its name.
            inputs: one tensor (N, C, H, W) for each input of the network, by name.
            device: "cpu" (None) or "cuda:0".
            precision: "auto", "fp32", "bf16" or "fp16".
            memory_limit: in bytes; 0: no limit.
            threads: of the processor; 0: as many as the process may use.

        """
        _core.may_begin()
        _core.has_computed()
        options, name = struct("mirra_graph_options"), chars(device)
        options.precision, options.device = PRECISIONS[precision], name
        options.memory_limit, options.threads = memory_limit, threads
        given = inputs if isinstance(inputs, Tensors) else Tensors(inputs)
        out = ffi.new("mirra_tensors **")
        call(lib.mirra_graph_run, self._live(), bundle._live(), chars(graph), options, given._live(), out)
        return Tensors._of(out[0])

    def __repr__(self) -> str:
        return "<mirra.Engine, closed>" if self.closed else f"<mirra.Engine, tasks: {', '.join(self.tasks)}>"

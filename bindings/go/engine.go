package mirra

// #include "glue.h"
import "C"

import (
	"context"
	"log/slog"
	"runtime/cgo"
)

// Engine owns the plugins, the devices and the cache of compiled networks. A program makes one. All goroutines may use
// it at once.
type Engine struct {
	h    *handle[*C.mirra_engine]
	id   *identity
	logs *calls
}

// identity tells engines apart without keeping them.
type identity struct{ _ byte }

// EngineOptions says how an engine finds plugins and bundles, and whom it tells.
type EngineOptions struct {
	// PluginPath lists folders and files that are searched for plugins first, before MIRRA_PLUGIN_PATH, the user's folder
	// and the one beside the library.
	PluginPath []string
	// PluginPathOnly looks nowhere else.
	PluginPathOnly bool
	// PluginScanProcess loads each plugin in a process of its own first, and passes over one that ends or blocks it.
	PluginScanProcess bool
	// Isolation says whether plugins and sessions have a process of their own.
	Isolation Isolation
	// PluginSkip lists plugins that are passed over: names of files, paths or ids.
	PluginSkip []string
	// BundlePath lists folders that are searched for the tasks' default bundles.
	BundlePath []string
	// RuntimeModule is the file of the runtime module; "": MIRRA_RUNTIME_MODULE, then beside the library.
	RuntimeModule string
	// LibTorchPath is the folder of the LibTorch to run on; "": MIRRA_LIBTORCH_PATH, then beside the module.
	LibTorchPath string
	// Logger receives messages for people; nil: silent. It is called from any goroutine. If it panics, the next call of
	// the engine or its sessions that runs something panics with a [*PanicError].
	Logger *slog.Logger
	// Loading is told of each plugin's file before anything of it runs, within NewEngine; nil: nobody.
	Loading func(path string)
}

// Isolation says where an engine loads its plugins and runs its sessions.
type Isolation uint32

const (
	// NotIsolated: in this process.
	NotIsolated Isolation = 0
	// IsolatedProcess: in a process of its own. If a plugin crashes it, the calls under way get ErrPlugin with how it
	// ended; sessions stay, and the next call starts another process. Results are the same. Pixels cross in shared
	// memory, which takes the size of a run's images besides.
	IsolatedProcess Isolation = C.MIRRA_ISOLATION_PROCESS
	// IsolatedIfNeeded: IsolatedProcess if another LibTorch is in this process as the engine is made.
	IsolatedIfNeeded Isolation = C.MIRRA_ISOLATION_AUTO
)

type loading struct {
	calls
	tell func(string)
}

// NewEngine makes an engine and loads the plugins (milliseconds). LibTorch is loaded by the first session that runs a
// network. nil: the defaults. A plugin that cannot be loaded is no error here: see [Engine.Plugins].
func NewEngine(options *EngineOptions) (*Engine, error) {
	if options == nil {
		options = &EngineOptions{}
	}
	var a arena
	defer a.free()
	c := a.engineOptions(options)
	if a.err != nil {
		return nil, a.err
	}
	id := new(identity)
	engine := &Engine{id: id, logs: &calls{engine: id, logs: true}}
	var logHandle, loadingHandle cgo.Handle
	if options.Logger != nil {
		logHandle = cgo.NewHandle(logger(&slogger{calls: engine.logs, to: options.Logger}))
	}
	told := &loading{tell: options.Loading}
	if options.Loading != nil {
		loadingHandle = cgo.NewHandle(told)
		defer loadingHandle.Delete()
	}
	var pointer *C.mirra_engine
	err := call(func(e **C.mirra_error) C.mirra_status {
		return C.mirra_go_engine_create(c, C.uintptr_t(logHandle), C.uintptr_t(loadingHandle), &pointer, e)
	})
	if err == nil {
		engine.h = own(engine, "engine", pointer, func(p *C.mirra_engine) { C.mirra_engine_destroy(p) })
	}
	_ = told.rethrow()
	_ = engine.logs.rethrow()
	if err != nil {
		return nil, err
	}
	return engine, nil
}

func (a *arena) engineOptions(options *EngineOptions) *C.mirra_engine_options {
	c := one[C.mirra_engine_options](a)
	if options.PluginPathOnly {
		c.flags |= C.MIRRA_PLUGIN_PATH_ONLY
	}
	c.flags |= C.mirra_engine_flags(options.Isolation)
	if options.PluginScanProcess {
		c.flags |= C.MIRRA_PLUGIN_SCAN_PROCESS
	}
	c.plugin_path = a.list(options.PluginPath)
	c.plugin_skip = a.list(options.PluginSkip)
	c.bundle_path = a.list(options.BundlePath)
	c.runtime_module = a.option(options.RuntimeModule)
	c.libtorch_path = a.option(options.LibTorchPath)
	return c
}

// Close gives the engine back. Sessions that there are go on. It may be called again.
func (e *Engine) Close() error {
	e.h.close()
	return nil
}

// Process gives the number of the process that runs the engine's sessions, with [IsolatedProcess]; 0: this one, or none
// at the moment.
func (e *Engine) Process() (int, error) {
	var process int
	err := e.h.call(func(engine *C.mirra_engine, _ **C.mirra_error) C.mirra_status {
		process = int(C.mirra_engine_process(engine))
		return C.MIRRA_OK
	})
	return process, err
}

// Shutdown ends the engine's work: all runs and jobs stop with ErrCancelled, none begins any more, and the call waits
// until they have ended, at most as long as ctx lasts (ErrTimeout then; it may be called again). ErrBusy in a function
// that one of them calls.
func (e *Engine) Shutdown(ctx context.Context) error {
	if c := inside(); c != nil && c.engine == e.id {
		return &Error{Code: ErrBusy, Message: "a run of the engine waits for this function to return"}
	}
	for {
		seconds := 0.02
		if ctx.Err() != nil {
			seconds = 0
		}
		err := e.h.call(func(engine *C.mirra_engine, failed **C.mirra_error) C.mirra_status {
			return C.mirra_engine_shutdown(engine, C.double(seconds), failed)
		})
		if statusOf(err) != C.MIRRA_E_TIMEOUT {
			return err
		}
		if seconds == 0 {
			return waited(ctx, err)
		}
	}
}

// logger receives messages.
type logger interface {
	log(level int, message string)
}

type slogger struct {
	*calls
	to *slog.Logger
}

var levels = map[int]slog.Level{C.MIRRA_LOG_DEBUG: slog.LevelDebug, C.MIRRA_LOG_INFO: slog.LevelInfo,
	C.MIRRA_LOG_WARNING: slog.LevelWarn, C.MIRRA_LOG_ERROR: slog.LevelError}

func (l *slogger) log(level int, message string) {
	_ = l.run(func() error {
		l.to.Log(context.Background(), levels[level], message)
		return nil
	})
}

package mirra

// #include "glue.h"
import "C"

// BundleRecord is a bundle that was found in the folders where bundles are looked for.
type BundleRecord struct {
	Path, Name, Task string
	// Quality is what SessionOptions.Quality takes for the task; "" for a bundle that is none of its default ones.
	Quality string
	Usable  bool
	Reason  string // why it cannot be used, and what to do; "" if usable
	Bytes   uint64 // of the file
}

// Bundles gives the bundles that were found. The first call looks; what is found then stays for the engine's life.
func (e *Engine) Bundles() ([]BundleRecord, error) {
	return listed(e, func(engine *C.mirra_engine) C.uint32_t { return C.mirra_engine_bundle_count(engine) },
		func(engine *C.mirra_engine, i C.uint32_t) (BundleRecord, error) {
			r := C.mirra_bundle_record{struct_size: C.sizeof_mirra_bundle_record}
			err := call(func(failed **C.mirra_error) C.mirra_status {
				return C.mirra_engine_bundle(engine, i, &r, failed)
			})
			return BundleRecord{Path: C.GoString(r.path), Name: C.GoString(r.name), Task: C.GoString(r.task),
				Quality: C.GoString(r.quality), Usable: r.usable != 0, Reason: C.GoString(r.reason),
				Bytes: uint64(r.bytes)}, err
		})
}

// PluginRecord is a file that was looked at in the search for plugins.
type PluginRecord struct {
	Path, ID, Version string
	Loaded            bool
	ABI, TaskCount    int
	Reason            string   // why it was passed over, and what to do; "" if loaded
	TakenTasks        []string // tasks that another plugin had brought before: they are had as "ID:TASK" only
}

// Plugins gives the files that were looked at, loaded or passed over, in the order of the search.
func (e *Engine) Plugins() ([]PluginRecord, error) {
	return listed(e, func(engine *C.mirra_engine) C.uint32_t { return C.mirra_engine_plugin_count(engine) },
		func(engine *C.mirra_engine, i C.uint32_t) (PluginRecord, error) {
			r := C.mirra_plugin_record{struct_size: C.sizeof_mirra_plugin_record}
			err := call(func(failed **C.mirra_error) C.mirra_status {
				return C.mirra_engine_plugin(engine, i, &r, failed)
			})
			return PluginRecord{Path: C.GoString(r.path), ID: C.GoString(r.id), Version: C.GoString(r.version),
				Loaded: r.loaded != 0, ABI: int(r.abi), TaskCount: int(r.task_count), Reason: C.GoString(r.reason),
				TakenTasks: texts(r.taken_tasks, r.taken_task_count)}, err
		})
}

// Precision is the type of numbers that networks compute in.
type Precision int32

// The numbers that networks compute in.
const (
	// AutoPrecision is BF16 where the device is faster in it and the bundle says that the loss is below 0.02 dB; else
	// FP32.
	AutoPrecision Precision = C.MIRRA_PRECISION_AUTO
	FP32          Precision = C.MIRRA_PRECISION_FP32
	BF16          Precision = C.MIRRA_PRECISION_BF16
	FP16          Precision = C.MIRRA_PRECISION_FP16
)

// String gives the name: "auto", "fp32", "bf16", "fp16".
func (p Precision) String() string { return C.GoString(C.mirra_precision_name(C.mirra_precision(p))) }

// Device is a processor or card.
type Device struct {
	ID, Name    string // what callers write ("cpu", "cuda:0"), and what it is
	Usable      bool
	Reason      string      // why it cannot be used, and what to do; "" if usable
	MemoryBytes uint64      // in all; 0: unknown
	Precisions  []Precision // that the hardware supports
}

// Devices gives the processors and cards; "cpu" is the first and always there.
func (e *Engine) Devices() ([]Device, error) {
	return listed(e, func(engine *C.mirra_engine) C.uint32_t { return C.mirra_engine_device_count(engine) },
		func(engine *C.mirra_engine, i C.uint32_t) (Device, error) {
			d := C.mirra_device_info{struct_size: C.sizeof_mirra_device_info}
			err := call(func(failed **C.mirra_error) C.mirra_status {
				return C.mirra_engine_device(engine, i, &d, failed)
			})
			device := Device{ID: C.GoString(d.id), Name: C.GoString(d.name), Usable: d.usable != 0,
				Reason: C.GoString(d.reason), MemoryBytes: uint64(d.memory_bytes)}
			for p := FP32; p <= FP16; p++ {
				if d.precisions>>p&1 != 0 {
					device.Precisions = append(device.Precisions, p)
				}
			}
			return device, err
		})
}

// RuntimeInfo says what came of loading the runtime module.
type RuntimeInfo struct {
	Usable                                        bool
	Path, Version                                 string // of the module; Path is "" if none was found
	Reason                                        string // why it cannot be used, and what to do; "" if usable
	BaseBytes                                     uint64 // resident memory that loading it added
	LibTorchPath, LibTorchOrigin, LibTorchVersion string
}

// Runtime loads the runtime module, if that has not been done, and says what came of it. A missing module is no error
// here: Usable is false then.
func (e *Engine) Runtime() (RuntimeInfo, error) {
	i := C.mirra_runtime_info{struct_size: C.sizeof_mirra_runtime_info}
	var info RuntimeInfo
	err := e.h.call(func(engine *C.mirra_engine, failed **C.mirra_error) C.mirra_status {
		status := C.mirra_engine_runtime(engine, &i, failed)
		info = RuntimeInfo{Usable: i.usable != 0, Path: C.GoString(i.path), Version: C.GoString(i.version),
			Reason: C.GoString(i.reason), BaseBytes: uint64(i.base_bytes), LibTorchPath: C.GoString(i.libtorch_path),
			LibTorchOrigin: C.GoString(i.libtorch_origin), LibTorchVersion: C.GoString(i.libtorch_version)}
		return status
	})
	return info, err
}

// MeasurePeak measures, in about half a second, how many multiplications with an addition each the device does in a
// second at most. device: "" for "cpu"; threads: as in SessionOptions.
func (e *Engine) MeasurePeak(device string, precision Precision, threads int) (float64, error) {
	var a arena
	defer a.free()
	name, count := a.option(device), a.int32("threads", threads)
	if a.err != nil {
		return 0, a.err
	}
	var peak C.double
	err := e.h.call(func(engine *C.mirra_engine, failed **C.mirra_error) C.mirra_status {
		return C.mirra_engine_measure_peak(engine, name, C.mirra_precision(precision), count, &peak, failed)
	})
	return float64(peak), err
}

// FindBundle gives the path of a bundle. A name without a slash ("denoiser.mirra") is looked for as
// EngineOptions.BundlePath says; a name with a slash is a path.
func (e *Engine) FindBundle(name string) (string, error) {
	var a arena
	defer a.free()
	text := a.text(name)
	if a.err != nil {
		return "", a.err
	}
	var path *C.char
	err := e.h.call(func(engine *C.mirra_engine, failed **C.mirra_error) C.mirra_status {
		return C.mirra_engine_find_bundle(engine, text, &path, failed)
	})
	return given(path), err
}

// given copies and frees a string that the library gave.
func given(text *C.char) string {
	defer C.mirra_string_free(text)
	return C.GoString(text)
}

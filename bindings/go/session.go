package mirra

// #include "glue.h"
import "C"

import (
	"encoding/json"
	"image"
	"image/color"
)

// Session is a task with its bundle, on a device, with its parameters set. It does one thing at a time: a call while
// another one, a run or a job of the session is under way gives ErrBusy at once, from whichever goroutine. Take a
// [Pool], or a [Session.Clone] for each goroutine, to run several at once; sessions share their networks.
type Session struct {
	h      *handle[*C.mirra_session]
	engine *Engine
	task   Task
}

// Params are values of parameters by name: bools, numbers, strings, color.Colors or Values. A number may also be one of
// its choices, such as "auto".
type Params map[string]any

// SessionOptions says how a session is made. The zero value is the default.
type SessionOptions struct {
	Bundle    *Bundle // nil: the task's default
	Quality   string  // one of Task.Qualities, in place of a bundle; "": the default
	Device    string  // "cpu", "cuda:0", "cuda:0,1", "cuda:all"; "": "cpu". No silent fallback
	Precision Precision
	// MemoryLimit is the most, in bytes, that the session may add to the process; pictures do not count. It is kept by
	// smaller tiles, or ErrBudget names the bytes needed. 0: no limit.
	MemoryLimit uint64
	Threads     int    // of the CPU kernels, at most 1024; 0: as many as the process may use
	TileSize    int    // largest height and width of a tile in pixels, overlap included; 0: chosen
	Params      Params // set at once
}

// NewSession makes a session of a task. It loads LibTorch, if the task needs it and that has not been done, and
// compiles the network. nil: the defaults.
func (e *Engine) NewSession(task string, options *SessionOptions) (*Session, error) {
	if options == nil {
		options = &SessionOptions{}
	}
	schema, err := e.Task(task)
	if err != nil {
		return nil, err
	}
	var a arena
	defer a.free()
	c := one[C.mirra_session_options](&a)
	c.task = a.text(task)
	c.precision = C.mirra_precision(options.Precision)
	c.device = a.option(options.Device)
	c.memory_limit = C.uint64_t(options.MemoryLimit)
	c.threads = a.int32("threads", options.Threads)
	c.tile_size = a.int32("tile_size", options.TileSize)
	c.quality = a.option(options.Quality)
	if options.Bundle != nil {
		bundle, err := options.Bundle.h.use()
		if err != nil {
			return nil, err
		}
		defer options.Bundle.h.release()
		c.bundle = bundle
	}
	if a.err != nil {
		return nil, a.err
	}
	var pointer *C.mirra_session
	err = e.h.call(func(engine *C.mirra_engine, failed **C.mirra_error) C.mirra_status {
		return C.mirra_session_create(engine, c, &pointer, failed)
	})
	_ = e.logs.rethrow()
	if err != nil {
		return nil, err
	}
	session := newSession(e, schema, pointer)
	if err := session.SetAll(options.Params); err != nil {
		session.h.close()
		return nil, err
	}
	return session, nil
}

func newSession(engine *Engine, task Task, pointer *C.mirra_session) *Session {
	session := &Session{engine: engine, task: task}
	session.h = own(session, "session", pointer, func(p *C.mirra_session) { C.mirra_session_destroy(p) })
	return session
}

// Close gives the session back. A run or job that is under way goes on. It may be called again.
func (s *Session) Close() error {
	s.h.close()
	return nil
}

// Clone makes another session with the same options and parameters, which shares the compiled networks; for another
// goroutine.
func (s *Session) Clone() (*Session, error) {
	var pointer *C.mirra_session
	err := s.h.call(func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
		return C.mirra_session_clone(session, &pointer, e)
	})
	if err != nil {
		return nil, err
	}
	return newSession(s.engine, s.task, pointer), nil
}

// Task gives the task that the session was made of.
func (s *Session) Task() Task { return s.task }

// Params describes the parameters as [Task] does, but with what the bundle says: default, range and choices. Also
// during a run.
func (s *Session) Params() ([]Param, error) {
	params := make([]Param, len(s.task.Params))
	for i := range params {
		p := C.mirra_param_info{struct_size: C.sizeof_mirra_param_info}
		err := s.h.call(func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
			status := C.mirra_session_param(session, C.uint32_t(i), &p, e)
			params[i] = paramOf(&p)
			return status
		})
		if err != nil {
			return nil, err
		}
	}
	return params, nil
}

// Set sets a parameter: see [Params] for what value may be. A refused value (unknown name, type, range) leaves the
// parameter as it was; the error's subject is the parameter.
func (s *Session) Set(name string, value any) error {
	var a arena
	defer a.free()
	text, v := a.text(name), a.value(value)
	return s.change(&a, func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
		return C.mirra_session_set(session, text, v, e)
	})
}

// SetText sets a parameter from text, as a person writes it: "auto", "12.5", "true".
func (s *Session) SetText(name, value string) error {
	var a arena
	defer a.free()
	text, v := a.text(name), a.text(value)
	return s.change(&a, func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
		return C.mirra_session_set_text(session, text, v, e)
	})
}

// SetJSON sets parameters from a JSON object: all of them or, where one is refused, none.
func (s *Session) SetJSON(object string) error {
	var a arena
	defer a.free()
	text := a.text(object)
	return s.change(&a, func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
		return C.mirra_session_set_json(session, text, e)
	})
}

// SetAll sets parameters: all of them or, where one is refused, none.
func (s *Session) SetAll(params Params) error {
	if len(params) == 0 {
		return nil
	}
	plain := make(map[string]any, len(params))
	for name, v := range params {
		value, err := ValueOf(v)
		if err != nil {
			err.(*Error).Subject = name
			return err
		}
		plain[name] = value.Any()
	}
	object, err := json.Marshal(plain)
	if err != nil {
		return &Error{Code: ErrInvalidArgument, Message: "the parameters cannot be written as JSON", Cause: err}
	}
	return s.SetJSON(string(object))
}

// Reset gives parameters, or all where none is named, the values that they had at first.
func (s *Session) Reset(names ...string) error {
	var a arena
	defer a.free()
	list := []*C.char{nil}
	if len(names) > 0 {
		list = list[:0]
	}
	for _, name := range names {
		list = append(list, a.text(name))
	}
	for _, text := range list {
		err := s.change(&a, func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
			return C.mirra_session_reset(session, text, e)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) change(a *arena, f func(*C.mirra_session, **C.mirra_error) C.mirra_status) error {
	if a.err != nil {
		return a.err
	}
	return s.h.call(f)
}

// Get gives the value of a parameter. At first it is the bundle's default, or else the task's.
func (s *Session) Get(name string) (Value, error) {
	var a arena
	defer a.free()
	text := a.text(name)
	c := one[C.mirra_value](&a)
	var value Value
	err := s.change(&a, func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
		status := C.mirra_session_get(session, text, c, e)
		value = valueOf(c)
		return status
	})
	return value, err
}

// GetColor gives the value of a parameter of TypeColor.
func (s *Session) GetColor(name string) (color.NRGBA, error) {
	value, err := s.Get(name)
	if err != nil {
		return color.NRGBA{}, err
	}
	return value.Color()
}

// GetAll gives all parameters, as bool, int64, float64 or string.
func (s *Session) GetAll() (Params, error) {
	params := Params{}
	for _, param := range s.task.Params {
		value, err := s.Get(param.Name)
		if err != nil {
			return nil, err
		}
		params[param.Name] = value.Any()
	}
	return params, nil
}

// GetJSON gives all parameters as a JSON object, in the order of the schema.
func (s *Session) GetJSON() (string, error) {
	var object *C.char
	err := s.h.call(func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
		return C.mirra_session_get_json(session, &object, e)
	})
	return given(object), err
}

// SessionInfo says what a session is made of.
type SessionInfo struct {
	Task, PluginID  string
	BundlePath      string // "" where the bundle came from memory, or there is none
	BundleName      string
	BundleSHA256    string // of its tensors, in hex
	Quality         string // that was asked for; "" if none was
	Device          string
	Precision       Precision // never AutoPrecision
	PrecisionReason string
	MemoryLimit     uint64
	Threads         int
	TileSize        int
}

// Info says what the session is made of. Also during a run.
func (s *Session) Info() (SessionInfo, error) {
	var info SessionInfo
	err := s.h.call(func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
		i := C.mirra_session_info{struct_size: C.sizeof_mirra_session_info}
		status := C.mirra_session_get_info(session, &i, e)
		info = SessionInfo{Task: C.GoString(i.task), PluginID: C.GoString(i.plugin_id),
			BundlePath: C.GoString(i.bundle_path), BundleName: C.GoString(i.bundle_name),
			BundleSHA256: C.GoString(i.bundle_sha256), Quality: C.GoString(i.quality), Device: C.GoString(i.device),
			Precision: Precision(i.precision), PrecisionReason: C.GoString(i.precision_reason),
			MemoryLimit: uint64(i.memory_limit), Threads: int(i.threads), TileSize: int(i.tile_size)}
		return status
	})
	return info, err
}

// Plan says what a run would do.
type Plan struct {
	Fits                      bool // false: no tile is small enough for the memory limit; see RequiredBytes
	TileCount                 uint64
	TileWidth, TileHeight     int // of the largest tile, overlap and alignment included
	Halo                      Halo
	Alignment                 int
	PeakBytes                 uint64 // upper bound of what the session adds to the process; BaseBytes included
	BaseBytes                 uint64 // of these, the runtime's library
	RequiredBytes             uint64 // smallest memory limit with which the image can be done
	MemoryLimit               uint64 // the session's; 0: none
	Precision                 Precision
	Device, PrecisionReason   string
	OutputWidth, OutputHeight int
}

// Plan says what a run on an image of the size would do, without doing it.
func (s *Session) Plan(width, height int) (Plan, error) {
	var a arena
	defer a.free()
	w, h := a.int32("width", width), a.int32("height", height)
	var plan Plan
	err := s.change(&a, func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
		p := C.mirra_plan{struct_size: C.sizeof_mirra_plan}
		status := C.mirra_session_plan(session, w, h, &p, e)
		plan = Plan{Fits: p.fits != 0, TileCount: uint64(p.tile_count), TileWidth: int(p.tile_width),
			TileHeight: int(p.tile_height),
			Halo:       Halo{int(p.halo_left), int(p.halo_top), int(p.halo_right), int(p.halo_bottom)},
			Alignment:  int(p.alignment), PeakBytes: uint64(p.peak_bytes), BaseBytes: uint64(p.base_bytes),
			RequiredBytes: uint64(p.required_bytes), MemoryLimit: uint64(p.memory_limit),
			Precision: Precision(p.precision), Device: C.GoString(p.device),
			PrecisionReason: C.GoString(p.precision_reason),
			OutputWidth:     int(p.output_width), OutputHeight: int(p.output_height)}
		return status
	})
	return plan, err
}

// Required gives the rectangle of an input image of the size that a rectangle of the output depends on: what a run
// with that Region reads.
func (s *Session) Required(width, height int, region image.Rectangle) (image.Rectangle, error) {
	var a arena
	defer a.free()
	w, h := a.int32("width", width), a.int32("height", height)
	from, to := a.rect(region), one[C.mirra_rect](&a)
	var required image.Rectangle
	err := s.change(&a, func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
		status := C.mirra_session_required(session, w, h, from, to, e)
		required = rectOf(to)
		return status
	})
	return required, err
}

func (a *arena) rect(r image.Rectangle) *C.mirra_rect {
	rect := one[C.mirra_rect](a)
	rect.x, rect.y = C.int64_t(r.Min.X), C.int64_t(r.Min.Y)
	rect.width, rect.height = C.int64_t(r.Dx()), C.int64_t(r.Dy())
	return rect
}

package mirra

// #include "glue.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"image"
	"runtime/cgo"
	"time"
	"unsafe"
)

// RunOptions says how a run goes, and whom it tells. Its functions are called one at a time, and never after the run.
// They may be called from any goroutine. A panic in one stops the run and is carried on as a [*PanicError].
type RunOptions struct {
	// Progress is told how far the run is, at the beginning of each tile and at most every 20 ms. The output image may
	// be read during the call. To stop, cancel the context.
	Progress func(Progress)
	// Tile is called when a rectangle of the output image, counted from its corner, is final and may be read: once a
	// tile, all of them together the output.
	Tile func(rect image.Rectangle)
	// Region is the rectangle of the output to make. The output image has its size. The zero value: all of it.
	Region image.Rectangle
	// Scale, below 1, reduces the image first, for a preview: the output has the size that the plan states for an image
	// of ceil(width*Scale) x ceil(height*Scale). 0 and 1: as it is.
	Scale float64
	// Frame is the number of the image within a sequence, from 0, for tasks that ask for it.
	Frame int64
}

// Progress says how far a run is.
type Progress struct {
	Stage               string  // "prepare", "measure", "process", "finish"
	Fraction            float64 // of the whole run, 0 ... 1; never goes back
	Tile, TileCount     uint64  // tiles done in this stage, of so many
	BytesNow, BytesPeak uint64  // tensors and buffers held at this moment, and the most so far
	Previews            uint64  // how often an unfinished result was put into the output image
	Step, StepCount     uint64  // nodes of the network done in the tile at hand, of so many
}

// Result is what a run gave besides images.
type Result struct {
	Values          map[string]Value // such as the noise level that was found, "sigma_estimated"
	Tensors         Tensors
	Precision       Precision // that made it
	PrecisionReason string
	Device          string
	Elapsed         time.Duration
	TileCount       uint64
	PeakBytes       uint64 // most that tensors and buffers held; BaseBytes not included
	BaseBytes       uint64 // of the runtime's library
	// MultiplyAccumulates is what its networks did, in multiplications with an addition each.
	MultiplyAccumulates uint64
}

// running holds what a run or job needs until it has ended.
type running struct {
	calls
	arena
	ctx      context.Context
	options  *C.mirra_run_options
	events   C.int
	values   []C.mirra_port_value
	progress func(Progress)
	tile     func(image.Rectangle)
	releases []func()
	job      *Job // which nobody else may hold any more
}

// Run runs the task and returns when it is done. Each input and image output that is not optional must be given. A
// cancelled or expired ctx stops the run within 100 ms or one node of the network: the error is ErrCancelled then, and
// context.Canceled or context.DeadlineExceeded. On failure images may be partly written. options: nil for the defaults.
func (s *Session) Run(ctx context.Context, ports Ports, options *RunOptions) (*Result, error) {
	r := &running{ctx: ctx}
	defer r.end()
	if err := r.prepare(s, ports, options); err != nil {
		return nil, err
	}
	user := cgo.NewHandle(r)
	defer user.Delete()
	var result *C.mirra_result
	defer func() { C.mirra_result_destroy(result) }()
	err := s.h.call(func(session *C.mirra_session, e **C.mirra_error) C.mirra_status {
		return C.mirra_go_run(session, unsafe.SliceData(r.values), C.size_t(len(r.values)), r.options, r.events,
			C.uintptr_t(user), &result, e)
	})
	if err := r.outcome(s.engine, err); err != nil {
		return nil, err
	}
	return resultOf(result)
}

func (r *running) prepare(s *Session, ports Ports, options *RunOptions) error {
	if options == nil {
		options = &RunOptions{}
	}
	if s.engine == nil {
		_, err := s.h.use()
		return err
	}
	if r.ctx.Err() != nil {
		return waited(r.ctx, &Error{Code: ErrCancelled, Message: "the run was cancelled before it began"})
	}
	r.engine = s.engine.id
	r.options = one[C.mirra_run_options](&r.arena)
	r.options.scale = C.double(options.Scale)
	r.options.frame = C.int64_t(options.Frame)
	if options.Region != (image.Rectangle{}) {
		r.options.region = r.rect(options.Region)
	}
	r.bind(&s.task, ports)
	r.progress, r.tile = options.Progress, options.Tile
	if r.progress != nil {
		r.events |= C.MIRRA_GO_PROGRESS
	}
	if r.tile != nil {
		r.events |= C.MIRRA_GO_TILE
	}
	if r.arena.err != nil {
		return r.arena.err
	}
	return r.stopBy()
}

// stopBy makes the context stop the run.
func (r *running) stopBy() error {
	if r.ctx.Done() == nil {
		return nil
	}
	var token *C.mirra_cancel
	if err := call(func(e **C.mirra_error) C.mirra_status { return C.mirra_cancel_create(&token, e) }); err != nil {
		return err
	}
	h := &handle[*C.mirra_cancel]{pointer: token, destroy: func(p *C.mirra_cancel) { C.mirra_cancel_destroy(p) }}
	stop := context.AfterFunc(r.ctx, func() {
		if token, err := h.use(); err == nil {
			C.mirra_cancel_request(token)
			h.release()
		}
	})
	r.options.cancel = token
	r.releases = append(r.releases, func() { stop(); h.close() })
	return nil
}

// end lets go of everything. Nothing of the run is called any more.
func (r *running) end() {
	for _, release := range r.releases {
		release()
	}
	r.releases, r.job = nil, nil
	r.arena.free()
}

// outcome gives the error of a run with what lies behind it, and carries panics on.
func (r *running) outcome(engine *Engine, err error) error {
	thrown := r.rethrow()
	_ = engine.logs.rethrow()
	var e *Error
	switch {
	case !errors.As(err, &e) || e.Cause != nil:
	case e.Code == ErrCancelled && r.ctx.Err() != nil:
		e.Cause = cause(r.ctx)
	case thrown != nil:
		e.Cause = thrown
	}
	return err
}

func (r *running) onProgress(p *C.mirra_progress) error {
	progress := Progress{Stage: C.GoString(p.stage), Fraction: float64(p.fraction), Tile: uint64(p.tile),
		TileCount: uint64(p.tile_count), BytesNow: uint64(p.bytes_now), BytesPeak: uint64(p.bytes_peak),
		Previews: uint64(p.previews), Step: uint64(p.step), StepCount: uint64(p.step_count)}
	return r.run(func() error {
		r.progress(progress)
		return r.ctx.Err() // a context that the function cancels stops the run at once
	})
}

func (r *running) onTile(rect image.Rectangle) error {
	return r.run(func() error {
		r.tile(rect)
		return r.ctx.Err()
	})
}

func resultOf(c *C.mirra_result) (*Result, error) {
	info := C.mirra_result_info{struct_size: C.sizeof_mirra_result_info}
	if err := call(func(e **C.mirra_error) C.mirra_status { return C.mirra_result_get_info(c, &info, e) }); err != nil {
		return nil, err
	}
	result := &Result{Values: make(map[string]Value, info.value_count), Precision: Precision(info.precision),
		PrecisionReason: C.GoString(info.precision_reason), Device: C.GoString(info.device),
		Elapsed:   time.Duration(float64(info.seconds) * float64(time.Second)),
		TileCount: uint64(info.tile_count), PeakBytes: uint64(info.peak_bytes), BaseBytes: uint64(info.base_bytes),
		MultiplyAccumulates: uint64(info.multiply_accumulates)}
	for i := range info.value_count {
		var name *C.char
		value := C.mirra_value{struct_size: C.sizeof_mirra_value}
		err := call(func(e **C.mirra_error) C.mirra_status { return C.mirra_result_value(c, i, &name, &value, e) })
		if err != nil {
			return nil, err
		}
		result.Values[C.GoString(name)] = valueOf(&value)
	}
	if info.tensor_count == 0 {
		return result, nil
	}
	var err error
	result.Tensors, err = tensorsOf(func(tensors **C.mirra_tensors, e **C.mirra_error) C.mirra_status {
		return C.mirra_result_tensors(c, tensors, e)
	})
	return result, err
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// cause says why a context ended: its cause, and whether it was cancelled or expired.
func cause(ctx context.Context) error {
	why := context.Cause(ctx)
	if errors.Is(why, ctx.Err()) {
		return why
	}
	return fmt.Errorf("%w: %w", ctx.Err(), why)
}

// waited gives an error the end of a context as its cause.
func waited(ctx context.Context, err error) error {
	err.(*Error).Cause = cause(ctx)
	return err
}

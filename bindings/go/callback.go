package mirra

// #include "glue.h"
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"runtime"
	"runtime/cgo"
	"runtime/debug"
	"strconv"
	"sync"
)

// PanicError is what a call panics with when a function that it was given has panicked: the panic is carried through
// the library to the goroutine that called, or that waits for the job.
type PanicError struct {
	Value any    // what the function panicked with
	Stack []byte // of the function's goroutine
}

// Error gives the value and the stack of the panic.
func (p *PanicError) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// Unwrap gives the value where it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

var errExited = errors.New("a callback ended its goroutine")

// calls runs the functions that a caller gave, and keeps what becomes of them. Those of a run come one at a time. Each
// runs on a goroutine of its own, because nothing may unwind the library's frames: not a panic, and not runtime.Goexit.
type calls struct {
	engine *identity
	logs   bool

	serial   sync.Mutex // held during a call, but of logs: these may come of what a logger does
	mu       sync.Mutex
	panicked *PanicError
	failed   error
}

// calling says which calls a goroutine runs a function of, by the goroutine's number.
var calling sync.Map

func (c *calls) run(f func() error) error {
	if !c.logs {
		c.serial.Lock()
		defer c.serial.Unlock()
	}
	err := errExited
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		id := goroutine()
		calling.Store(id, c)
		defer calling.Delete(id)
		defer func() {
			if v := recover(); v != nil {
				err = ErrCancelled
				c.keep(&PanicError{v, debug.Stack()}, nil)
			} else if err != nil {
				c.keep(nil, err)
			}
		}()
		err = f()
	}()
	<-ended
	return err
}

func (c *calls) keep(panicked *PanicError, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.panicked == nil {
		c.panicked = panicked
	}
	if c.failed == nil {
		c.failed = err
	}
}

// rethrow carries a panic on, and gives the first error. A job's panic comes each time, a logger's once.
func (c *calls) rethrow() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	panicked := c.panicked
	if c.logs {
		c.panicked = nil
	}
	if panicked != nil {
		panic(panicked)
	}
	return c.failed
}

// inside gives the calls that the current goroutine runs a function of, or nil. To wait in such a function for what
// waits for the function would be to wait for ever.
func inside() *calls {
	c, _ := calling.Load(goroutine())
	found, _ := c.(*calls)
	return found
}

// goroutine gives the number of the current goroutine, which Go tells in stack traces only.
func goroutine() uint64 {
	var buffer [64]byte
	text := bytes.TrimPrefix(buffer[:runtime.Stack(buffer[:], false)], []byte("goroutine "))
	text, _, _ = bytes.Cut(text, []byte(" "))
	id, _ := strconv.ParseUint(string(text), 10, 64)
	return id
}

func statusOf(err error) C.mirra_status {
	var code Code
	switch {
	case err == nil:
		return C.MIRRA_OK
	case errors.As(err, &code) && code < 0:
		return C.mirra_status(code)
	case err == errExited, isContext(err):
		return C.MIRRA_E_CANCELLED
	}
	return C.MIRRA_E_IO
}

func stop(err error) C.int32_t {
	if err != nil {
		return 1
	}
	return 0
}

func rectOf(r *C.mirra_rect) image.Rectangle {
	return image.Rect(int(r.x), int(r.y), int(r.x+r.width), int(r.y+r.height))
}

//export mirraGoProgress
func mirraGoProgress(user C.uintptr_t, p *C.mirra_progress) C.int32_t {
	return stop(cgo.Handle(user).Value().(*running).onProgress(p))
}

//export mirraGoTile
func mirraGoTile(user C.uintptr_t, rect *C.mirra_rect) C.int32_t {
	return stop(cgo.Handle(user).Value().(*running).onTile(rectOf(rect)))
}

//export mirraGoDone
func mirraGoDone(user C.uintptr_t) {
	cgo.Handle(user).Value().(*running).onDone()
}

//export mirraGoRunEnd
func mirraGoRunEnd(user C.uintptr_t) {
	r := cgo.Handle(user).Value().(*running)
	cgo.Handle(user).Delete()
	r.end()
}

//export mirraGoRead
func mirraGoRead(user C.uintptr_t, rect *C.mirra_rect, pixels *C.mirra_image) C.mirra_status {
	return statusOf(cgo.Handle(user).Value().(*stream).read(rectOf(rect), pixels))
}

//export mirraGoWrite
func mirraGoWrite(user C.uintptr_t, rect *C.mirra_rect, pixels *C.mirra_image) C.mirra_status {
	return statusOf(cgo.Handle(user).Value().(*stream).write(rectOf(rect), pixels))
}

//export mirraGoRelease
func mirraGoRelease(user C.uintptr_t) {
	a := cgo.Handle(user).Value().(*arena)
	cgo.Handle(user).Delete()
	a.free()
}

//export mirraGoLog
func mirraGoLog(user C.uintptr_t, level C.mirra_log_level, message *C.char) {
	cgo.Handle(user).Value().(logger).log(int(level), C.GoString(message))
}

//export mirraGoLogEnd
func mirraGoLogEnd(user C.uintptr_t) { cgo.Handle(user).Delete() }

//export mirraGoLoading
func mirraGoLoading(user C.uintptr_t, path *C.char) {
	l := cgo.Handle(user).Value().(*loading)
	name := C.GoString(path)
	_ = l.run(func() error { l.tell(name); return nil })
}

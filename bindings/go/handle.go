package mirra

// #include "glue.h"
import "C"

import (
	"runtime"
	"sync"
)

// handle owns an object of the library. Any goroutine may close it at any time: calls that are under way keep the
// object until they return, later ones get ErrClosed.
type handle[P any] struct {
	what    string
	destroy func(P)

	mu      sync.Mutex
	pointer P
	users   int
	alone   bool // the one user lets nobody else in
	closed  bool
}

// own gives owner, which holds the result, a net below Close: what nobody can reach any more is closed.
func own[Owner, P any](owner *Owner, what string, pointer P, destroy func(P)) *handle[P] {
	h := &handle[P]{what: what, pointer: pointer, destroy: destroy}
	runtime.AddCleanup(owner, (*handle[P]).close, h)
	return h
}

func (h *handle[P]) use() (P, error) { return h.take(false) }

// useAlone is use by who changes what other calls read: ErrBusy where there are any, and for those that come meanwhile.
func (h *handle[P]) useAlone() (P, error) { return h.take(true) }

func (h *handle[P]) take(alone bool) (pointer P, err error) {
	if h == nil {
		return pointer, invalid("", "the object was not made by a function of this package", "")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return pointer, &Error{Code: ErrInvalidArgument, Message: "the " + h.what + " is closed", Subject: h.what,
			Cause: ErrClosed}
	}
	if h.alone || alone && h.users > 0 {
		return pointer, &Error{Code: ErrBusy, Message: "the " + h.what + " is in use by another call", Subject: h.what}
	}
	h.users++
	h.alone = alone
	return h.pointer, nil
}

func (h *handle[P]) release() {
	h.mu.Lock()
	h.users--
	h.alone = false
	last := h.closed && h.users == 0
	h.mu.Unlock()
	if last {
		h.destroy(h.pointer)
	}
}

func (h *handle[P]) close() {
	if h == nil {
		return
	}
	h.mu.Lock()
	last := !h.closed && h.users == 0
	h.closed = true
	h.mu.Unlock()
	if last {
		h.destroy(h.pointer)
	}
}

// call runs a function of the library on the object.
func (h *handle[P]) call(f func(pointer P, e **C.mirra_error) C.mirra_status) error {
	pointer, err := h.use()
	if err != nil {
		return err
	}
	defer h.release()
	return call(func(e **C.mirra_error) C.mirra_status { return f(pointer, e) })
}

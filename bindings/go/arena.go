package mirra

// #include "glue.h"
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"unsafe"
)

// arena holds what a call hands to the library: structs and strings in C's memory, and pixels of Go that stay in
// place. The first thing that cannot be handed over is kept in err.
type arena struct {
	pins   runtime.Pinner
	blocks []unsafe.Pointer
	err    error
}

func (a *arena) free() {
	a.pins.Unpin()
	for _, block := range a.blocks {
		C.free(block)
	}
	a.blocks = nil
}

func (a *arena) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

// allocate gives count zeroed T in C's memory.
func allocate[T any](a *arena, count int) []T {
	var zero T
	block := C.calloc(C.size_t(max(count, 1)), C.size_t(unsafe.Sizeof(zero)))
	if block == nil {
		panic("mirra: out of memory")
	}
	a.blocks = append(a.blocks, block)
	return unsafe.Slice((*T)(block), count)
}

// one gives a zeroed struct of the library, whose first field is its size.
func one[T any](a *arena) *T {
	s := &allocate[T](a, 1)[0]
	*(*C.uint32_t)(unsafe.Pointer(s)) = C.uint32_t(unsafe.Sizeof(*s))
	return s
}

func (a *arena) text(s string) *C.char {
	if strings.IndexByte(s, 0) >= 0 {
		a.fail(invalid(s, fmt.Sprintf("%q holds a zero byte", s), ""))
		return nil
	}
	text := C.CString(s)
	a.blocks = append(a.blocks, unsafe.Pointer(text))
	return text
}

// option gives nil for "", which is the library's default.
func (a *arena) option(s string) *C.char {
	if s == "" {
		return nil
	}
	return a.text(s)
}

// list joins paths as the library takes them.
func (a *arena) list(paths []string) *C.char {
	for _, path := range paths {
		if strings.Contains(path, ":") {
			a.fail(invalid(path, fmt.Sprintf("the path %q holds a colon, which separates paths", path),
				"make a link to it without a colon in its name"))
		}
	}
	return a.option(strings.Join(paths, ":"))
}

func (a *arena) int32(name string, v int) C.int32_t {
	if v < math.MinInt32 || v > math.MaxInt32 {
		a.fail(invalid(name, fmt.Sprintf("%s is %d, which is out of range", name, v), ""))
		return 0
	}
	return C.int32_t(v)
}

// pin keeps the memory of a slice in place and gives its address.
func pin[T any](a *arena, s []T) unsafe.Pointer {
	p := unsafe.Pointer(unsafe.SliceData(s))
	if p != nil && cap(s) > 0 {
		a.pins.Pin(p)
	}
	return p
}

// texts copies an array of strings of the library.
func texts(list **C.char, count C.uint32_t) []string {
	if list == nil || count == 0 {
		return nil
	}
	result := make([]string, count)
	for i, text := range unsafe.Slice(list, count) {
		result[i] = C.GoString(text)
	}
	return result
}

// bytes gives the address of a slice that the library reads, which is never nil.
func (a *arena) bytes(data []byte) unsafe.Pointer {
	if len(data) == 0 {
		return unsafe.Pointer(&allocate[byte](a, 1)[0])
	}
	return pin(a, data)
}

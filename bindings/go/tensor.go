package mirra

// #include "glue.h"
import "C"

import (
	"fmt"
	"slices"
	"unsafe"
)

// Tensor is an array of numbers: Data holds them without gaps, the last index of Shape the fastest.
type Tensor struct {
	Shape []int
	Data  []float32
}

// Tensors are tensors by name: what a graph takes and gives, and what a safetensors file holds.
type Tensors map[string]Tensor

// ReadTensors reads a safetensors file. Values of all floating-point types come as float32; integers are refused.
func ReadTensors(path string) (Tensors, error) {
	var a arena
	defer a.free()
	text := a.text(path)
	if a.err != nil {
		return nil, a.err
	}
	return tensorsOf(func(tensors **C.mirra_tensors, e **C.mirra_error) C.mirra_status {
		return C.mirra_tensors_read(text, tensors, e)
	})
}

// DecodeTensors does the same with the bytes of a safetensors file.
func DecodeTensors(data []byte) (Tensors, error) {
	var a arena
	defer a.free()
	start := a.bytes(data)
	return tensorsOf(func(tensors **C.mirra_tensors, e **C.mirra_error) C.mirra_status {
		return C.mirra_tensors_read_memory(start, C.size_t(len(data)), tensors, e)
	})
}

// Write writes a safetensors file, as [WriteFile] does.
func (t Tensors) Write(path string) error {
	var a arena
	defer a.free()
	text := a.text(path)
	return t.with(&a, func(tensors *C.mirra_tensors, e **C.mirra_error) C.mirra_status {
		return C.mirra_tensors_write(tensors, text, e)
	})
}

// Encode gives the bytes of a safetensors file.
func (t Tensors) Encode() ([]byte, error) {
	var a arena
	defer a.free()
	var bytes unsafe.Pointer
	var size C.size_t
	err := t.with(&a, func(tensors *C.mirra_tensors, e **C.mirra_error) C.mirra_status {
		return C.mirra_tensors_write_memory(tensors, &bytes, &size, e)
	})
	return givenBytes(bytes, size), err
}

// with hands the tensors, copied to a set of the library's, to f.
func (t Tensors) with(a *arena, f func(*C.mirra_tensors, **C.mirra_error) C.mirra_status) error {
	var set *C.mirra_tensors
	if err := call(func(e **C.mirra_error) C.mirra_status { return C.mirra_tensors_create(&set, e) }); err != nil {
		return err
	}
	defer C.mirra_tensors_destroy(set)
	for name, tensor := range t {
		text := a.text(name)
		c, err := a.tensor(tensor)
		if err == nil {
			err = call(func(e **C.mirra_error) C.mirra_status { return C.mirra_tensors_add(set, text, c, e) })
		}
		if err != nil {
			return err
		}
	}
	if a.err != nil {
		return a.err
	}
	return call(func(e **C.mirra_error) C.mirra_status { return f(set, e) })
}

// tensor describes a tensor to the library.
func (a *arena) tensor(t Tensor) (*C.DLTensor, error) {
	shape, strides := allocate[C.int64_t](a, len(t.Shape)), allocate[C.int64_t](a, len(t.Shape))
	count := 1
	for i, extent := range slices.Backward(t.Shape) {
		shape[i], strides[i] = C.int64_t(extent), C.int64_t(count)
		if extent < 0 || extent > 0 && count > len(t.Data)/extent {
			return nil, sized(t)
		}
		count *= extent
	}
	if count != len(t.Data) {
		return nil, sized(t)
	}
	tensor := &allocate[C.DLTensor](a, 1)[0]
	tensor.data = a.bytes(Bytes(t.Data))
	tensor.device.device_type = C.kDLCPU
	tensor.ndim = C.int32_t(len(t.Shape))
	tensor.dtype = C.DLDataType{code: C.kDLFloat, bits: 32, lanes: 1}
	tensor.shape, tensor.strides = unsafe.SliceData(shape), unsafe.SliceData(strides)
	return tensor, nil
}

func sized(t Tensor) error {
	return invalid("", fmt.Sprintf("a tensor of the shape %v has %d values", t.Shape, len(t.Data)),
		"the product of the shape must be the number of values")
}

// tensorsOf copies a set of the library's.
func tensorsOf(get func(**C.mirra_tensors, **C.mirra_error) C.mirra_status) (Tensors, error) {
	var set *C.mirra_tensors
	if err := call(func(e **C.mirra_error) C.mirra_status { return get(&set, e) }); err != nil {
		return nil, err
	}
	defer C.mirra_tensors_destroy(set)
	tensors := Tensors{}
	for i := range C.mirra_tensors_count(set) {
		name := C.mirra_tensors_name(set, i)
		var view *C.DLManagedTensorVersioned
		err := call(func(e **C.mirra_error) C.mirra_status {
			return C.mirra_tensors_get_versioned(set, name, &view, e)
		})
		if err != nil {
			return nil, err
		}
		tensors[C.GoString(name)] = tensorOf(&view.dl_tensor)
		C.mirra_go_delete_tensor(view)
	}
	return tensors, nil
}

// tensorOf copies float32 values without gaps, which the tensors of the library are.
func tensorOf(c *C.DLTensor) Tensor {
	t := Tensor{Shape: make([]int, c.ndim)}
	count := 1
	for i, extent := range unsafe.Slice(c.shape, c.ndim) {
		t.Shape[i] = int(extent)
		count *= int(extent)
	}
	t.Data = slices.Clone(unsafe.Slice((*float32)(unsafe.Add(c.data, c.byte_offset)), count))
	return t
}

// GraphOptions says how [Engine.RunGraph] runs a network. The zero value is the default.
type GraphOptions struct {
	Device      string // "": "cpu"
	Precision   Precision
	MemoryLimit uint64 // as in SessionOptions. Inputs do not count, outputs do
	Threads     int    // as in SessionOptions
}

// RunGraph runs a network of a bundle as it is: no tiles, no colour, no alignment. inputs holds a tensor {N, C, H, W}
// for each input of the graph. options: nil for the defaults.
func (e *Engine) RunGraph(bundle *Bundle, graph string, inputs Tensors, options *GraphOptions) (Tensors, error) {
	if options == nil {
		options = &GraphOptions{}
	}
	var a arena
	defer a.free()
	text := a.text(graph)
	c := one[C.mirra_graph_options](&a)
	c.device = a.option(options.Device)
	c.precision = C.mirra_precision(options.Precision)
	c.memory_limit = C.uint64_t(options.MemoryLimit)
	c.threads = a.int32("threads", options.Threads)
	b, err := bundle.h.use()
	if err != nil {
		return nil, err
	}
	defer bundle.h.release()
	engine, err := e.h.use()
	if err != nil {
		return nil, err
	}
	defer e.h.release()
	var outputs *C.mirra_tensors
	err = inputs.with(&a, func(set *C.mirra_tensors, failed **C.mirra_error) C.mirra_status {
		return C.mirra_graph_run(engine, b, text, c, set, &outputs, failed)
	})
	if err != nil {
		return nil, err
	}
	return tensorsOf(func(tensors **C.mirra_tensors, _ **C.mirra_error) C.mirra_status {
		*tensors = outputs
		return C.MIRRA_OK
	})
}

// GraphWork says how many multiplications, with an addition each, [Engine.RunGraph] does on these inputs. It runs nothing.
func (b *Bundle) GraphWork(graph string, inputs Tensors) (uint64, error) {
	var a arena
	defer a.free()
	text := a.text(graph)
	bundle, err := b.h.use()
	if err != nil {
		return 0, err
	}
	defer b.h.release()
	var work C.uint64_t
	err = inputs.with(&a, func(set *C.mirra_tensors, failed **C.mirra_error) C.mirra_status {
		return C.mirra_graph_work(bundle, text, set, &work, failed)
	})
	return uint64(work), err
}

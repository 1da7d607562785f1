package mirra

// #include "glue.h"
import "C"

import "unsafe"

// Bundle holds trained networks: their graphs, weights, defaults and measured quality. All goroutines may use it.
type Bundle struct{ h *handle[*C.mirra_bundle] }

// OpenBundle reads and verifies a file, whole. ErrNotFound, ErrIO, ErrCorrupt, ErrLimit, or ErrUnsupported (a newer
// format). See [Engine.FindBundle] for one that ships.
func OpenBundle(path string) (*Bundle, error) {
	var a arena
	defer a.free()
	text := a.text(path)
	return newBundle(&a, func(bundle **C.mirra_bundle, e **C.mirra_error) C.mirra_status {
		return C.mirra_bundle_open(text, bundle, e)
	})
}

// OpenBundleMemory does the same with the bytes of a bundle, which are copied. name: for messages; "": "memory".
func OpenBundleMemory(data []byte, name string) (*Bundle, error) {
	var a arena
	defer a.free()
	text := a.option(name)
	start := a.bytes(data)
	return newBundle(&a, func(bundle **C.mirra_bundle, e **C.mirra_error) C.mirra_status {
		return C.mirra_bundle_open_memory(start, C.size_t(len(data)), text, bundle, e)
	})
}

func newBundle(a *arena, open func(**C.mirra_bundle, **C.mirra_error) C.mirra_status) (*Bundle, error) {
	if a.err != nil {
		return nil, a.err
	}
	var pointer *C.mirra_bundle
	err := call(func(e **C.mirra_error) C.mirra_status { return open(&pointer, e) })
	if err != nil {
		return nil, err
	}
	bundle := &Bundle{}
	bundle.h = own(bundle, "bundle", pointer, func(p *C.mirra_bundle) { C.mirra_bundle_destroy(p) })
	return bundle, nil
}

// Close gives the bundle back; sessions that use it go on. It may be called again.
func (b *Bundle) Close() error {
	b.h.close()
	return nil
}

// BundleInfo says what a bundle is.
type BundleInfo struct {
	Task         string // "denoise"; "" for a bare network
	Name         string // of the bundle: "denoiser"
	Architecture string // informative
	Licence      string // of the weights; "" if it says nothing
	SHA256       string // of the tensors, in hex
	GraphCount   int
	TensorCount  uint64
	TensorBytes  uint64 // as stored
}

// Info says what the bundle is.
func (b *Bundle) Info() (BundleInfo, error) {
	var info BundleInfo
	err := b.h.call(func(bundle *C.mirra_bundle, e **C.mirra_error) C.mirra_status {
		i := C.mirra_bundle_info{struct_size: C.sizeof_mirra_bundle_info}
		status := C.mirra_bundle_get_info(bundle, &i, e)
		info = BundleInfo{Task: C.GoString(i.task), Name: C.GoString(i.name), Architecture: C.GoString(i.architecture),
			Licence: C.GoString(i.licence), SHA256: C.GoString(i.sha256), GraphCount: int(i.graph_count),
			TensorCount: uint64(i.tensor_count),
			TensorBytes: uint64(i.tensor_bytes)}
		return status
	})
	return info, err
}

// ManifestJSON gives the whole manifest.
func (b *Bundle) ManifestJSON() (string, error) {
	bundle, err := b.h.use()
	if err != nil {
		return "", err
	}
	defer b.h.release()
	return C.GoString(C.mirra_bundle_manifest_json(bundle)), nil
}

// Graph is a network of a bundle.
type Graph struct {
	Name            string
	Inputs, Outputs []string
	InputChannels   []int // one for each input
	Tileable        bool  // false: an output depends on the whole input
	ParameterCount  int64 // trainable values
	Alignment       int   // heights and widths must be multiples of it
	MinimumExtent   int   // smallest height and width
	Halo            Halo
}

// Halo counts the pixels beyond an aligned block that the output of a network depends on.
type Halo struct{ Left, Top, Right, Bottom int }

// Graphs gives the networks of the bundle.
func (b *Bundle) Graphs() ([]Graph, error) {
	bundle, err := b.h.use()
	if err != nil {
		return nil, err
	}
	defer b.h.release()
	info := C.mirra_bundle_info{struct_size: C.sizeof_mirra_bundle_info}
	err = call(func(e **C.mirra_error) C.mirra_status { return C.mirra_bundle_get_info(bundle, &info, e) })
	if err != nil {
		return nil, err
	}
	graphs := make([]Graph, info.graph_count)
	for i := range graphs {
		g := C.mirra_graph_info{struct_size: C.sizeof_mirra_graph_info}
		err := call(func(e **C.mirra_error) C.mirra_status {
			return C.mirra_bundle_graph(bundle, C.uint32_t(i), &g, e)
		})
		if err != nil {
			return nil, err
		}
		graphs[i] = graphOf(&g)
	}
	return graphs, nil
}

func graphOf(g *C.mirra_graph_info) Graph {
	graph := Graph{Name: C.GoString(g.name), Inputs: texts(g.inputs, g.input_count),
		Outputs: texts(g.outputs, g.output_count), Tileable: g.tileable != 0, ParameterCount: int64(g.parameter_count),
		Alignment: int(g.alignment), MinimumExtent: int(g.minimum_extent),
		Halo: Halo{int(g.halo_left), int(g.halo_top), int(g.halo_right), int(g.halo_bottom)}}
	for _, channels := range unsafe.Slice(g.input_channels, g.input_count) {
		graph.InputChannels = append(graph.InputChannels, int(channels))
	}
	return graph
}

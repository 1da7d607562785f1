package mirra

// #include "glue.h"
import "C"

import (
	"errors"
	"image"
	"runtime/cgo"
)

// Ports gives the ports of a task, by name, what a run reads and writes:
//
//   - image ports: an image.Image or *[Raw], a *[Picture], a [Source] (first input) or a [Sink] (output)
//   - tensor ports: a [Tensor]
//   - ports of plain types: see [ValueOf]
//   - outputs that are no images: nil, which asks for the result
//
// *image.NRGBA, RGBA (premultiplied), Gray, NRGBA64, RGBA64, Gray16 and *Raw are read and written in place, without a
// copy. So are their SubImages. Inputs of other types (YCbCr, Paletted, CMYK ...) are converted; outputs of other types
// are refused.
//
// The output has the size that [Session.Plan] tells, or that of the region. It may be the first input itself.
type Ports map[string]any

// bind describes what the ports are given.
func (r *running) bind(task *Task, ports Ports) {
	r.values = allocate[C.mirra_port_value](&r.arena, len(ports))
	i := 0
	for name, v := range ports {
		c := &r.values[i]
		i++
		c.struct_size = C.sizeof_mirra_port_value
		c.name = r.text(name)
		port, known := task.Port(name)
		if !known {
			continue // the library says what there is
		}
		if err := r.bindPort(c, &port, v); err != nil {
			var e *Error
			if errors.As(err, &e) && e.Subject == "" {
				e.Subject = name
			}
			r.fail(err)
		}
	}
}

func (r *running) bindPort(c *C.mirra_port_value, port *Port, v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case *Picture:
		return r.bindPicture(c, v)
	case Tensor:
		tensor, err := r.tensor(v)
		c.tensor = tensor
		return err
	}
	source, reads := v.(Source)
	sink, writes := v.(Sink)
	switch {
	case reads && !port.Output:
		s := &stream{run: r, source: source, layout: source.Layout()}
		c.source = one[C.mirra_source](&r.arena)
		c.source.image = r.layout(&s.layout)
		C.mirra_go_set_source(c.source, C.uintptr_t(r.stream(s)))
	case writes && port.Output:
		s := &stream{run: r, sink: sink, layout: sink.Layout()}
		c.sink = one[C.mirra_sink](&r.arena)
		c.sink.image = r.layout(&s.layout)
		C.mirra_go_set_sink(c.sink, C.uintptr_t(r.stream(s)))
	case port.Type == TypeImage || reads || writes:
		if img, ok := v.(image.Image); ok {
			return r.bindImage(c, port, img)
		}
		return invalid(port.Name, "this is nothing that an image port takes",
			"give an image.Image, a *mirra.Picture, a mirra.Source to an input or a mirra.Sink to an output")
	default:
		c.value = r.value(v)
	}
	return r.arena.err
}

func (r *running) bindPicture(c *C.mirra_port_value, p *Picture) error {
	if p == nil {
		return invalid("", "the picture is nil", "")
	}
	picture, err := p.h.use()
	if err != nil {
		return err
	}
	r.releases = append(r.releases, p.h.release)
	c.picture = picture
	return nil
}

func (r *running) bindImage(c *C.mirra_port_value, port *Port, img image.Image) error {
	take := input
	if port.Output {
		take = output
	}
	raw, err := take(img)
	if err != nil {
		return err
	}
	c.image = r.raw(raw)
	return r.arena.err
}

func (r *running) stream(s *stream) cgo.Handle {
	h := cgo.NewHandle(s)
	r.releases = append(r.releases, h.Delete)
	return h
}

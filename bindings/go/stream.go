package mirra

// #include "glue.h"
import "C"

import (
	"fmt"
	"image"
	"unsafe"
)

// Source is a picture that is read piece by piece and never is in memory as a whole. Give it to the first image input
// of a task.
type Source interface {
	// Layout says what the picture is. Colours with alpha are refused (ErrUnsupported).
	Layout() Layout
	// ReadRect fills the pixels of a rectangle within the picture. pixels has the rectangle's size, and a Pix without
	// gaps that is reused for the next call. It is called by the run, one call at a time. An error ends the run; the
	// run's error has it as its cause, with ErrIO or the code that it wraps.
	ReadRect(rect image.Rectangle, pixels *Raw) error
}

// Sink is a picture that is written piece by piece. Give it to an image output of a task.
type Sink interface {
	// Layout says what the picture is, as Source.Layout does.
	Layout() Layout
	// WriteRect takes the pixels of a rectangle of the output. Each pixel of the output comes once. Otherwise as
	// Source.ReadRect.
	WriteRect(rect image.Rectangle, pixels *Raw) error
}

// stream hands pieces over in memory of Go: nobody can keep any of the library's.
type stream struct {
	run    *running
	source Source
	sink   Sink
	layout Layout
	memory []byte
}

func (s *stream) piece(rect image.Rectangle) *Raw {
	layout := s.layout
	layout.Width, layout.Height = rect.Dx(), rect.Dy()
	size := layout.Width * layout.Height * pixelBytes(&layout)
	if cap(s.memory) < size {
		s.memory = make([]byte, size)
	}
	return &Raw{Layout: layout, Pix: s.memory[:size]}
}

func (s *stream) read(rect image.Rectangle, pixels *C.mirra_image) error {
	return s.run.run(func() error {
		piece := s.piece(rect)
		size := len(piece.Pix)
		if err := s.source.ReadRect(rect, piece); err != nil {
			return err
		}
		if len(piece.Pix) < size {
			return invalid("", fmt.Sprintf("the source gave %d bytes of %d", len(piece.Pix), size), "")
		}
		rows(rect.Size(), &pixels.planes[0], pixelBytes(&s.layout), pixelBytes(&s.layout),
			func(memory []byte, from int) { copy(memory, piece.Pix[from:]) })
		return nil
	})
}

func (s *stream) write(rect image.Rectangle, pixels *C.mirra_image) error {
	return s.run.run(func() error {
		piece := s.piece(rect)
		rows(rect.Size(), &pixels.planes[0], pixelBytes(&s.layout), pixelBytes(&s.layout),
			func(memory []byte, from int) { copy(piece.Pix[from:], memory) })
		return s.sink.WriteRect(rect, piece)
	})
}

func pixelBytes(l *Layout) int { return l.Color.Channels() * l.Format.Bytes() }

// rows goes over a plane in the library's memory: by rows where they have no gaps, else by pixels. bytes is what is
// taken of a pixel, from where it lies in a slice that has pitch bytes a pixel.
func rows(size image.Point, plane *C.mirra_plane, bytes, pitch int, each func(memory []byte, from int)) {
	length, parts := size.X*bytes, 1
	if int(plane.pixel_stride) != bytes || bytes != pitch {
		length, parts = bytes, size.X
	}
	for y := range size.Y {
		for x := range parts {
			start := unsafe.Add(plane.data, y*int(plane.row_stride)+x*int(plane.pixel_stride))
			each(unsafe.Slice((*byte)(start), length), (y*size.X+x)*pitch)
		}
	}
}

package mirra

import (
	"encoding/binary"
	"image"
)

// wide is an image of the image package with samples of 16 bits. They lie there with the high byte first, which Mirra
// has no format for: they are copied once, in the byte order of the machine.
type wide struct {
	rect     image.Rectangle
	pix      []byte
	stride   int
	channels Color
	alpha    Alpha
}

func wideOf(img image.Image) (wide, bool) {
	switch m := img.(type) {
	case *image.NRGBA64:
		return wide{m.Rect, m.Pix, m.Stride, RGBA, Straight}, true
	case *image.RGBA64:
		return wide{m.Rect, m.Pix, m.Stride, RGBA, Premultiplied}, true
	case *image.Gray16:
		return wide{m.Rect, m.Pix, m.Stride, Gray, Straight}, true
	}
	return wide{}, false
}

// buffer gives memory for the image in the byte order of the machine.
func (w wide) buffer() (buffer, error) {
	if !small(w.rect) {
		return buffer{}, &Error{Code: ErrLimit, Message: "an image of " + w.rect.String() + " is too large to be converted",
			Hint: "take a *mirra.Raw of the format U16, which is not copied"}
	}
	layout := Layout{Width: w.rect.Dx(), Height: w.rect.Dy(), Format: U16, Color: w.channels, Alpha: w.alpha}
	row := layout.Width * w.pixel()
	if w.stride < row || len(w.pix) < (layout.Height-1)*w.stride+row {
		return buffer{}, outside(0, len(w.pix))
	}
	return buffer{Raw: NewRaw(layout)}, nil
}

func (w wide) pixel() int { return 2 * w.channels.Channels() }

// load brings the pixels of the image to the memory of buffer.
func (w wide) load(native *Raw) {
	row := native.Width * w.pixel()
	for y := range native.Height {
		swapBytes(native.Pix[y*row:][:row], w.pix[y*w.stride:])
	}
}

// store brings a rectangle, counted from the image's corner, back.
func (w wide) store(native *Raw, rect image.Rectangle) {
	rect = rect.Intersect(image.Rect(0, 0, native.Width, native.Height))
	bytes := rect.Dx() * w.pixel()
	for y := rect.Min.Y; y < rect.Max.Y; y++ {
		swapBytes(w.pix[y*w.stride+rect.Min.X*w.pixel():][:bytes], native.Pix[(y*native.Width+rect.Min.X)*w.pixel():])
	}
}

// swapBytes copies samples of 16 bits between big-endian and the machine's byte order, four at a time.
func swapBytes(to, from []byte) {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		copy(to, from)
		return
	}
	const high = 0xff00ff00ff00ff00
	for len(to) >= 8 && len(from) >= 8 {
		four := binary.NativeEndian.Uint64(from)
		binary.NativeEndian.PutUint64(to, four&high>>8|four<<8&high)
		to, from = to[8:], from[8:]
	}
	for len(to) >= 2 && len(from) >= 2 {
		to[0], to[1] = from[1], from[0]
		to, from = to[2:], from[2:]
	}
}

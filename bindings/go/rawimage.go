package mirra

import (
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/bits"
)

// Bounds gives the rectangle from (0, 0) to the image's size.
func (r *Raw) Bounds() image.Rectangle { return image.Rect(0, 0, r.Width, r.Height) }

// ColorModel gives color.NRGBA64Model, or color.RGBA64Model where alpha is premultiplied.
func (r *Raw) ColorModel() color.Model {
	if r.Alpha == Premultiplied {
		return color.RGBA64Model
	}
	return color.NRGBA64Model
}

// At gives the colour of a pixel, so that a Raw is an image.Image. It is for showing and saving: samples are brought to
// 16 bits, what lies outside of 0 ... 1 is clipped, and transfer and profile are left aside.
func (r *Raw) At(x, y int) color.Color {
	if !(image.Point{x, y}).In(r.Bounds()) {
		return color.NRGBA64{}
	}
	var c [4]uint16
	for i := range r.Color.Channels() {
		c[i] = r.sample(x, y, i)
	}
	switch r.Color {
	case Gray:
		c = [4]uint16{c[0], c[0], c[0], math.MaxUint16}
	case GrayAlpha:
		c = [4]uint16{c[0], c[0], c[0], c[1]}
	case RGB:
		c[3] = math.MaxUint16
	}
	if r.Alpha == Premultiplied {
		return color.RGBA64{c[0], c[1], c[2], c[3]}
	}
	return color.NRGBA64{c[0], c[1], c[2], c[3]}
}

func (r *Raw) sample(x, y, channel int) uint16 {
	bytes := r.Format.Bytes()
	var at []byte
	switch {
	case len(r.Planes) == 0:
		at = r.Pix[((y*r.Width+x)*r.Color.Channels()+channel)*bytes:]
	case len(r.Planes) == 1:
		at = r.Planes[0].at(x, y)[channel*bytes:]
	default:
		at = r.Planes[channel].at(x, y)
	}
	switch r.Format {
	case U8:
		return uint16(at[0]) * 0x101
	case U16:
		return binary.NativeEndian.Uint16(at)
	case U16Swapped:
		return bits.ReverseBytes16(binary.NativeEndian.Uint16(at))
	case F16:
		return whole(halfToFloat(binary.NativeEndian.Uint16(at)))
	default:
		return whole(math.Float32frombits(binary.NativeEndian.Uint32(at)))
	}
}

func (p *Plane) at(x, y int) []byte { return p.Pix[p.Offset+y*p.RowStride+x*p.PixelStride:] }

func whole(v float32) uint16 {
	if !(v > 0) {
		return 0
	}
	return uint16(min(v, 1)*math.MaxUint16 + 0.5)
}

func halfToFloat(h uint16) float32 {
	exponent, fraction := int(h>>10&0x1f), float64(h&0x3ff)
	value := math.Ldexp(1024+fraction, exponent-25)
	switch exponent {
	case 0:
		value = math.Ldexp(fraction, -24)
	case 0x1f:
		value = math.Inf(1)
		if fraction != 0 {
			value = math.NaN()
		}
	}
	if h>>15 != 0 {
		value = -value
	}
	return float32(value)
}

// toImage gives the pixels as a type of the image package, which takes their memory where it can.
func (r *Raw) toImage() image.Image {
	if r.Format != highFirst && (r.Format == U16 || r.Format == U16Swapped) {
		for i := 1; i < len(r.Pix); i += 2 {
			r.Pix[i-1], r.Pix[i] = r.Pix[i], r.Pix[i-1]
		}
		r.Format = highFirst
	}
	bounds := r.Bounds()
	gray, whole := r.Color == Gray, len(r.Planes) == 0 && r.Alpha == Straight
	switch {
	case r.Format == U8 && gray && whole:
		return &image.Gray{Pix: r.Pix, Stride: r.Width, Rect: bounds}
	case r.Format == U8 && whole:
		return &image.NRGBA{Pix: r.colored(), Stride: 4 * r.Width, Rect: bounds}
	case r.Format == highFirst && gray && whole:
		return &image.Gray16{Pix: r.Pix, Stride: 2 * r.Width, Rect: bounds}
	case r.Format == highFirst && whole:
		return &image.NRGBA64{Pix: r.colored(), Stride: 8 * r.Width, Rect: bounds}
	}
	var img draw.Image = image.NewNRGBA64(bounds)
	if gray {
		img = image.NewGray16(bounds)
	}
	draw.Draw(img, bounds, r, image.Point{}, draw.Src)
	return img
}

// colored gives the pixels of an image without gaps as R G B A.
func (r *Raw) colored() []byte {
	bytes, channels := r.Format.Bytes(), r.Color.Channels()
	if r.Color == RGBA {
		return r.Pix
	}
	full := make([]byte, 4*bytes*r.Width*r.Height)
	for i := range r.Width * r.Height {
		from, to := r.Pix[i*channels*bytes:][:channels*bytes], full[4*i*bytes:][:4*bytes]
		if r.Color == RGB {
			copy(to[copy(to, from):], []byte{0xff, 0xff})
			continue
		}
		for c := range 3 {
			copy(to[c*bytes:], from[:bytes])
		}
		copy(to[3*bytes:], from[bytes:])
	}
	return full
}

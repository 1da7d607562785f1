package mirra

// #include "glue.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Format is the type of samples.
type Format int32

// Types of samples. Integers use their whole range for 0 ... 1.
const (
	U8  Format = C.MIRRA_FORMAT_U8  // one byte
	U16 Format = C.MIRRA_FORMAT_U16 // two bytes in the byte order of the machine
	F16 Format = C.MIRRA_FORMAT_F16 // IEEE binary16, nominally 0 ... 1
	F32 Format = C.MIRRA_FORMAT_F32 // float32, nominally 0 ... 1
	// U16Swapped is U16 in the other byte order, which on most machines is that of the image package: high byte first.
	U16Swapped Format = C.MIRRA_FORMAT_U16_SWAPPED
)

// Bytes gives the size of a sample: 1, 2 or 4; 0 for what is no format.
func (f Format) Bytes() int {
	switch f {
	case U8:
		return 1
	case U16, U16Swapped, F16:
		return 2
	case F32:
		return 4
	}
	return 0
}

// String gives the name: "u8", "u16", "f16", "f32", "u16_swapped".
func (f Format) String() string {
	return nameOf([]string{"", "u8", "u16", "f16", "f32", "u16_swapped"}, int(f))
}

// Color says which channels an image has. Its value is the number of channels.
type Color int32

// Channels of an image.
const (
	Gray      Color = C.MIRRA_COLOR_GRAY
	GrayAlpha Color = C.MIRRA_COLOR_GRAY_ALPHA
	RGB       Color = C.MIRRA_COLOR_RGB
	RGBA      Color = C.MIRRA_COLOR_RGBA
)

// Channels gives the number of channels, 1 to 4.
func (c Color) Channels() int { return int(c) }

// String gives the name: "gray", "gray_alpha", "rgb", "rgba".
func (c Color) String() string {
	return nameOf([]string{"", "gray", "gray_alpha", "rgb", "rgba"}, int(c))
}

// Alpha says how colours stand to alpha.
type Alpha int32

// What alpha means for the colours beside it.
const (
	Straight      Alpha = C.MIRRA_ALPHA_STRAIGHT
	Premultiplied Alpha = C.MIRRA_ALPHA_PREMULTIPLIED
)

// String gives the name: "straight", "premultiplied".
func (a Alpha) String() string { return nameOf([]string{"straight", "premultiplied"}, int(a)) }

// Transfer says what samples measure.
type Transfer int32

// What samples measure.
const (
	Encoded Transfer = C.MIRRA_TRANSFER_ENCODED // as in files and on screens
	Linear  Transfer = C.MIRRA_TRANSFER_LINEAR  // linear light
)

// String gives the name: "encoded", "linear".
func (t Transfer) String() string { return nameOf([]string{"encoded", "linear"}, int(t)) }

func nameOf(names []string, i int) string {
	if i < 0 || i >= len(names) || names[i] == "" {
		return "unknown"
	}
	return names[i]
}

// Layout says what an image is, without its pixels.
type Layout struct {
	Width, Height int // in pixels, from 1
	Format        Format
	Color         Color
	Alpha         Alpha
	Transfer      Transfer
	ICC           []byte // ICC profile of the pixels, at most 64 MiB; nil: sRGB
}

// Plane says where samples lie in a slice.
type Plane struct {
	Pix    []byte // of any length that holds all samples
	Offset int    // of the first sample of the first row, in bytes
	// PixelStride and RowStride are bytes from a pixel, or row, to the next. They may be negative. In an image that is
	// read one of them may be 0, which repeats a pixel or row.
	PixelStride, RowStride int
}

// Raw is an image in memory of any layout that Mirra knows: for what the image package has no type for, such as floats
// and planes. It is taken wherever an image is, without a copy.
type Raw struct {
	Layout
	// Pix holds the pixels without gaps, row after row, interleaved in the order R G B A. For other layouts set Planes.
	Pix []byte
	// Planes holds one plane with all channels interleaved, or a plane for each channel. All have the same strides. With
	// planes Pix is not looked at.
	Planes []Plane
}

// NewRaw gives a black (and transparent) image without gaps.
func NewRaw(layout Layout) *Raw {
	size := layout.Width * layout.Height * layout.Color.Channels() * layout.Format.Bytes()
	return &Raw{Layout: layout, Pix: make([]byte, max(size, 0))}
}

// Bytes gives the memory of a slice of samples as bytes, for the Pix of a [Raw] or a [Plane]. Nothing is copied.
func Bytes[Sample uint8 | uint16 | float32](samples []Sample) []byte {
	var sample Sample
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(samples))), len(samples)*int(unsafe.Sizeof(sample)))
}

// Samples gives bytes as samples. Nothing is copied where the bytes are aligned for the samples, as those of [NewRaw]
// and [Bytes] are; others are copied.
func Samples[Sample uint8 | uint16 | float32](pix []byte) []Sample {
	var sample Sample
	count := len(pix) / int(unsafe.Sizeof(sample))
	start := unsafe.Pointer(unsafe.SliceData(pix))
	if uintptr(start)%unsafe.Alignof(sample) != 0 {
		copied := make([]Sample, count)
		copy(Bytes(copied), pix)
		return copied
	}
	return unsafe.Slice((*Sample)(start), count)
}

func (a *arena) layout(l *Layout) *C.mirra_image {
	image := one[C.mirra_image](a)
	image.width = a.int32("width", l.Width)
	image.height = a.int32("height", l.Height)
	image.format = C.mirra_format(l.Format)
	image.color = C.mirra_color(l.Color)
	image.alpha_mode = C.mirra_alpha_mode(l.Alpha)
	image.transfer = C.mirra_transfer(l.Transfer)
	if len(l.ICC) > 0 {
		image.icc = pin(a, l.ICC)
		image.icc_bytes = C.uint64_t(len(l.ICC))
	}
	return image
}

// raw describes an image to the library, whose memory stays in place as long as the arena.
func (a *arena) raw(r *Raw) *C.mirra_image {
	image := a.layout(&r.Layout)
	planes := r.Planes
	if len(planes) == 0 {
		image.flags = C.MIRRA_IMAGE_PACKED
		planes = []Plane{{Pix: r.Pix}}
	}
	if len(planes) > len(image.planes) {
		a.fail(invalid("", fmt.Sprintf("an image has at most %d planes, this one has %d", len(image.planes), len(planes)),
			""))
		return nil
	}
	image.plane_count = C.uint32_t(len(planes))
	for i, plane := range planes {
		if plane.Offset < 0 || plane.Offset >= len(plane.Pix) {
			a.fail(outside(i, len(plane.Pix)))
			return nil
		}
		image.planes[i] = C.mirra_plane{data: unsafe.Add(pin(a, plane.Pix), plane.Offset),
			pixel_stride: C.int64_t(plane.PixelStride), row_stride: C.int64_t(plane.RowStride)}
	}
	for i, plane := range planes {
		if err := within(image, i, plane.Pix); err != nil {
			a.fail(err)
			return nil
		}
	}
	return image
}

// within refuses a description by which the library would leave the slice.
func within(image *C.mirra_image, plane int, pix []byte) error {
	var lowest unsafe.Pointer
	var bytes C.uint64_t
	err := call(func(e **C.mirra_error) C.mirra_status {
		return C.mirra_image_extent(image, C.uint32_t(plane), &lowest, &bytes, e)
	})
	if err != nil {
		return err
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(pix)))
	from := uintptr(lowest)
	if from < start || from-start > uintptr(len(pix)) || uint64(bytes) > uint64(len(pix))-uint64(from-start) {
		return outside(plane, len(pix))
	}
	return nil
}

func outside(plane, length int) error {
	return invalid("", fmt.Sprintf("the pixels of plane %d reach beyond its %d bytes", plane, length),
		"correct the size, the strides or the offset, or make the slice longer")
}

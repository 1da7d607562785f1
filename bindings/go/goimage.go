package mirra

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"reflect"
)

// Images of other types are copied; larger ones are refused rather than fill the memory.
const maxConverted = 1 << 28

// buffer is an image as the library takes it.
type buffer struct {
	*Raw
	store func(image.Rectangle) // brings a rectangle of the result to where the caller has it; nil: it is there
}

// input gives the pixels of an image that is read.
func input(img image.Image) (buffer, error) {
	if b, ok, err := shared(img); ok || err != nil {
		return b, err
	}
	if wide, ok := wideOf(img); ok {
		b, err := wide.buffer()
		if err == nil {
			wide.load(b.Raw)
		}
		return b, err
	}
	bounds := img.Bounds()
	if !small(bounds) {
		return buffer{}, &Error{Code: ErrLimit, Message: fmt.Sprintf("an image of %v is too large to be converted", bounds)}
	}
	return input(converted(img))
}

// output gives the memory of an image that is written.
func output(img image.Image) (buffer, error) {
	if b, ok, err := shared(img); ok || err != nil {
		return b, err
	}
	if wide, ok := wideOf(img); ok {
		b, err := wide.buffer()
		raw := b.Raw
		b.store = func(rect image.Rectangle) { wide.store(raw, rect) }
		return b, err
	}
	return buffer{}, &Error{Code: ErrUnsupported, Message: fmt.Sprintf("an image of type %T cannot be written to", img),
		Hint: "take *image.NRGBA, RGBA, Gray, NRGBA64, RGBA64, Gray16 or *mirra.Raw"}
}

// shared describes an image whose own memory serves.
func shared(img image.Image) (buffer, bool, error) {
	if img == nil || reflect.ValueOf(img).Kind() == reflect.Pointer && reflect.ValueOf(img).IsNil() {
		return buffer{}, false, invalid("", "the image is nil", "")
	}
	var raw *Raw
	switch m := img.(type) {
	case *image.NRGBA:
		raw = strided(m.Rect, RGBA, Straight, m.Pix, m.Stride)
	case *image.RGBA:
		raw = strided(m.Rect, RGBA, Premultiplied, m.Pix, m.Stride)
	case *image.Gray:
		raw = strided(m.Rect, Gray, Straight, m.Pix, m.Stride)
	case *Raw:
		raw = m
	default:
		return buffer{}, false, nil
	}
	return buffer{Raw: raw}, true, nil
}

func strided(rect image.Rectangle, channels Color, alpha Alpha, pix []byte, stride int) *Raw {
	return &Raw{Layout: Layout{Width: rect.Dx(), Height: rect.Dy(), Format: U8, Color: channels, Alpha: alpha},
		Planes: []Plane{{Pix: pix, PixelStride: channels.Channels(), RowStride: stride}}}
}

func small(rect image.Rectangle) bool {
	return rect.Dx() > 0 && rect.Dy() > 0 && rect.Dx() <= maxConverted/rect.Dy()
}

// converted copies an image of any type to one that is taken as it is, in the depth that it has.
func converted(img image.Image) image.Image {
	bounds := img.Bounds()
	var copied draw.Image
	switch img.ColorModel() {
	case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model, color.Alpha16Model:
		copied = image.NewNRGBA64(bounds)
	default:
		if opaque, ok := img.(interface{ Opaque() bool }); ok && opaque.Opaque() {
			copied = image.NewRGBA(bounds) // equal to NRGBA then, and drawn several times faster
		} else {
			copied = image.NewNRGBA(bounds)
		}
	}
	draw.Draw(copied, bounds, img, bounds.Min, draw.Src)
	return copied
}

// like gives a new image of the size for what a task makes of img: of its type where the library can write that,
// else of NRGBA. In colour where that is asked for.
func like(img image.Image, width, height int, colored bool) image.Image {
	rect := image.Rect(0, 0, width, height)
	switch m := img.(type) {
	case *image.Gray:
		if !colored {
			return image.NewGray(rect)
		}
	case *image.Gray16:
		if !colored {
			return image.NewGray16(rect)
		}
		return image.NewNRGBA64(rect)
	case *image.RGBA:
		return image.NewRGBA(rect)
	case *image.RGBA64:
		return image.NewRGBA64(rect)
	case *image.NRGBA64:
		return image.NewNRGBA64(rect)
	case *Raw:
		layout := m.Layout
		layout.Width, layout.Height = width, height
		layout.Color = channelsFor(layout.Color, colored)
		return NewRaw(layout)
	}
	return image.NewNRGBA(rect)
}

// channelsFor gives colours to what has none, where that is asked for.
func channelsFor(channels Color, colored bool) Color {
	if colored && channels < RGB {
		return channels + RGB - Gray
	}
	return channels
}

package mirra

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"reflect"
)

// Images of other types are copied; larger ones are refused rather than fill the memory.
const maxConverted = 1 << 28

// highFirst is the format of the image package's samples of 16 bits.
var highFirst = func() Format {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return U16
	}
	return U16Swapped
}()

// input gives the pixels of an image that is read.
func input(img image.Image) (*Raw, error) {
	if raw, err := shared(img); raw != nil || err != nil {
		return raw, err
	}
	bounds := img.Bounds()
	if !small(bounds) {
		return nil, &Error{Code: ErrLimit, Message: fmt.Sprintf("an image of %v is too large to be converted", bounds)}
	}
	return shared(converted(img))
}

// output gives the memory of an image that is written.
func output(img image.Image) (*Raw, error) {
	raw, err := shared(img)
	if raw == nil && err == nil {
		err = &Error{Code: ErrUnsupported, Message: fmt.Sprintf("an image of type %T has no memory that can be written", img),
			Hint: "take *image.NRGBA, RGBA, Gray, NRGBA64, RGBA64, Gray16 or *mirra.Raw"}
	}
	return raw, err
}

// shared describes an image whose own memory serves; nil for others.
func shared(img image.Image) (*Raw, error) {
	if img == nil || reflect.ValueOf(img).Kind() == reflect.Pointer && reflect.ValueOf(img).IsNil() {
		return nil, invalid("", "the image is nil", "")
	}
	switch m := img.(type) {
	case *image.NRGBA:
		return strided(m.Rect, U8, RGBA, Straight, m.Pix, m.Stride), nil
	case *image.RGBA:
		return strided(m.Rect, U8, RGBA, Premultiplied, m.Pix, m.Stride), nil
	case *image.Gray:
		return strided(m.Rect, U8, Gray, Straight, m.Pix, m.Stride), nil
	case *image.NRGBA64:
		return strided(m.Rect, highFirst, RGBA, Straight, m.Pix, m.Stride), nil
	case *image.RGBA64:
		return strided(m.Rect, highFirst, RGBA, Premultiplied, m.Pix, m.Stride), nil
	case *image.Gray16:
		return strided(m.Rect, highFirst, Gray, Straight, m.Pix, m.Stride), nil
	case *Raw:
		return m, nil
	}
	return nil, nil
}

func strided(rect image.Rectangle, format Format, channels Color, alpha Alpha, pix []byte, stride int) *Raw {
	return &Raw{Layout: Layout{Width: rect.Dx(), Height: rect.Dy(), Format: format, Color: channels, Alpha: alpha},
		Planes: []Plane{{Pix: pix, PixelStride: channels.Channels() * format.Bytes(), RowStride: stride}}}
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

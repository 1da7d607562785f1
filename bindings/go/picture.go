package mirra

// #include "glue.h"
import "C"

import (
	"bytes"
	"image"
	"runtime/cgo"
	"unsafe"
)

// Picture holds the pixels and the metadata of a picture file, in memory of the library's: colour profile, EXIF, XMP,
// IPTC, texts and resolution. Tasks read and write it without a copy. Runs and jobs keep its pixels, also where it is
// closed meanwhile. What changes its colours has it alone: ErrBusy while another call, a run or a job uses it, and for
// those that begin meanwhile.
type Picture struct{ h *handle[*C.mirra_picture] }

// ReadOptions says how a picture is read.
type ReadOptions struct {
	MaxPixels uint64 // larger pictures give ErrLimit before anything is allocated; 0: 1 << 28
}

// ReadPicture reads a PNG, JPEG, TIFF, WebP or JPEG XL file. The picture is upright: an EXIF orientation has been applied. nil: the
// defaults.
func ReadPicture(path string, options *ReadOptions) (*Picture, error) {
	var a arena
	defer a.free()
	text, c := a.text(path), a.readOptions(options)
	return newPicture(&a, func(picture **C.mirra_picture, e **C.mirra_error) C.mirra_status {
		return C.mirra_image_read(text, c, picture, e)
	})
}

// DecodePicture does the same with the bytes of a file, at most 2^30.
func DecodePicture(data []byte, options *ReadOptions) (*Picture, error) {
	var a arena
	defer a.free()
	start, c := a.bytes(data), a.readOptions(options)
	return newPicture(&a, func(picture **C.mirra_picture, e **C.mirra_error) C.mirra_status {
		return C.mirra_image_read_memory(start, C.size_t(len(data)), c, picture, e)
	})
}

// NewPicture gives a black (and transparent) picture for a run to write to.
func NewPicture(width, height int, format Format, channels Color) (*Picture, error) {
	var a arena
	defer a.free()
	w, h := a.int32("width", width), a.int32("height", height)
	return newPicture(&a, func(picture **C.mirra_picture, e **C.mirra_error) C.mirra_status {
		return C.mirra_picture_create(w, h, C.mirra_format(format), C.mirra_color(channels), picture, e)
	})
}

// WrapPicture gives a picture over the memory of an image, without a copy. The image must be one that runs write in
// place: see [Ports]. Its pixels stay in place until neither the picture nor a run needs them.
func WrapPicture(img image.Image) (*Picture, error) {
	raw, err := output(img)
	if err != nil {
		return nil, err
	}
	a := new(arena)
	c := a.raw(raw)
	wrapped := false
	defer func() {
		if !wrapped {
			a.free()
		}
	}()
	return newPicture(a, func(picture **C.mirra_picture, e **C.mirra_error) C.mirra_status {
		user := cgo.NewHandle(a)
		status := C.mirra_go_picture_wrap(c, C.uintptr_t(user), picture, e)
		if wrapped = status == C.MIRRA_OK; !wrapped {
			user.Delete()
		}
		return status
	})
}

func (a *arena) readOptions(options *ReadOptions) *C.mirra_read_options {
	c := one[C.mirra_read_options](a)
	if options != nil {
		c.max_pixels = C.uint64_t(options.MaxPixels)
	}
	return c
}

func newPicture(a *arena, make func(**C.mirra_picture, **C.mirra_error) C.mirra_status) (*Picture, error) {
	if a.err != nil {
		return nil, a.err
	}
	var pointer *C.mirra_picture
	if err := call(func(e **C.mirra_error) C.mirra_status { return make(&pointer, e) }); err != nil {
		return nil, err
	}
	picture := &Picture{}
	picture.h = own(picture, "picture", pointer, func(p *C.mirra_picture) { C.mirra_picture_destroy(p) })
	return picture, nil
}

// Close gives the picture back. It may be called again.
func (p *Picture) Close() error {
	p.h.close()
	return nil
}

// PictureInfo says what a picture is and what its file was.
type PictureInfo struct {
	Layout
	BitDepth   int    // of the file: 1 to 16, or 32; of the format where there was no file
	FileFormat string // "png", "jpeg"; "" where there was no file
	// ColorTag is the tag that says what the colours are: "icc", "cicp", "srgb", "gama"; "" where none does, which is
	// taken as sRGB.
	ColorTag string
	// Sizes of the profile and of the EXIF data; 0: none. See Picture.Metadata.
	ICCBytes, EXIFBytes uint64
	// Notes are sentences for people about what the file had and the picture lacks.
	Notes []string
}

// Info says what the picture is.
func (p *Picture) Info() (PictureInfo, error) {
	var info PictureInfo
	err := p.view(func(picture *C.mirra_picture, view *C.mirra_image) error {
		i := C.mirra_picture_info{struct_size: C.sizeof_mirra_picture_info}
		err := call(func(e **C.mirra_error) C.mirra_status { return C.mirra_picture_get_info(picture, &i, e) })
		info = PictureInfo{Layout: layoutOf(view), BitDepth: int(i.bit_depth), FileFormat: C.GoString(i.file_format),
			ColorTag: C.GoString(i.color_tag), ICCBytes: uint64(i.icc_bytes), EXIFBytes: uint64(i.exif_bytes)}
		for n := range i.note_count {
			info.Notes = append(info.Notes, C.GoString(C.mirra_picture_note(picture, n)))
		}
		return err
	})
	return info, err
}

func layoutOf(view *C.mirra_image) Layout {
	return Layout{Width: int(view.width), Height: int(view.height), Format: Format(view.format), Color: Color(view.color),
		Alpha: Alpha(view.alpha_mode), Transfer: Transfer(view.transfer),
		ICC: bytes.Clone(unsafe.Slice((*byte)(view.icc), view.icc_bytes))}
}

func (p *Picture) view(f func(*C.mirra_picture, *C.mirra_image) error) error {
	picture, err := p.h.use()
	if err != nil {
		return err
	}
	defer p.h.release()
	view := C.mirra_image{struct_size: C.sizeof_mirra_image}
	err = call(func(e **C.mirra_error) C.mirra_status { return C.mirra_picture_view(picture, &view, e) })
	if err != nil {
		return err
	}
	return f(picture, &view)
}

// Pixels gives a copy of the pixels, as they are.
func (p *Picture) Pixels() (*Raw, error) {
	var raw *Raw
	err := p.view(func(_ *C.mirra_picture, view *C.mirra_image) error {
		raw = NewRaw(layoutOf(view))
		pixel := pixelBytes(&raw.Layout)
		bytes := pixel / int(view.plane_count)
		for i := range int(view.plane_count) {
			rows(raw.Bounds().Size(), &view.planes[i], bytes, pixel,
				func(memory []byte, from int) { copy(raw.Pix[from+i*bytes:], memory) })
		}
		return nil
	})
	return raw, err
}

// Image gives a copy of the pixels as an image of the image package: *image.NRGBA or Gray of 8-bit pictures,
// NRGBA64 or Gray16 of others. Floats are clipped to 0 ... 1. Colours are as they are in the picture: see
// [Picture.ToSRGB].
func (p *Picture) Image() (image.Image, error) {
	raw, err := p.Pixels()
	if err != nil {
		return nil, err
	}
	return raw.toImage(), nil
}

// Metadata is a kind of what a picture may hold beside its pixels.
type Metadata int32

// Kinds of metadata.
const (
	ICC       Metadata = C.MIRRA_METADATA_ICC
	EXIF      Metadata = C.MIRRA_METADATA_EXIF // TIFF structure, without the "Exif" before it; its orientation is 1
	XMP       Metadata = C.MIRRA_METADATA_XMP
	Photoshop Metadata = C.MIRRA_METADATA_PHOTOSHOP // "8BIM" resources, in which IPTC lies
)

// Metadata gives what the picture holds beside its pixels, as bytes; nil where it has none of the kind.
func (p *Picture) Metadata(kind Metadata) ([]byte, error) {
	var data []byte
	err := p.h.call(func(picture *C.mirra_picture, e **C.mirra_error) C.mirra_status {
		var start unsafe.Pointer
		var size C.uint64_t
		status := C.mirra_picture_metadata(picture, C.mirra_metadata(kind), &start, &size, e)
		data = bytes.Clone(unsafe.Slice((*byte)(start), size))
		return status
	})
	return data, err
}

// CopyColor gives the picture the colour tags of another, and its transfer function; the pixels stay as they are. For a
// picture that is to hold what a task makes of source.
func (p *Picture) CopyColor(source *Picture) error {
	if p == source {
		return nil
	}
	from, err := source.h.use()
	if err != nil {
		return err
	}
	defer source.h.release()
	return p.change(func(picture *C.mirra_picture, e **C.mirra_error) C.mirra_status {
		return C.mirra_picture_copy_color(picture, from, e)
	})
}

// SameColor says whether the tags of two pictures mean the same colours; false if it cannot be told.
func (p *Picture) SameColor(other *Picture) (bool, error) {
	with, err := other.h.use()
	if err != nil {
		return false, err
	}
	defer other.h.release()
	same := false
	err = p.h.call(func(picture *C.mirra_picture, _ **C.mirra_error) C.mirra_status {
		same = C.mirra_picture_same_color(picture, with) != 0
		return C.MIRRA_OK
	})
	return same, err
}

// ToSRGB converts the pixels to sRGB, whatever the tags say, and tags them so. ErrUnsupported for a profile that cannot
// be used, for HDR curves and F16: the picture is untouched then.
func (p *Picture) ToSRGB() error {
	return p.change(func(picture *C.mirra_picture, e **C.mirra_error) C.mirra_status {
		return C.mirra_picture_to_srgb(picture, e)
	})
}

func (p *Picture) change(f func(*C.mirra_picture, **C.mirra_error) C.mirra_status) error {
	picture, err := p.h.useAlone()
	if err != nil {
		return err
	}
	defer p.h.release()
	return call(func(e **C.mirra_error) C.mirra_status { return f(picture, e) })
}

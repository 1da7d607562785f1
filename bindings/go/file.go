package mirra

// #include "glue.h"
import "C"

import (
	"image"
	"runtime/cgo"
	"slices"
	"unsafe"
)

// WriteOptions says how a picture is written.
type WriteOptions struct {
	// Metadata is the picture whose metadata and, if the image has no profile of its own, colour tags go along. Give the
	// picture that a result was made of.
	Metadata *Picture
	Format   string // "png", "jpeg", "tiff", "webp" or "jxl"; "": the ending of the file's name says it
	Quality  int    // of a JPEG, WebP or JPEG XL, 1 ... 100; 0: 95. In WebP and JPEG XL 100 is lossless
	BitDepth int    // of a PNG, TIFF or JPEG XL, 8 or 16; of a TIFF or JPEG XL also 32; 0: as the image has it
	// Warn receives a sentence for all that the metadata's file had and this one lacks; nil: nobody.
	Warn func(message string)
}

type warner struct {
	calls
	warn func(string)
}

func (w *warner) log(_ int, message string) {
	_ = w.run(func() error { w.warn(message); return nil })
}

// written describes an image and options, and hands them to f.
func written(img any, options *WriteOptions, a *arena,
	f func(*C.mirra_image, *C.mirra_picture, *C.mirra_write_options, **C.mirra_error) C.mirra_status) error {
	if options == nil {
		options = &WriteOptions{}
	}
	c := one[C.mirra_write_options](a)
	c.jpeg_quality = a.int32("quality", options.Quality)
	c.bit_depth = a.int32("bit_depth", options.BitDepth)
	c.format = a.option(options.Format)
	warn := &warner{warn: options.Warn}
	if options.Warn != nil {
		h := cgo.NewHandle(logger(warn))
		defer h.Delete()
		C.mirra_go_set_log(c, C.uintptr_t(h))
	}
	var metadata *C.mirra_picture
	if options.Metadata != nil {
		picture, err := options.Metadata.h.use()
		if err != nil {
			return err
		}
		defer options.Metadata.h.release()
		metadata = picture
	}
	err := a.image(img, func(image *C.mirra_image) error {
		return call(func(e **C.mirra_error) C.mirra_status { return f(image, metadata, c, e) })
	})
	_ = warn.rethrow()
	return err
}

// image hands an image.Image or a *Picture, which is read, to f. nil: no image.
func (a *arena) image(img any, f func(*C.mirra_image) error) error {
	if a.err != nil {
		return a.err
	}
	if img == nil {
		return f(nil)
	}
	if picture, ok := img.(*Picture); ok {
		return picture.view(func(_ *C.mirra_picture, view *C.mirra_image) error { return f(view) })
	}
	m, ok := img.(image.Image)
	if !ok {
		return invalid("", "this is no image", "give an image.Image or a *mirra.Picture")
	}
	raw, err := input(m)
	if err != nil {
		return err
	}
	c := a.raw(raw)
	if a.err != nil {
		return a.err
	}
	return f(c)
}

// WriteImage writes a file as [WriteFile] does. img: an image.Image, a *[Raw] or a *[Picture]. The ending of path says
// the format (.png; .jpg, .jpeg, .jpe, .jfif; .tif, .tiff; .webp; .jxl), unless the options do. JPEG has no alpha: the image is laid over white.
// options: nil for the defaults.
func WriteImage(path string, img any, options *WriteOptions) error {
	var a arena
	defer a.free()
	text := a.text(path)
	return written(notNil(img), options, &a, func(image *C.mirra_image, metadata *C.mirra_picture,
		c *C.mirra_write_options, e **C.mirra_error) C.mirra_status {
		return C.mirra_image_write(text, image, metadata, c, e)
	})
}

// EncodeImage gives the file as bytes. The options must say the format.
func EncodeImage(img any, options *WriteOptions) ([]byte, error) {
	var a arena
	defer a.free()
	var data unsafe.Pointer
	var size C.size_t
	err := written(notNil(img), options, &a, func(image *C.mirra_image, metadata *C.mirra_picture,
		c *C.mirra_write_options, e **C.mirra_error) C.mirra_status {
		return C.mirra_image_write_memory(image, metadata, c, &data, &size, e)
	})
	return givenBytes(data, size), err
}

// CheckWriteImage says before long work what [WriteImage] would refuse for the path, the format and the image's size;
// nothing is written. img may be nil: not known yet.
func CheckWriteImage(path string, img any, options *WriteOptions) error {
	var a arena
	defer a.free()
	text := a.text(path)
	return written(img, options, &a, func(image *C.mirra_image, _ *C.mirra_picture, c *C.mirra_write_options,
		e **C.mirra_error) C.mirra_status {
		return C.mirra_image_check_write(text, image, c, e)
	})
}

// notNil makes nil something that is no image.
func notNil(img any) any {
	if img == nil {
		return struct{}{}
	}
	return img
}

// givenBytes copies and frees bytes that the library gave.
func givenBytes(data unsafe.Pointer, size C.size_t) []byte {
	defer C.mirra_memory_free(data)
	return slices.Clone(unsafe.Slice((*byte)(data), size))
}

// AddNoise adds Gaussian noise of standard deviation sigma (in units of 1/255) to the colours of an image in place. The
// result is clipped to 0 ... 1. The same seed gives the same noise, on every machine. img is one that runs write to.
func AddNoise(img image.Image, sigma float64, seed uint64) error {
	raw, err := output(img)
	if err != nil {
		return err
	}
	var a arena
	defer a.free()
	c := a.raw(raw)
	if a.err != nil {
		return a.err
	}
	return call(func(e **C.mirra_error) C.mirra_status {
		return C.mirra_image_add_noise(c, C.double(sigma), C.uint64_t(seed), e)
	})
}

// EstimateNoise estimates the standard deviation of the noise, in units of 1/255, as the tasks do where sigma is
// "auto". img: an image.Image, a *[Raw] or a *[Picture]. ErrInvalidArgument for a side below 16 pixels, or where too
// little is visible.
func EstimateNoise(img any) (float64, error) {
	var a arena
	defer a.free()
	var sigma C.double
	err := a.image(notNil(img), func(image *C.mirra_image) error {
		return call(func(e **C.mirra_error) C.mirra_status { return C.mirra_image_estimate_noise(image, &sigma, e) })
	})
	return float64(sigma), err
}

// Comparison says how alike two images are.
type Comparison struct {
	PSNR float64 // dB over all colour channels, peak 1; at most 80, which equal images have
	SSIM float64 // mean structural similarity, 1 for equal images; NaN for images smaller than 11 pixels
}

// Compare compares two images of equal size, image.Images, *[Raw]s or *[Picture]s. Types may differ, gray against RGB
// is compared as RGB, alpha is left aside. ErrMismatch for other sizes, or linear light against encoded.
func Compare(x, y any) (Comparison, error) {
	var a arena
	defer a.free()
	c := C.mirra_comparison{struct_size: C.sizeof_mirra_comparison}
	err := a.image(notNil(x), func(one *C.mirra_image) error {
		return a.image(notNil(y), func(other *C.mirra_image) error {
			return call(func(e **C.mirra_error) C.mirra_status { return C.mirra_image_compare(one, other, &c, e) })
		})
	})
	return Comparison{float64(c.psnr), float64(c.ssim)}, err
}

// WriteFile writes a file as everything here is written: readers see the old content or the new, never a part, and on
// failure the old one stays.
func WriteFile(path string, data []byte) error {
	var a arena
	defer a.free()
	text, start := a.text(path), a.bytes(data)
	if a.err != nil {
		return a.err
	}
	return call(func(e **C.mirra_error) C.mirra_status {
		return C.mirra_file_write(text, start, C.size_t(len(data)), e)
	})
}

// CheckWriteFile says before long work what [WriteFile] would refuse for the path; nothing is written.
func CheckWriteFile(path string) error {
	var a arena
	defer a.free()
	text := a.text(path)
	if a.err != nil {
		return a.err
	}
	return call(func(e **C.mirra_error) C.mirra_status { return C.mirra_file_check_write(text, e) })
}

// Printable gives a text that came from a file as it may go to a terminal or a line of a log: control characters and
// the like become escapes.
func Printable(text string) (string, error) {
	var a arena
	defer a.free()
	c := a.text(text)
	if a.err != nil {
		return "", a.err
	}
	var printable *C.char
	err := call(func(e **C.mirra_error) C.mirra_status { return C.mirra_text_printable(c, &printable, e) })
	return given(printable), err
}

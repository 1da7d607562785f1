package mirra_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"mirra.org/mirra"
)

func process(t *testing.T, s *mirra.Session, img image.Image) image.Image {
	t.Helper()
	made, _, err := s.Process(context.Background(), img, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// drawn copies an image to another type.
func drawn(to draw.Image, from image.Image) draw.Image {
	draw.Draw(to, to.Bounds(), from, from.Bounds().Min, draw.Src)
	return to
}

// sameColors says whether two images look the same, within a tolerance of 16 bits.
func sameColors(t *testing.T, a, b image.Image, tolerance int) {
	t.Helper()
	if a.Bounds().Size() != b.Bounds().Size() {
		t.Fatalf("%v, not %v", a.Bounds(), b.Bounds())
	}
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			p := exact(a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y))
			q := exact(b.At(b.Bounds().Min.X+x, b.Bounds().Min.Y+y))
			for _, pair := range [][2]uint16{{p.R, q.R}, {p.G, q.G}, {p.B, q.B}, {p.A, q.A}} {
				if d := int(pair[0]) - int(pair[1]); max(d, -d) > tolerance {
					t.Fatalf("%v, not %v at %d, %d", p, q, x, y)
				}
			}
		}
	}
}

// exact spares straight alpha the way over premultiplied alpha, which color.NRGBA64Model takes.
func exact(c color.Color) color.NRGBA64 {
	if c, ok := c.(color.NRGBA); ok {
		return color.NRGBA64{uint16(c.R) * 0x101, uint16(c.G) * 0x101, uint16(c.B) * 0x101, uint16(c.A) * 0x101}
	}
	return color.NRGBA64Model.Convert(c).(color.NRGBA64)
}

func TestAllTypesGiveTheSame(t *testing.T) {
	s := denoiser(t)
	img := noisy(40, 32)
	rect := img.Rect
	want := process(t, s, img)
	gray := drawn(image.NewGray(rect), img)
	wantGray := process(t, s, gray)

	large := drawn(image.NewNRGBA(image.Rect(-5, -7, 60, 50)), image.NewUniform(color.White)).(*image.NRGBA)
	part := large.SubImage(image.Rect(3, 4, 43, 36)).(*image.NRGBA)
	drawn(part, img)
	for _, c := range []struct {
		img, want image.Image
		tolerance int
	}{
		{drawn(image.NewRGBA(rect), img), want, 0},
		{part, want, 0},
		{drawn(image.NewNRGBA64(rect), img), want, 0x101},
		{drawn(image.NewRGBA64(rect), img), want, 0x101},
		{drawn(image.NewGray16(rect), gray), wantGray, 0x101},
	} {
		made := process(t, s, c.img)
		if _, ok := c.img.(interface {
			SubImage(image.Rectangle) image.Image
		}); !ok {
			t.Errorf("%T", made)
		}
		sameColors(t, made, c.want, c.tolerance)
	}
	// What is converted gives what its conversion gives.
	paletted := drawn(image.NewPaletted(rect, color.Palette{color.Black, color.White, color.RGBA{200, 10, 10, 255}}), img)
	sameColors(t, process(t, s, paletted), process(t, s, drawn(image.NewRGBA(rect), paletted)), 0)
	ycc := image.NewYCbCr(rect, image.YCbCrSubsampleRatio420)
	for i := range ycc.Y {
		ycc.Y[i] = uint8(i)
	}
	sameColors(t, process(t, s, ycc), process(t, s, drawn(image.NewRGBA(rect), ycc)), 0)
}

// Samples of 16 bits cross exactly, with alpha of both kinds.
func TestWideImagesEqualRawOnes(t *testing.T) {
	s := denoiser(t)
	img := image.NewNRGBA64(image.Rect(0, 0, 33, 21))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7919 >> 3)
	}
	raw := mirra.NewRaw(mirra.Layout{Width: 33, Height: 21, Format: mirra.U16, Color: mirra.RGBA})
	for i, samples := 0, mirra.Samples[uint16](raw.Pix); i < len(samples); i++ {
		samples[i] = uint16(img.Pix[2*i])<<8 | uint16(img.Pix[2*i+1])
	}
	want := process(t, s, raw)
	sameColors(t, process(t, s, img), want, 0)
	swapped := mirra.NewRaw(raw.Layout)
	swapped.Format = mirra.U16Swapped
	for i := range swapped.Pix {
		swapped.Pix[i] = raw.Pix[i^1]
	}
	sameColors(t, swapped, img, 0)
	sameColors(t, process(t, s, swapped), want, 0)

	raw.Alpha = mirra.Premultiplied
	premultiplied := &image.RGBA64{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}
	made := process(t, s, premultiplied).(*image.RGBA64)
	other := process(t, s, raw).(*mirra.Raw)
	for i, sample := range mirra.Samples[uint16](other.Pix) {
		if uint16(made.Pix[2*i])<<8|uint16(made.Pix[2*i+1]) != sample {
			t.Fatalf("sample %d", i)
		}
	}
}

// A tile of an image of 16 bits is there when Tile is called, and nothing outside of the sub-image is written.
func TestTilesOfWideSubImages(t *testing.T) {
	s := session(t, "denoise", &mirra.SessionOptions{Threads: 1, Quality: "fast", TileSize: 160,
		Params: mirra.Params{"sigma": 25}})
	img := drawn(image.NewGray16(image.Rect(0, 0, 200, 150)), noisy(200, 150))
	want := process(t, s, img)
	large := drawn(image.NewGray16(image.Rect(0, 0, 220, 170)), image.NewUniform(color.White)).(*image.Gray16)
	out := large.SubImage(image.Rect(10, 5, 210, 155)).(*image.Gray16)
	tiles, area := 0, 0
	_, err := s.Run(context.Background(), mirra.Ports{"image": img, "output": out}, &mirra.RunOptions{
		Tile: func(rect image.Rectangle) {
			tiles++
			area += rect.Dx() * rect.Dy()
			final := rect.Add(out.Rect.Min)
			sameColors(t, out.SubImage(final), want.(*image.Gray16).SubImage(rect), 0)
		}})
	if err != nil || tiles < 2 || area != 200*150 {
		t.Errorf("%d tiles of %d pixels, %v", tiles, area, err)
	}
	sameColors(t, out, want, 0)
	for y := range 170 {
		for x := range 220 {
			if !(image.Point{x, y}).In(out.Rect) && large.Gray16At(x, y) != color.Gray16Model.Convert(color.White) {
				t.Fatalf("%d, %d was written", x, y)
			}
		}
	}
}

func TestInPlace(t *testing.T) {
	s := denoiser(t)
	for _, make := range []func(image.Rectangle) draw.Image{
		func(r image.Rectangle) draw.Image { return image.NewNRGBA(r) },
		func(r image.Rectangle) draw.Image { return image.NewRGBA64(r) },
	} {
		img := drawn(make(image.Rect(0, 0, 40, 40)), noisy(40, 40))
		want := process(t, s, img)
		if _, err := s.Run(context.Background(), mirra.Ports{"image": img, "output": img}, nil); err != nil {
			t.Fatal(err)
		}
		sameColors(t, img, want, 0)
	}
}

func TestRegionAndScale(t *testing.T) {
	s := denoiser(t)
	img := noisy(90, 70)
	whole := process(t, s, img).(*image.NRGBA)
	region := image.Rect(20, 10, 60, 50)
	made, _, err := s.Process(context.Background(), img, &mirra.RunOptions{Region: region})
	if err != nil {
		t.Fatal(err)
	}
	sameColors(t, made, whole.SubImage(region), 0x101)
	made, _, err = s.Process(context.Background(), img, &mirra.RunOptions{Scale: 0.3})
	if err != nil || made.Bounds() != image.Rect(0, 0, 27, 21) {
		t.Errorf("%v %v", made.Bounds(), err)
	}
	for _, options := range []*mirra.RunOptions{{Region: image.Rect(5, 5, 5, 9)}, {Scale: math.NaN()}, {Scale: -1}} {
		if _, _, err := s.Process(context.Background(), img, options); !errors.Is(err, mirra.ErrInvalidArgument) {
			t.Errorf("%+v: %v", options, err)
		}
	}
}

func TestDescriptionsThatLieAreRefused(t *testing.T) {
	s := denoiser(t)
	rect := image.Rect(0, 0, 20, 20)
	layout := mirra.Layout{Width: 20, Height: 20, Format: mirra.F32, Color: mirra.RGB}
	planes := func(n int, p mirra.Plane) (list []mirra.Plane) {
		for range n {
			list = append(list, p)
		}
		return list
	}
	samples := make([]byte, 20*20*12)
	for i, img := range []image.Image{
		nil,
		(*image.NRGBA)(nil),
		(*mirra.Raw)(nil),
		&image.NRGBA{Pix: make([]byte, 1599), Stride: 80, Rect: rect},
		&image.NRGBA{Stride: 80, Rect: rect},
		&image.NRGBA{Pix: make([]byte, 1600), Stride: -80, Rect: rect},
		&image.NRGBA{Pix: make([]byte, 1600), Stride: math.MaxInt, Rect: rect},
		&image.NRGBA{Pix: make([]byte, 1600), Stride: 80, Rect: image.Rectangle{}},
		&image.NRGBA{Pix: make([]byte, 1600), Stride: 80, Rect: image.Rect(0, 0, math.MaxInt, 1)},
		&image.Gray16{Pix: make([]byte, 799), Stride: 40, Rect: rect},
		&image.Gray16{Pix: make([]byte, 800), Stride: -40, Rect: rect},
		&image.Gray16{Pix: make([]byte, 800), Stride: math.MaxInt / 4, Rect: rect},
		&image.Gray16{},
		image.NewUniform(color.White),
		image.NewPaletted(image.Rectangle{}, nil),
		&mirra.Raw{Layout: layout, Pix: samples[1:]},
		&mirra.Raw{Layout: layout},
		&mirra.Raw{Layout: mirra.Layout{Width: 20, Height: 20, Format: 9, Color: 9}, Pix: samples},
		&mirra.Raw{Layout: layout, Planes: planes(5, mirra.Plane{Pix: samples, PixelStride: 12, RowStride: 240})},
		&mirra.Raw{Layout: layout, Planes: planes(2, mirra.Plane{Pix: samples, PixelStride: 12, RowStride: 240})},
		&mirra.Raw{Layout: layout, Planes: planes(1, mirra.Plane{Pix: samples, PixelStride: 12, RowStride: 241})},
		&mirra.Raw{Layout: layout, Planes: planes(1, mirra.Plane{Pix: samples, PixelStride: 12, RowStride: -240})},
		&mirra.Raw{Layout: layout, Planes: planes(1, mirra.Plane{Pix: samples, Offset: 1, PixelStride: 12, RowStride: 240})},
		&mirra.Raw{Layout: layout, Planes: planes(1, mirra.Plane{Pix: samples, Offset: -1, PixelStride: 12, RowStride: 240})},
	} {
		for _, ports := range []mirra.Ports{{"image": img, "output": noisy(20, 20)}, {"image": noisy(20, 20), "output": img}} {
			_, err := s.Run(context.Background(), ports, nil)
			var e *mirra.Error
			if !errors.As(err, &e) || e.Code == mirra.ErrInternal {
				t.Errorf("%d: %v", i, err)
			}
		}
		if _, _, err := s.Process(context.Background(), img, nil); err == nil {
			t.Errorf("%d is processed", i)
		}
	}
	for _, v := range []any{image.NewYCbCr(rect, image.YCbCrSubsampleRatio444), 5, "a text", struct{}{}, mirra.Tensor{},
		(*mirra.Picture)(nil), &mirra.Picture{}} {
		if _, err := s.Run(context.Background(), mirra.Ports{"image": noisy(20, 20), "output": v}, nil); err == nil {
			t.Errorf("%T is an output", v)
		}
	}
}

// The standard library's decoder sees what Picture.Image and Raw.At give, and what WriteImage writes.
func TestPicturesAgreeWithThePngPackage(t *testing.T) {
	x, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"u8-gray", "u8-gray_alpha", "u8-rgb", "u8-rgba", "u16-gray", "u16-gray_alpha", "u16-rgb",
		"u16-rgba"} {
		data := x.read(t, x.Files[name+".png"])
		want, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := mirra.DecodePicture(data, nil)
		if err != nil {
			t.Fatal(err)
		}
		img, err := picture.Image()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := picture.Pixels()
		if err != nil {
			t.Fatal(err)
		}
		sameColors(t, img, want, 0)
		sameColors(t, raw, want, 0)
		for _, shown := range []any{img, raw, picture, want} {
			written, err := mirra.EncodeImage(shown, &mirra.WriteOptions{Format: "png"})
			if err != nil {
				t.Fatal(err)
			}
			again, err := png.Decode(bytes.NewReader(written))
			if err != nil {
				t.Fatal(err)
			}
			sameColors(t, again, want, 0)
		}
	}
}

func TestRawShowsFloatsAndPlanes(t *testing.T) {
	half := func(bits ...uint16) []byte { return mirra.Bytes(bits) }
	float := func(v ...float32) []byte { return mirra.Bytes(v) }
	for _, c := range []struct {
		raw  mirra.Raw
		want color.NRGBA64
	}{
		{mirra.Raw{Layout: mirra.Layout{Format: mirra.F16, Color: mirra.RGB}, Pix: half(0x3c00, 0x3800, 0x8001)},
			color.NRGBA64{65535, 32768, 0, 65535}},
		{mirra.Raw{Layout: mirra.Layout{Format: mirra.F16, Color: mirra.RGB}, Pix: half(0x7c00, 0x7e00, 0x0001)},
			color.NRGBA64{65535, 0, 0, 65535}},
		{mirra.Raw{Layout: mirra.Layout{Format: mirra.F32, Color: mirra.RGBA}, Pix: float(2, -1, 0.25, 0.5)},
			color.NRGBA64{65535, 0, 16384, 32768}},
		{mirra.Raw{Layout: mirra.Layout{Format: mirra.U8, Color: mirra.RGB}, Planes: []mirra.Plane{
			{Pix: []byte{1, 2, 3}, Offset: 2, PixelStride: 3, RowStride: 3},
			{Pix: []byte{1, 2, 3}, Offset: 1, PixelStride: 3, RowStride: 3},
			{Pix: []byte{1, 2, 3}, PixelStride: 3, RowStride: 3}}}, color.NRGBA64{0x303, 0x202, 0x101, 65535}},
	} {
		c.raw.Width, c.raw.Height = 1, 1
		if got := c.raw.At(0, 0); got != c.want {
			t.Errorf("%v, not %v", got, c.want)
		}
		if c.raw.At(1, 0) != (color.NRGBA64{}) {
			t.Error("there is something outside")
		}
	}
}

func TestMetadataGoesAlong(t *testing.T) {
	picture, err := mirra.ReadPicture("../../tests/fuzz/corpus/png/meta.png", nil)
	if err != nil {
		t.Fatal(err)
	}
	clean, _, err := denoiser(t).ProcessPicture(context.Background(), picture, nil)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := clean.SameColor(picture); !same || err != nil {
		t.Errorf("other colours: %v", err)
	}
	path := filepath.Join(t.TempDir(), "clean.png")
	if err := mirra.WriteImage(path, clean, &mirra.WriteOptions{Metadata: picture}); err != nil {
		t.Fatal(err)
	}
	again, err := mirra.ReadPicture(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	info, err := again.Info()
	before, _ := picture.Info()
	if err != nil || before.ICCBytes+before.EXIFBytes == 0 || info.ICCBytes != before.ICCBytes ||
		len(info.ICC) != len(before.ICC) || (info.EXIFBytes > 0) != (before.EXIFBytes > 0) {
		t.Errorf("%+v, not %+v: %v", info, before, err)
	}
}

func TestColoursAreConverted(t *testing.T) {
	picture, err := mirra.ReadPicture("../../tests/fuzz/corpus/png/rgb16_gamma.png", nil)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := mirra.NewPicture(4, 4, mirra.F16, mirra.RGB)
	if err != nil {
		t.Fatal(err)
	}
	if err := wide.CopyColor(picture); err != nil {
		t.Fatal(err)
	}
	before, _ := picture.Info()
	if err := picture.ToSRGB(); err != nil {
		t.Fatal(err)
	}
	if after, err := picture.Info(); err != nil || before.ColorTag != "gama" || after.ColorTag != "srgb" {
		t.Errorf("%q became %q: %v", before.ColorTag, after.ColorTag, err)
	}
	if err := wide.ToSRGB(); !errors.Is(err, mirra.ErrUnsupported) {
		t.Errorf("half floats: %v", err)
	}
}

func TestWrappedPicturesShareTheirPixels(t *testing.T) {
	s := denoiser(t)
	rect := image.Rect(0, 0, 40, 40)
	for _, out := range []draw.Image{image.NewNRGBA(rect), image.NewNRGBA64(rect), image.NewGray16(rect)} {
		img := like(out, noisy(40, 40))
		from, err := mirra.WrapPicture(img)
		if err != nil {
			t.Fatal(err)
		}
		to, err := mirra.WrapPicture(out)
		if err != nil {
			t.Fatal(err)
		}
		if shown, err := from.Image(); err != nil {
			t.Error(err)
		} else {
			sameColors(t, shown, img, 0)
		}
		job, err := s.Submit(context.Background(), mirra.Ports{"image": from, "output": to}, nil)
		if err != nil {
			t.Fatal(err)
		}
		from.Close()
		to.Close()
		if _, err := job.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
		sameColors(t, out, process(t, s, img), 0)
	}
	for _, bad := range []image.Image{image.NewPaletted(rect, color.Palette{color.Black}),
		&image.NRGBA{Pix: make([]byte, 9), Stride: 160, Rect: rect}} {
		if _, err := mirra.WrapPicture(bad); err == nil {
			t.Errorf("%T is wrapped", bad)
		}
	}
}

// like gives a drawing as an image of the type of another.
func like(img draw.Image, from image.Image) draw.Image {
	switch img.(type) {
	case *image.NRGBA64:
		return drawn(image.NewNRGBA64(img.Bounds()), from)
	case *image.Gray16:
		return drawn(image.NewGray16(img.Bounds()), from)
	}
	return drawn(image.NewNRGBA(img.Bounds()), from)
}

func TestNoise(t *testing.T) {
	img := drawn(image.NewNRGBA64(image.Rect(0, 0, 128, 128)), image.NewUniform(color.Gray{128})).(*image.NRGBA64)
	if err := mirra.AddNoise(img, 20, 7); err != nil {
		t.Fatal(err)
	}
	sigma, err := mirra.EstimateNoise(img)
	if err != nil || math.Abs(sigma-20) > 2 {
		t.Errorf("%v %v", sigma, err)
	}
	if img.NRGBA64At(5, 5).A != 0xffff {
		t.Error("alpha is noisy")
	}
}

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.png")
	if err := mirra.CheckWriteImage(path, nil, nil); err != nil {
		t.Error(err)
	}
	if err := mirra.CheckWriteImage(path, noisy(9, 9), &mirra.WriteOptions{BitDepth: 7}); !errors.Is(err, mirra.ErrInvalidArgument) {
		t.Error(err)
	}
	if err := mirra.WriteImage(path, nil, nil); !errors.Is(err, mirra.ErrInvalidArgument) {
		t.Error(err)
	}
	if err := mirra.WriteImage("a\x00b.png", noisy(9, 9), nil); !errors.Is(err, mirra.ErrInvalidArgument) {
		t.Error(err)
	}
	if err := mirra.CheckWriteFile(filepath.Join(path, "no", "x")); err == nil {
		t.Error("a folder that does not exist")
	}
	if err := mirra.WriteFile(path, nil); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(path); err != nil || len(data) != 0 {
		t.Errorf("%v %v", data, err)
	}
	if text, err := mirra.Printable("a\x1bb"); err != nil || text != `a\x1bb` {
		t.Errorf("%q %v", text, err)
	}
}

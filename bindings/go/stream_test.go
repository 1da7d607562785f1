package mirra_test

import (
	"context"
	"errors"
	"image"
	"testing"

	"mirra.org/mirra"
)

// streamed is a picture that is read, or written, piece by piece.
type streamed struct {
	*mirra.Raw
	pieces int
	kept   []*mirra.Raw // which nobody should do
}

func (s *streamed) Layout() mirra.Layout { return s.Raw.Layout }

func (s *streamed) copy(rect image.Rectangle, piece *mirra.Raw, write bool) error {
	s.pieces++
	s.kept = append(s.kept, piece)
	pixel := s.Color.Channels() * s.Format.Bytes()
	row := rect.Dx() * pixel
	for y := range rect.Dy() {
		whole := s.Pix[((rect.Min.Y+y)*s.Width+rect.Min.X)*pixel:][:row]
		if write {
			copy(whole, piece.Pix[y*row:])
		} else {
			copy(piece.Pix[y*row:][:row], whole)
		}
	}
	return nil
}

type source struct{ streamed }

func (s *source) ReadRect(rect image.Rectangle, piece *mirra.Raw) error {
	return s.copy(rect, piece, false)
}

type sink struct{ streamed }

func (s *sink) WriteRect(rect image.Rectangle, piece *mirra.Raw) error {
	return s.copy(rect, piece, true)
}

func TestSourceAndSink(t *testing.T) {
	s := session(t, "denoise", &mirra.SessionOptions{Threads: 1, Quality: "fast", TileSize: 200,
		Params: mirra.Params{"sigma": 25}})
	for _, format := range []mirra.Format{mirra.U8, mirra.U16, mirra.F32} {
		raw := mirra.NewRaw(mirra.Layout{Width: 300, Height: 260, Format: format, Color: mirra.RGB})
		switch format {
		case mirra.U8:
			for i := range raw.Pix {
				raw.Pix[i] = uint8(i * 31 >> 4)
			}
		case mirra.U16:
			for i, samples := 0, mirra.Samples[uint16](raw.Pix); i < len(samples); i++ {
				samples[i] = uint16(i * 31)
			}
		case mirra.F32:
			for i, samples := 0, mirra.Samples[float32](raw.Pix); i < len(samples); i++ {
				samples[i] = float32(i%251) / 250
			}
		}
		want := process(t, s, raw)
		from, to := &source{streamed{Raw: raw}}, &sink{streamed{Raw: mirra.NewRaw(raw.Layout)}}
		if _, err := s.Run(context.Background(), mirra.Ports{"image": from, "output": to}, nil); err != nil {
			t.Fatal(err)
		}
		if from.pieces < 2 || to.pieces < 2 {
			t.Errorf("%d pieces read, %d written", from.pieces, to.pieces)
		}
		sameColors(t, to.Raw, want, 0)
		job, err := s.Submit(context.Background(), mirra.Ports{"image": from, "output": to}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := job.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
		sameColors(t, to.Raw, want, 0)
	}
}

func TestSourcesHaveNoAlpha(t *testing.T) {
	from := &source{streamed{Raw: mirra.NewRaw(mirra.Layout{Width: 30, Height: 30, Format: mirra.U8, Color: mirra.RGBA})}}
	_, err := denoiser(t).Run(context.Background(), mirra.Ports{"image": from, "output": noisy(30, 30)}, nil)
	if !errors.Is(err, mirra.ErrUnsupported) {
		t.Error(err)
	}
}

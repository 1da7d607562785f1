package mirra_test

import (
	"context"
	"errors"
	"image"
	"io/fs"
	"math/rand/v2"
	"testing"
	"time"

	"mirra.org/mirra"
)

// engine is shared by the tests: a program makes one.
var engine = func() *mirra.Engine {
	e, err := mirra.NewEngine(nil)
	if err != nil {
		panic(err)
	}
	return e
}()

func session(t testing.TB, task string, options *mirra.SessionOptions) *mirra.Session {
	t.Helper()
	s, err := engine.NewSession(task, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func denoiser(t testing.TB) *mirra.Session {
	return session(t, "denoise", &mirra.SessionOptions{Threads: 1, Quality: "fast", Params: mirra.Params{"sigma": 25}})
}

// noisy gives an opaque gradient with noise, always the same.
func noisy(width, height int) *image.NRGBA {
	random := rand.New(rand.NewPCG(1, 2))
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = uint8(min(255, 64+i*90/len(img.Pix)+random.IntN(40)))
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func TestErrorsHaveCodeSubjectAndHint(t *testing.T) {
	_, err := engine.NewSession("denoize", nil)
	var e *mirra.Error
	if !errors.As(err, &e) || !errors.Is(err, mirra.ErrNotFound) || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%v", err)
	}
	if e.Code != mirra.ErrNotFound || e.Subject != "denoize" || e.Hint == "" || e.Message == "" {
		t.Errorf("%+v", e)
	}
	if errors.Is(err, mirra.ErrBusy) {
		t.Error("is busy")
	}
	_, err = mirra.ReadPicture("missing.png", nil)
	if got, want := err.Error(), "mirra: missing.png: the file does not exist (check the path)"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	if got := mirra.ErrNotFound.String(); got != "not_found" {
		t.Error(got)
	}
}

func TestProcessGivesTheSameType(t *testing.T) {
	s := denoiser(t)
	img := noisy(40, 32)
	made, result, err := s.Process(context.Background(), img, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := made.(*image.NRGBA)
	c, err := mirra.Compare(img, out)
	if err != nil || c.PSNR > 60 || c.PSNR < 15 {
		t.Errorf("%v %v", c, err)
	}
	if result.Device != "cpu" || result.TileCount != 1 || result.Elapsed <= 0 {
		t.Errorf("%+v", result)
	}
}

func TestJobs(t *testing.T) {
	s := denoiser(t)
	img := noisy(300, 300)
	out := image.NewNRGBA(img.Rect)
	job, err := s.Submit(context.Background(), mirra.Ports{"image": img, "output": out}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Set("sigma", 10); !errors.Is(err, mirra.ErrBusy) {
		t.Errorf("set during a job: %v", err)
	}
	if _, err := job.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	status, err := job.Status()
	if err != nil || status.State != mirra.JobDone || status.Fraction != 1 {
		t.Errorf("%+v %v", status, err)
	}
	job.Close()
	job.Close()
	if _, err := job.Wait(context.Background()); !errors.Is(err, mirra.ErrClosed) {
		t.Error(err)
	}
}

func TestContextStopsARun(t *testing.T) {
	s := denoiser(t)
	img := noisy(1500, 1500)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, _, err := s.Process(ctx, img, nil)
	if !errors.Is(err, mirra.ErrCancelled) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

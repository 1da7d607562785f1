package mirra_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"runtime"
	"sync"
	"testing"
	"time"

	"mirra.org/mirra"
)

// A running job keeps its pixels, though nothing of the program does.
func TestAJobKeepsItsPixels(t *testing.T) {
	s := endless(t)
	freed := make(chan struct{})
	job := func() *mirra.Job {
		img := noisy(64, 64)
		runtime.AddCleanup(&img.Pix[0], func(freed chan struct{}) { close(freed) }, freed)
		job, err := s.Submit(context.Background(), ports(img), nil)
		if err != nil {
			t.Fatal(err)
		}
		return job
	}()
	for range 5 {
		collect()
	}
	select {
	case <-freed:
		t.Fatal("the pixels of a running job were freed")
	case <-job.Done():
		t.Fatal("the job has ended")
	default:
	}
	job.Close()
	for range 50 {
		collect()
		select {
		case <-freed:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("the pixels of a job that has ended are kept")
}

// A job that nobody holds goes on to its end.
func TestAJobThatIsDroppedGoesOn(t *testing.T) {
	s := denoiser(t)
	img := noisy(200, 200)
	out := image.NewNRGBA(img.Rect)
	done := func() <-chan struct{} {
		job, err := s.Submit(context.Background(), mirra.Ports{"image": img, "output": out}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return job.Done()
	}()
	for range 3 {
		collect()
	}
	<-done
	sameColors(t, out, process(t, s, img), 0)
}

func TestUseAfterCloseIsAnError(t *testing.T) {
	e, err := mirra.NewEngine(nil)
	if err != nil {
		t.Fatal(err)
	}
	path, err := e.FindBundle("denoiser-fast.mirra")
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := mirra.OpenBundle(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.NewSession("denoise", &mirra.SessionOptions{Bundle: bundle})
	if err != nil {
		t.Fatal(err)
	}
	picture, err := mirra.NewPicture(16, 16, mirra.U8, mirra.RGB)
	if err != nil {
		t.Fatal(err)
	}
	job, err := s.Submit(context.Background(), ports(noisy(16, 16)), nil)
	if err != nil {
		t.Fatal(err)
	}
	open, err := engine.NewSession("denoise", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	for range 2 {
		for _, c := range []interface{ Close() error }{e, bundle, s, picture, job} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	ctx := context.Background()
	for name, use := range map[string]func() error{
		"Engine.Tasks":      func() error { _, err := e.Tasks(); return err },
		"Engine.Task":       func() error { _, err := e.Task("denoise"); return err },
		"Engine.SchemaJSON": func() error { _, err := e.SchemaJSON(); return err },
		"Engine.Bundles":    func() error { _, err := e.Bundles(); return err },
		"Engine.Plugins":    func() error { _, err := e.Plugins(); return err },
		"Engine.Devices":    func() error { _, err := e.Devices(); return err },
		"Engine.Runtime":    func() error { _, err := e.Runtime(); return err },
		"Engine.FindBundle": func() error { _, err := e.FindBundle("x"); return err },
		"Engine.NewSession": func() error { _, err := e.NewSession("denoise", nil); return err },
		"Engine.Process":    func() error { _, err := e.Process(); return err },
		"Engine.Shutdown":   func() error { return e.Shutdown(ctx) },
		"Engine.RunGraph":   func() error { _, err := engine.RunGraph(bundle, "x", nil, nil); return err },
		"Engine.Peak":       func() error { _, err := e.MeasurePeak("", mirra.FP32, 1); return err },
		"Bundle.GraphWork":  func() error { _, err := bundle.GraphWork("x", nil); return err },
		"Bundle.Info":       func() error { _, err := bundle.Info(); return err },
		"Bundle.Graphs":     func() error { _, err := bundle.Graphs(); return err },
		"Bundle.Manifest":   func() error { _, err := bundle.ManifestJSON(); return err },
		"a session of a bundle": func() error {
			_, err := engine.NewSession("denoise", &mirra.SessionOptions{Bundle: bundle})
			return err
		},
		"Session.Run":     func() error { _, err := s.Run(ctx, ports(noisy(16, 16)), nil); return err },
		"Session.Submit":  func() error { _, err := s.Submit(ctx, ports(noisy(16, 16)), nil); return err },
		"Session.Process": func() error { _, _, err := s.Process(ctx, noisy(16, 16), nil); return err },
		"Session.Clone":   func() error { _, err := s.Clone(); return err },
		"Session.Set":     func() error { return s.Set("sigma", 1) },
		"Session.Get":     func() error { _, err := s.GetAll(); return err },
		"Session.Reset":   func() error { return s.Reset() },
		"Session.Params":  func() error { _, err := s.Params(); return err },
		"Session.Info":    func() error { _, err := s.Info(); return err },
		"Session.Plan":    func() error { _, err := s.Plan(9, 9); return err },
		"Job.Wait":        func() error { _, err := job.Wait(ctx); return err },
		"Job.Status":      func() error { _, err := job.Status(); return err },
		"Picture.Info":    func() error { _, err := picture.Info(); return err },
		"Picture.Image":   func() error { _, err := picture.Image(); return err },
		"Picture.ToSRGB":  func() error { return picture.ToSRGB() },
		"a port":          func() error { _, err := open.Run(ctx, mirra.Ports{"image": picture}, nil); return err },
		"metadata": func() error {
			_, err := mirra.EncodeImage(noisy(9, 9), &mirra.WriteOptions{Format: "png", Metadata: picture})
			return err
		},
	} {
		var e *mirra.Error
		if err := use(); !errors.Is(err, mirra.ErrClosed) || !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What no function of the package made is an error too.
func TestZeroObjectsAreErrors(t *testing.T) {
	ctx := context.Background()
	for name, use := range map[string]func() error{
		"engine":  func() error { _, err := new(mirra.Engine).NewSession("denoise", nil); return err },
		"session": func() error { _, _, err := new(mirra.Session).Process(ctx, noisy(9, 9), nil); return err },
		"run":     func() error { _, err := new(mirra.Session).Run(ctx, ports(noisy(9, 9)), nil); return err },
		"submit":  func() error { _, err := new(mirra.Session).Submit(ctx, ports(noisy(9, 9)), nil); return err },
		"job":     func() error { _, err := new(mirra.Job).Wait(ctx); return err },
		"bundle":  func() error { _, err := new(mirra.Bundle).Info(); return err },
		"picture": func() error { _, err := new(mirra.Picture).Info(); return err },
	} {
		if err := use(); !errors.Is(err, mirra.ErrInvalidArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []interface{ Close() error }{new(mirra.Engine), new(mirra.Session), new(mirra.Job),
		new(mirra.Bundle), new(mirra.Picture)} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// group is sync.WaitGroup with the method that Go 1.25 gave it.
type group struct{ sync.WaitGroup }

func (g *group) Go(f func()) {
	g.Add(1)
	go func() {
		defer g.Done()
		f()
	}()
}

// Everything may be closed while everything is used.
func TestClosingDuringUse(t *testing.T) {
	for range 20 {
		s, err := engine.NewSession("denoise", &mirra.SessionOptions{Threads: 1, Quality: "fast"})
		if err != nil {
			t.Fatal(err)
		}
		var all group
		for range 4 {
			all.Go(func() {
				_, _, err := s.Process(context.Background(), noisy(32, 32), nil)
				if err != nil && !errors.Is(err, mirra.ErrBusy) && !errors.Is(err, mirra.ErrClosed) {
					t.Error(err)
				}
			})
		}
		all.Go(func() { s.Close() })
		all.Wait()
	}
}

// What changes the colours of a picture has it alone: nobody reads a profile that is being freed.
func TestColoursAreChangedAlone(t *testing.T) {
	var sources []*mirra.Picture
	for i := range 2 {
		profile := bytes.Repeat([]byte{byte(i + 1)}, 100_000*(i+1))
		source, err := mirra.WrapPicture(mirra.NewRaw(mirra.Layout{Width: 4, Height: 4, Format: mirra.U8,
			Color: mirra.RGB, ICC: profile}))
		if err != nil {
			t.Fatal(err)
		}
		defer source.Close()
		sources = append(sources, source)
	}
	picture, err := mirra.NewPicture(64, 64, mirra.U8, mirra.RGB)
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	busy := func(err error) bool {
		if err != nil && !errors.Is(err, mirra.ErrBusy) {
			t.Error(err)
		}
		return err != nil
	}
	var wait sync.WaitGroup
	for range 2 {
		wait.Add(2)
		go func() {
			defer wait.Done()
			for i := range 3000 {
				busy(picture.CopyColor(sources[i%2]))
			}
		}()
		go func() {
			defer wait.Done()
			for range 3000 {
				data, err := picture.Metadata(mirra.ICC)
				if !busy(err) && len(data) > 0 && !bytes.Equal(data, bytes.Repeat(data[:1], 100_000*int(data[0]))) {
					t.Error("half of a profile was read")
					return
				}
			}
		}()
	}
	wait.Wait()

	job, err := endless(t).Submit(context.Background(), mirra.Ports{"image": picture, "output": picture}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := picture.CopyColor(sources[0]); !errors.Is(err, mirra.ErrBusy) {
		t.Errorf("the colours of a picture in use were changed: %v", err)
	}
	job.Close()
	if err := picture.CopyColor(sources[0]); err != nil {
		t.Error(err)
	}
}

func TestPool(t *testing.T) {
	pool, err := mirra.NewPool(denoiser(t), 3)
	if err != nil {
		t.Fatal(err)
	}
	img := noisy(50, 40)
	want := process(t, denoiser(t), img)
	var all group
	for range 12 {
		all.Go(func() {
			made, _, err := pool.Process(context.Background(), img, nil)
			if err != nil {
				t.Error(err)
				return
			}
			sameColors(t, made, want, 0)
		})
	}
	all.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	holds, held := make(chan struct{}), make(chan struct{})
	for range 3 {
		all.Go(func() {
			_ = pool.Use(context.Background(), func(*mirra.Session) error {
				holds <- struct{}{}
				<-held
				return nil
			})
		})
		<-holds
	}
	if _, err := pool.Run(ctx, ports(img), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no session free: %v", err)
	}
	close(held)
	all.Wait()
	pool.Close()
	pool.Close()
	if _, err := pool.Run(context.Background(), ports(img), nil); !errors.Is(err, mirra.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if _, err := mirra.NewPool(denoiser(t), 0); !errors.Is(err, mirra.ErrInvalidArgument) {
		t.Errorf("of none: %v", err)
	}
}

package mirra_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mirra.org/mirra"
)

var errBoom = errors.New("boom")

// endless gives a session whose runs go on until somebody stops them.
func endless(t testing.TB) *mirra.Session {
	return session(t, "invert", &mirra.SessionOptions{Threads: 1, Params: mirra.Params{"method": "optimize",
		"iterations": 1000000, "patience": 1000000, "tolerance": 0}})
}

func ports(img image.Image) mirra.Ports {
	return mirra.Ports{"image": img, "output": image.NewNRGBA(img.Bounds())}
}

// panicOf gives the panic of a function.
func panicOf(f func()) (p *mirra.PanicError) {
	defer func() { p, _ = recover().(*mirra.PanicError) }()
	f()
	return nil
}

type badSource struct {
	layout mirra.Layout
	read   func(image.Rectangle, *mirra.Raw) error
}

func (s *badSource) Layout() mirra.Layout                            { return s.layout }
func (s *badSource) ReadRect(r image.Rectangle, p *mirra.Raw) error  { return s.read(r, p) }
func (s *badSource) WriteRect(r image.Rectangle, p *mirra.Raw) error { return s.read(r, p) }

func TestPanicsAreCarriedThrough(t *testing.T) {
	s := denoiser(t)
	img := noisy(40, 40)
	layout := mirra.Layout{Width: 40, Height: 40, Format: mirra.U8, Color: mirra.RGB}
	explode := func(image.Rectangle, *mirra.Raw) error { panic(errBoom) }
	for name, run := range map[string]func() (mirra.Ports, *mirra.RunOptions){
		"progress": func() (mirra.Ports, *mirra.RunOptions) {
			return ports(img), &mirra.RunOptions{Progress: func(mirra.Progress) { panic(errBoom) }}
		},
		"tile": func() (mirra.Ports, *mirra.RunOptions) {
			return ports(img), &mirra.RunOptions{Tile: func(image.Rectangle) { panic(errBoom) }}
		},
		"source": func() (mirra.Ports, *mirra.RunOptions) {
			return mirra.Ports{"image": &badSource{layout, explode}, "output": image.NewNRGBA(img.Rect)}, nil
		},
		"sink": func() (mirra.Ports, *mirra.RunOptions) {
			return mirra.Ports{"image": img, "output": &badSource{layout, explode}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			ports, options := run()
			p := panicOf(func() { _, _ = s.Run(context.Background(), ports, options) })
			if p == nil || !errors.Is(p, errBoom) || !bytes.Contains(p.Stack, []byte("callback_test.go")) {
				t.Errorf("a run: %v", p)
			}
			job, err := s.Submit(context.Background(), ports, options)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if p := panicOf(func() { _, _ = job.Wait(context.Background()) }); p == nil || p.Value != errBoom {
					t.Errorf("a job: %v", p)
				}
			}
			job.Close()
		})
	}
	if _, _, err := s.Process(context.Background(), img, nil); err != nil {
		t.Errorf("the session afterwards: %v", err)
	}
}

func TestGoexitInACallbackStopsTheRun(t *testing.T) {
	s := endless(t)
	options := &mirra.RunOptions{Progress: func(mirra.Progress) { runtime.Goexit() }}
	if _, err := s.Run(context.Background(), ports(noisy(32, 32)), options); !errors.Is(err, mirra.ErrCancelled) {
		t.Errorf("a run: %v", err)
	}
	job, err := s.Submit(context.Background(), ports(noisy(32, 32)), options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := job.Wait(context.Background()); !errors.Is(err, mirra.ErrCancelled) {
		t.Errorf("a job: %v", err)
	}
}

func TestErrorsOfSourcesAndSinksComeBack(t *testing.T) {
	s := denoiser(t)
	layout := mirra.Layout{Width: 40, Height: 40, Format: mirra.U8, Color: mirra.RGB}
	for _, c := range []struct {
		given error
		code  mirra.Code
	}{{errBoom, mirra.ErrIO}, {mirra.ErrCorrupt, mirra.ErrCorrupt}, {context.Canceled, mirra.ErrCancelled}} {
		source := &badSource{layout, func(image.Rectangle, *mirra.Raw) error { return c.given }}
		for _, ports := range []mirra.Ports{
			{"image": source, "output": noisy(40, 40)}, {"image": noisy(40, 40), "output": source},
		} {
			if _, err := s.Run(context.Background(), ports, nil); !errors.Is(err, c.code) || !errors.Is(err, c.given) {
				t.Errorf("%v: %v", c.given, err)
			}
		}
	}
	short := &badSource{layout, func(_ image.Rectangle, p *mirra.Raw) error { p.Pix = p.Pix[:1]; return nil }}
	_, err := s.Run(context.Background(), mirra.Ports{"image": short, "output": noisy(40, 40)}, nil)
	if !errors.Is(err, mirra.ErrInvalidArgument) {
		t.Errorf("too few pixels: %v", err)
	}
}

func TestCallbacksThatWaitForTheirRunGetBusy(t *testing.T) {
	s := endless(t)
	var job *mirra.Job
	begun := make(chan struct{})
	var waited, ran, shut error
	closed := make(chan struct{})
	job, err := s.Submit(context.Background(), ports(noisy(32, 32)), &mirra.RunOptions{Progress: func(mirra.Progress) {
		<-begun
		_, waited = job.Wait(context.Background())
		_, ran = s.Run(context.Background(), ports(noisy(32, 32)), nil)
		shut = engine.Shutdown(context.Background())
		job.Close()
		select {
		case <-closed:
		default:
			close(closed)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	close(begun)
	<-closed
	<-job.Done()
	for _, err := range []error{waited, ran, shut} {
		if !errors.Is(err, mirra.ErrBusy) {
			t.Errorf("%v, not busy", err)
		}
	}
	if _, err := job.Status(); !errors.Is(err, mirra.ErrClosed) {
		t.Errorf("a job that its callback closed: %v", err)
	}
}

func TestACancelInACallbackStopsAtOnce(t *testing.T) {
	s := denoiser(t)
	for range 20 {
		ctx, cancel := context.WithCancelCause(context.Background())
		calls := 0
		_, err := s.Run(ctx, ports(noisy(16, 16)), &mirra.RunOptions{Progress: func(mirra.Progress) {
			calls++
			cancel(errBoom)
		}})
		if calls != 1 || !errors.Is(err, mirra.ErrCancelled) || !errors.Is(err, context.Canceled) || !errors.Is(err, errBoom) {
			t.Errorf("%d calls, %v", calls, err)
		}
	}
}

func TestEndedContextsBeginNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := denoiser(t)
	if _, err := s.Submit(ctx, ports(noisy(16, 16)), nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := s.Set("sigma", 3); err != nil {
		t.Error(err)
	}
}

func TestAContextStopsAJob(t *testing.T) {
	s := endless(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	job, err := s.Submit(ctx, ports(noisy(32, 32)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := job.Wait(context.Background()); !errors.Is(err, context.DeadlineExceeded) ||
		!errors.Is(err, mirra.ErrCancelled) {
		t.Error(err)
	}
}

func TestLogsAndLoading(t *testing.T) {
	var text bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var loaded []string
	e, err := mirra.NewEngine(&mirra.EngineOptions{Logger: logger, Loading: func(path string) {
		loaded = append(loaded, path)
	}})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	if len(loaded) == 0 || !strings.Contains(text.String(), loaded[0]) || !strings.Contains(text.String(), "level=INFO") {
		t.Errorf("%q, %s", loaded, &text)
	}
}

type explosive struct{ slog.Handler }

func (explosive) Enabled(context.Context, slog.Level) bool  { return true }
func (explosive) Handle(context.Context, slog.Record) error { panic("in a handler") }

func TestPanicsOfEngineCallbacksAreCarriedThrough(t *testing.T) {
	for name, options := range map[string]*mirra.EngineOptions{
		"log":     {Logger: slog.New(explosive{slog.DiscardHandler})},
		"loading": {Loading: func(string) { panic("at loading") }},
	} {
		if p := panicOf(func() { _, _ = mirra.NewEngine(options) }); p == nil {
			t.Errorf("%s: no panic", name)
		}
	}
	picture, err := mirra.ReadPicture("../../tests/fuzz/corpus/png/meta.png", nil)
	if err != nil {
		t.Fatal(err)
	}
	warned := 0
	options := &mirra.WriteOptions{Metadata: picture, Format: "jpeg", Warn: func(string) { warned++; panic(1) }}
	p := panicOf(func() { _, _ = mirra.EncodeImage(picture, options) })
	if (p != nil) != (warned > 0) {
		t.Errorf("%d warnings, panic %v", warned, p)
	}
}

func TestRunsWithoutPortsAreErrors(t *testing.T) {
	s := denoiser(t)
	if _, err := s.Run(context.Background(), nil, nil); !errors.Is(err, mirra.ErrInvalidArgument) {
		t.Errorf("a run: %v", err)
	}
	job, err := s.Submit(context.Background(), nil, nil)
	if err == nil {
		_, err = job.Wait(context.Background())
	}
	if !errors.Is(err, mirra.ErrInvalidArgument) {
		t.Errorf("a job: %v", err)
	}
}

func TestShutdown(t *testing.T) {
	e, err := mirra.NewEngine(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s, err := e.NewSession("denoise", nil)
	if err != nil {
		t.Fatal(err)
	}
	var first sync.Once
	inside, held := make(chan struct{}), make(chan struct{})
	go func() {
		_, _ = s.Run(context.Background(), ports(noisy(64, 64)), &mirra.RunOptions{Progress: func(mirra.Progress) {
			first.Do(func() { close(inside) })
			<-held
		}})
	}()
	<-inside
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := e.Shutdown(ctx); !errors.Is(err, mirra.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while a callback runs: %v", err)
	}
	close(held)
	if err := e.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if _, _, err := s.Process(context.Background(), noisy(16, 16), nil); !errors.Is(err, mirra.ErrCancelled) {
		t.Errorf("afterwards: %v", err)
	}
}

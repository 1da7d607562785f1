package mirra_test

import (
	"context"
	"errors"
	"image"
	"os"
	"syscall"
	"testing"

	"mirra.org/mirra"
)

// An engine with a process of its own gives the same results, and outlives that process.
func TestIsolation(t *testing.T) {
	e, err := mirra.NewEngine(&mirra.EngineOptions{Isolation: mirra.IsolatedProcess})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s, err := e.NewSession("denoise", &mirra.SessionOptions{Threads: 1, Quality: "fast", Params: mirra.Params{"sigma": 25}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	img := image.NewRGBA64(image.Rect(0, 0, 40, 30))
	drawn(img, noisy(40, 30))
	want := process(t, denoiser(t), img)
	sameColors(t, process(t, s, img), want, 0)

	worker, err := e.Process()
	if err != nil || worker == 0 || worker == os.Getpid() {
		t.Fatalf("process %d: %v", worker, err)
	}
	killed := false
	_, err = s.Run(context.Background(), ports(img), &mirra.RunOptions{Progress: func(mirra.Progress) {
		if !killed {
			killed = true
			_ = syscall.Kill(worker, syscall.SIGKILL)
		}
	}})
	if !errors.Is(err, mirra.ErrPlugin) {
		t.Errorf("a run whose process ends: %v", err)
	}
	sameColors(t, process(t, s, img), want, 0)
	if again, err := e.Process(); err != nil || again == 0 || again == worker {
		t.Errorf("process %d again: %v", again, err)
	}
	if own, err := engine.Process(); err != nil || own != 0 {
		t.Errorf("process %d of an engine without: %v", own, err)
	}
}

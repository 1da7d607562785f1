package mirra_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"mirra.org/mirra"
)

// status gives a number of /proc/self/status: VmRSS in kB, or Threads.
func status(t testing.TB, name string) int {
	t.Helper()
	file, err := os.Open("/proc/self/status")
	if err != nil {
		t.Skip("this system has no /proc")
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var n int
		if text, found := strings.CutPrefix(lines.Text(), name+":"); found {
			fmt.Sscan(text, &n)
			return n
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

func collect() {
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
}

// grows runs f first to warm up, then count times, and says by how many kB the process has grown meanwhile.
func grows(t *testing.T, count int, f func()) int {
	t.Helper()
	for range count / 4 {
		f()
	}
	collect()
	before, threads := status(t, "VmRSS"), status(t, "Threads")
	for range count {
		f()
	}
	collect()
	t.Logf("%d kB and %d threads at first, %d kB and %d threads at the end", before, threads, status(t, "VmRSS"),
		status(t, "Threads"))
	return status(t, "VmRSS") - before
}

func TestRunsDoNotGrowTheProcess(t *testing.T) {
	s := denoiser(t)
	img := noisy(16, 16)
	grown := grows(t, 2000, func() {
		if _, _, err := s.Process(context.Background(), img, nil); err != nil {
			t.Fatal(err)
		}
	})
	if grown > 4096 {
		t.Errorf("by %d kB", grown)
	}
}

func TestSessionsDoNotGrowTheProcess(t *testing.T) {
	img := noisy(16, 16)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	grown := grows(t, 500, func() {
		s, err := engine.NewSession("denoise", &mirra.SessionOptions{Threads: 1, Quality: "fast"})
		if err != nil {
			t.Fatal(err)
		}
		job, err := s.Submit(ctx, mirra.Ports{"image": img, "output": noisy(16, 16)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := job.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		job.Close()
		s.Close()
	})
	if grown > 4096 {
		t.Errorf("by %d kB", grown)
	}
}

// What a program forgets to close is closed when nobody can reach it.
func TestForgottenObjectsDoNotGrowTheProcess(t *testing.T) {
	grown := grows(t, 400, func() {
		picture, err := mirra.NewPicture(500, 500, mirra.F32, mirra.RGBA)
		if err != nil {
			t.Fatal(err)
		}
		runtime.KeepAlive(picture)
		runtime.GC()
	})
	if grown > 64*1024 { // 400 pictures take 1.6 GB
		t.Errorf("by %d kB", grown)
	}
}

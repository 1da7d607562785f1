package mirra_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"mirra.org/mirra"
)

// work is a run whose result is known.
type work struct {
	task    string
	options mirra.SessionOptions
	img     *image.NRGBA
	pixels  []byte    // that come out at "output"
	numbers []float32 // or the numbers at "statistics"
}

func (w *work) ports() (mirra.Ports, *image.NRGBA) {
	if w.task == "style-prepare" {
		return mirra.Ports{"image": w.img, "statistics": nil}, nil
	}
	out := image.NewNRGBA(w.img.Rect)
	return mirra.Ports{"image": w.img, "output": out}, out
}

func (w *work) right(result *mirra.Result, out *image.NRGBA) bool {
	if out == nil {
		return bytes.Equal(mirra.Bytes(result.Tensors["statistics"].Data), mirra.Bytes(w.numbers))
	}
	return bytes.Equal(out.Pix, w.pixels)
}

// mixed gives works with what they make, one after the other.
func mixed(t *testing.T) []*work {
	works := []*work{
		{task: "denoise", img: noisy(16, 16),
			options: mirra.SessionOptions{Quality: "fast", Params: mirra.Params{"sigma": 25}}},
		{task: "denoise", img: noisy(90, 60), options: mirra.SessionOptions{Params: mirra.Params{"strength": 0.5}}},
		{task: "invert", img: noisy(48, 48)},
		{task: "style-prepare", img: noisy(64, 48)},
		{task: "denoise", img: noisy(200, 170), options: mirra.SessionOptions{Quality: "fast", TileSize: 160}},
	}
	for _, w := range works {
		w.options.Threads = 1
		s := session(t, w.task, &w.options)
		ports, out := w.ports()
		result, err := s.Run(context.Background(), ports, nil)
		if err != nil {
			t.Fatal(err)
		}
		if out != nil {
			w.pixels = out.Pix
		}
		w.numbers = result.Tensors["statistics"].Data
	}
	return works
}

type stressed struct {
	*work
	*mirra.Session
}

type stress struct {
	*testing.T
	works                  []*work
	runs, cancelled, fresh atomic.Int64
}

// open takes a new session, or a clone of an old one.
func (s *stress) open(random *rand.Rand, old stressed) stressed {
	if old.Session != nil && random.IntN(2) == 0 {
		if clone, err := old.Clone(); err == nil {
			return stressed{old.work, clone}
		}
	}
	s.fresh.Add(1)
	w := s.works[random.IntN(len(s.works))]
	session, err := engine.NewSession(w.task, &w.options)
	if err != nil {
		s.Error(err)
	}
	return stressed{w, session}
}

// one does something with a session.
func (s *stress) one(random *rand.Rand, on stressed) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	later := time.Duration(random.Int64N(int64(20 * time.Millisecond)))
	ports, out := on.ports()
	options := &mirra.RunOptions{}
	if random.IntN(2) == 0 {
		options.Progress = func(p mirra.Progress) { _ = p.Fraction }
	}
	how := random.IntN(6)
	if how == 0 {
		time.AfterFunc(later, cancel)
	}
	if how < 3 {
		result, err := on.Run(ctx, ports, options)
		s.check(on, result, out, err)
		return
	}
	params, err := on.GetJSON()
	if err != nil {
		s.Error(err)
	}
	job, err := on.Submit(ctx, ports, options)
	if err != nil {
		s.Errorf("%s: %v", on.task, err)
		return
	}
	if on.Set("sigma", 1) == nil { // else it is busy, or has no such parameter
		if err := on.SetJSON(params); err != nil {
			s.Error(err)
		}
	}
	switch how {
	case 3:
		time.AfterFunc(later, job.Cancel)
	case 4:
		time.AfterFunc(later, func() { job.Close() })
	}
	result, err := job.Wait(context.Background())
	s.check(on, result, out, err)
	if random.IntN(4) > 0 {
		job.Close() // what is left is closed by itself
	}
}

func (s *stress) check(on stressed, result *mirra.Result, out *image.NRGBA, err error) {
	switch {
	case errors.Is(err, mirra.ErrCancelled), errors.Is(err, mirra.ErrClosed):
		s.cancelled.Add(1)
	case err != nil:
		s.Errorf("%s: %v", on.task, err)
	case !on.right(result, out):
		s.Errorf("%s of %v gives another result", on.task, on.img.Rect)
	default:
		s.runs.Add(1)
	}
}

// 16 goroutines with 8 sessions each do mixed work with cancels and closes at random: for 30 s, or as long as
// MIRRA_TEST_SECONDS says.
func TestStress(t *testing.T) {
	seconds := 30.0
	if text, set := os.LookupEnv("MIRRA_TEST_SECONDS"); set {
		var err error
		if seconds, err = strconv.ParseFloat(text, 64); err != nil {
			t.Fatal(err)
		}
	}
	s := &stress{T: t, works: mixed(t)}
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	var all group
	for i := range uint64(16) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(i, 22))
			var sessions [8]stressed
			for time.Now().Before(end) {
				slot := &sessions[random.IntN(len(sessions))]
				if slot.Session == nil || random.IntN(10) == 0 {
					old := *slot
					*slot = s.open(random, old)
					if old.Session != nil && random.IntN(4) > 0 {
						old.Close() // what is left is closed by itself
					}
				}
				if slot.Session == nil {
					return
				}
				s.one(random, *slot)
			}
			for _, session := range sessions {
				if session.Session != nil {
					session.Close()
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d runs, %d cancelled, %d sessions; %d kB, %d threads", s.runs.Load(), s.cancelled.Load(), s.fresh.Load(),
		status(t, "VmRSS"), status(t, "Threads"))
	if s.runs.Load() == 0 || s.cancelled.Load() == 0 {
		t.Error("too little was done")
	}
}

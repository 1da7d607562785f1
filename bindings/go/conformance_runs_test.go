package mirra_test

import (
	"bytes"
	"context"
	"image"
	"math"
	"math/bits"
	"slices"
	"time"

	"mirra.org/mirra"
)

// padding is what lies between rows and pixels.
const padding = 0xAA

var (
	formats   = map[string]mirra.Format{"u8": mirra.U8, "u16": mirra.U16, "f16": mirra.F16, "f32": mirra.F32, "u16_swapped": mirra.U16Swapped}
	colors    = map[string]mirra.Color{"gray": mirra.Gray, "gray_alpha": mirra.GrayAlpha, "rgb": mirra.RGB, "rgba": mirra.RGBA}
	alphas    = map[string]mirra.Alpha{"": mirra.Straight, "premultiplied": mirra.Premultiplied}
	transfers = map[string]mirra.Transfer{"": mirra.Encoded, "linear": mirra.Linear}
)

func (s *step) layout() mirra.Layout {
	return mirra.Layout{Width: int(s.number("width")), Height: int(s.number("height")), Format: formats[s.text("format")],
		Color: colors[s.text("color")]}
}

// raw gives a picture of the index.
func (r *runner) raw(name string) *mirra.Raw {
	r.Helper()
	p, known := r.Pictures[name]
	if !known {
		r.fail("the picture %q is unknown", name)
	}
	return &mirra.Raw{Layout: mirra.Layout{Width: p.Width, Height: p.Height, Format: formats[p.Format],
		Color: colors[p.Color]}, Pix: r.index.read(r, p.File)}
}

// placed is an image in memory of some layout, and where its samples lie.
type placed struct {
	*mirra.Raw
	memory []byte
	at     func(x, y, channel int) int
}

// memoryOf lays a packed picture out as the step says.
func (s *step) memoryOf(from *mirra.Raw) placed {
	b, count := from.Format.Bytes(), from.Color.Channels()
	planar, reversed := s.text("layout") == "planar", s.text("order") == "reversed"
	inPixel, planes := count, 1
	if planar {
		inPixel, planes = 1, count
	}
	pixel := inPixel*b + int(s.number("pixel_padding"))
	row := from.Width*pixel + int(s.number("row_padding"))
	xStep, yStep, start, rows := pixel, row, 0, from.Height
	if flip, _ := s.take("flip").(bool); flip {
		start, yStep = (from.Height-1)*row, -row
	}
	if mirror, _ := s.take("mirror").(bool); mirror {
		start, xStep = start+(from.Width-1)*pixel, -pixel
	}
	if s.text("broadcast") == "rows" {
		yStep, rows = 0, 1
	}
	at := func(x, y, channel int) int {
		switch {
		case planar:
			return channel*rows*row + start + y*yStep + x*xStep
		case reversed:
			channel = count - 1 - channel
		}
		return start + y*yStep + x*xStep + channel*b
	}
	p := placed{Raw: &mirra.Raw{Layout: from.Layout}, memory: bytes.Repeat([]byte{padding}, planes*rows*row), at: at}
	p.Alpha, p.Transfer = alphas[s.text("alpha")], transfers[s.text("transfer")]
	each(from, func(x, y, channel int, sample []byte) { copy(p.memory[at(x, y, channel):], sample) })
	if !planar && !reversed {
		p.Planes = []mirra.Plane{{Pix: p.memory, Offset: at(0, 0, 0), PixelStride: xStep, RowStride: yStep}}
		return p
	}
	for channel := range count {
		p.Planes = append(p.Planes, mirra.Plane{Pix: p.memory, Offset: at(0, 0, channel), PixelStride: xStep,
			RowStride: yStep})
	}
	return p
}

// each goes over the samples of a packed image.
func each(r *mirra.Raw, f func(x, y, channel int, sample []byte)) {
	b, i := r.Format.Bytes(), 0
	for y := range r.Height {
		for x := range r.Width {
			for channel := range r.Color.Channels() {
				f(x, y, channel, r.Pix[i:][:b])
				i += b
			}
		}
	}
}

// packed gives the image as it looks, and takes its samples out of the memory, so that padding is left.
func (p placed) packed() *mirra.Raw {
	to, left := mirra.NewRaw(p.Layout), slices.Clone(p.memory)
	each(to, func(x, y, channel int, sample []byte) {
		at := p.at(x, y, channel)
		copy(sample, p.memory[at:])
		copy(left[at:], bytes.Repeat([]byte{padding}, len(sample)))
	})
	copy(p.memory, left)
	return to
}

// equal compares a packed image with a picture of the index.
func (r *runner) equal(got *mirra.Raw, name string, tolerance float64) {
	r.Helper()
	r.equalRaw(got, r.raw(name), name, tolerance)
}

func (r *runner) equalRaw(got, want *mirra.Raw, name string, tolerance float64) {
	r.Helper()
	if got.Width != want.Width || got.Height != want.Height || got.Format != want.Format || got.Color != want.Color {
		r.fail("%+v, not the %s of %+v", got.Layout, name, want.Layout)
	}
	if bytes.Equal(got.Pix, want.Pix) {
		return
	}
	worst := 0.0
	g, w := numbers(got), numbers(want)
	for i := range g {
		worst = max(worst, math.Abs(g[i]-w[i]))
	}
	if !(worst <= tolerance) || tolerance == 0 {
		r.fail("the samples differ from %s by up to %v", name, worst)
	}
}

func numbers(r *mirra.Raw) []float64 {
	var list []float64
	switch r.Format {
	case mirra.U8:
		for _, v := range r.Pix {
			list = append(list, float64(v))
		}
	case mirra.U16:
		for _, v := range mirra.Samples[uint16](r.Pix) {
			list = append(list, float64(v))
		}
	case mirra.U16Swapped:
		for _, v := range mirra.Samples[uint16](r.Pix) {
			list = append(list, float64(bits.ReverseBytes16(v)))
		}
	case mirra.F16:
		for _, v := range mirra.Samples[uint16](r.Pix) {
			magnitude := math.Ldexp(float64(v&0x3ff), -24)
			if exponent := int(v >> 10 & 0x1f); exponent > 0 {
				magnitude = math.Ldexp(float64(0x400|v&0x3ff), exponent-25)
			}
			list = append(list, math.Copysign(magnitude, 1-2*float64(v>>15)))
		}
	case mirra.F32:
		for _, v := range mirra.Samples[float32](r.Pix) {
			list = append(list, float64(v))
		}
	}
	return list
}

func (r *runner) heldEquals(p *mirra.Picture, name string, tolerance float64) {
	r.Helper()
	got, err := p.Pixels()
	if err != nil {
		r.fail("%v", err)
	}
	r.equal(got, name, tolerance)
}

// asked is a run that a step describes, and what must come of it.
type asked struct {
	session *mirra.Session
	ctx     context.Context
	stop    context.CancelFunc
	ports   mirra.Ports
	options mirra.RunOptions
	checks  []func(*mirra.Result)
}

func (s *step) asked() *asked {
	a := &asked{session: named[*mirra.Session](s, "session"), ports: mirra.Ports{}}
	parent := context.Background()
	if _, given := s.left["cancel"]; given {
		parent = named[*cancelToken](s, "cancel")
	}
	a.ctx, a.stop = context.WithCancel(parent)
	a.options.Region, a.options.Scale = s.rect("region"), s.number("scale")
	inputs := map[string]placed{}
	for name, v := range s.object("inputs") {
		s.input(a, name, step{runner: s.runner, left: v.(object)}, inputs)
	}
	for name, v := range s.object("outputs") {
		s.output(a, name, step{runner: s.runner, left: v.(object)}, inputs)
	}
	s.results(a, step{runner: s.runner, left: s.object("results")})
	s.progress(a)
	return a
}

func (s *step) input(a *asked, name string, o step, inputs map[string]placed) {
	switch {
	case o.left["held"] != nil:
		a.ports[name] = named[*mirra.Picture](&o, "held")
	case o.left["tensor"] != nil:
		a.ports[name] = s.tensor(o.text("tensor"))
	default:
		p := o.memoryOf(s.raw(o.text("picture")))
		inputs[name] = p
		a.ports[name] = p.Raw
	}
	o.done(name)
}

func (s *step) output(a *asked, name string, o step, inputs map[string]placed) {
	equals, tolerance := o.text("equals"), o.number("tolerance")
	defer o.done(name)
	if o.left["held"] != nil {
		p := named[*mirra.Picture](&o, "held")
		a.ports[name] = p
		a.checks = append(a.checks, func(*mirra.Result) { s.heldEquals(p, equals, tolerance) })
		return
	}
	if equals == "" {
		a.ports[name] = mirra.NewRaw(o.layout())
		return
	}
	want := s.raw(equals)
	if crop := o.rect("crop"); !crop.Empty() {
		want = cropped(want, crop)
	}
	p, in := inputs[o.text("in_place")]
	if !in {
		p = o.memoryOf(mirra.NewRaw(want.Layout))
	}
	a.ports[name] = p.Raw
	a.checks = append(a.checks, func(*mirra.Result) {
		s.equalRaw(p.packed(), want, equals, tolerance)
		if bytes.Count(p.memory, []byte{padding}) != len(p.memory) {
			s.fail("padding was written to")
		}
		a.checks = nil // a second wait gives the same job, whose memory has been looked at
	})
}

func cropped(r *mirra.Raw, rect image.Rectangle) *mirra.Raw {
	layout := r.Layout
	layout.Width, layout.Height = rect.Dx(), rect.Dy()
	to := mirra.NewRaw(layout)
	b := r.Color.Channels() * r.Format.Bytes()
	for y := range layout.Height {
		copy(to.Pix[y*layout.Width*b:][:layout.Width*b], r.Pix[((rect.Min.Y+y)*r.Width+rect.Min.X)*b:])
	}
	return to
}

func (o *step) done(what string) {
	for field := range o.left {
		o.fail("%s: the field %q is unknown", what, field)
	}
}

func (s *step) results(a *asked, o step) {
	values, tensors := o.object("values"), o.object("tensors")
	o.done("results")
	for name := range tensors {
		a.ports[name] = nil
	}
	a.checks = append(a.checks, func(result *mirra.Result) {
		got := object{}
		for name, value := range result.Values {
			got[name] = value.Any()
		}
		s.expect(got, values)
		s.tensorsEqual(result.Tensors, tensors)
	})
}

func (s *step) progress(a *asked) {
	stopAfter := int(s.number("stop_after"))
	watched, _ := s.take("progress").(bool)
	if stopAfter == 0 && !watched {
		return
	}
	calls, last, back := 0, 0.0, false
	a.options.Progress = func(p mirra.Progress) {
		calls++
		back = back || p.Fraction < last
		last = p.Fraction
		if calls == stopAfter {
			a.stop()
		}
	}
	a.checks = append(a.checks, func(*mirra.Result) {
		if back || last != 1 {
			s.fail("progress went back: %v, and ended at %v", back, last)
		}
	})
}

func (a *asked) check(result *mirra.Result, err error) error {
	if err != nil {
		return err
	}
	for _, check := range slices.Clone(a.checks) {
		check(result)
	}
	return nil
}

func opRun(s *step) error {
	a := s.asked()
	defer a.stop()
	return a.check(a.session.Run(a.ctx, a.ports, &a.options))
}

// submitted is a job, and what must come of it.
type submitted struct {
	*mirra.Job
	*asked
}

func opSubmit(s *step) error {
	a := s.asked()
	job, err := a.session.Submit(a.ctx, a.ports, &a.options)
	return s.keep(&submitted{job, a}, err)
}

func opWait(s *step) error {
	job := named[*submitted](s, "job")
	ctx := context.Background()
	if seconds := s.number("seconds"); seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(seconds*float64(time.Second)))
		defer cancel()
	}
	return job.check(job.Wait(ctx))
}

package mirra

import (
	"context"
	"image"
	"math"
)

// Process runs the task on an image and gives the result as a new image of the same type: *image.NRGBA, RGBA, Gray,
// NRGBA64, RGBA64, Gray16 or *[Raw] stay what they are, all others give *image.NRGBA. It is for tasks with an image
// input and an image output; [Session.Run] is for all. options: nil for the defaults.
func (s *Session) Process(ctx context.Context, img image.Image, options *RunOptions) (image.Image, *Result, error) {
	in, out, err := s.ends()
	if err != nil {
		return nil, nil, err
	}
	if _, err := shared(img); err != nil {
		return nil, nil, err
	}
	size, err := s.outputSize(img.Bounds().Size(), options)
	if err != nil {
		return nil, nil, err
	}
	made := like(img, size.X, size.Y, out.Colored)
	result, err := s.Run(ctx, Ports{in.Name: img, out.Name: made}, options)
	if err != nil {
		return nil, nil, err
	}
	return made, result, nil
}

// ProcessPicture does the same with a picture; the result has its colour tags. Write it with the picture as
// WriteOptions.Metadata.
func (s *Session) ProcessPicture(ctx context.Context, p *Picture, options *RunOptions) (*Picture, *Result, error) {
	in, out, err := s.ends()
	if err != nil {
		return nil, nil, err
	}
	info, err := p.Info()
	if err != nil {
		return nil, nil, err
	}
	size, err := s.outputSize(image.Pt(info.Width, info.Height), options)
	if err != nil {
		return nil, nil, err
	}
	made, err := NewPicture(size.X, size.Y, info.Format, channelsFor(info.Color, out.Colored))
	if err != nil {
		return nil, nil, err
	}
	err = made.CopyColor(p)
	var result *Result
	if err == nil {
		result, err = s.Run(ctx, Ports{in.Name: p, out.Name: made}, options)
	}
	if err != nil {
		_ = made.Close()
		return nil, nil, err
	}
	return made, result, nil
}

func (s *Session) ends() (in, out *Port, err error) {
	if _, err := s.h.use(); err != nil {
		return nil, nil, err
	}
	defer s.h.release()
	in, out = s.task.first(false), s.task.first(true)
	if in == nil || out == nil {
		return nil, nil, &Error{Code: ErrUnsupported, Subject: s.task.Name,
			Message: "the task " + s.task.Name + " does not make an image of an image", Hint: "call Run with its ports"}
	}
	return in, out, nil
}

func (s *Session) outputSize(input image.Point, options *RunOptions) (image.Point, error) {
	if options != nil && options.Region != (image.Rectangle{}) {
		return options.Region.Size(), nil
	}
	if options != nil && options.Scale > 0 && options.Scale < 1 {
		input.X = int(math.Ceil(float64(input.X) * options.Scale))
		input.Y = int(math.Ceil(float64(input.Y) * options.Scale))
	}
	plan, err := s.Plan(input.X, input.Y)
	return image.Pt(plan.OutputWidth, plan.OutputHeight), err
}

package mirra_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log"

	"mirra.org/mirra"
)

func Example() {
	engine, err := mirra.NewEngine(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	session, err := engine.NewSession("denoise", &mirra.SessionOptions{
		Quality: "fast",
		Params:  mirra.Params{"sigma": 25},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	photo := image.NewNRGBA(image.Rect(0, 0, 64, 48))
	clean, _, err := session.Process(context.Background(), photo, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%T of %v\n", clean, clean.Bounds())
	// Output: *image.NRGBA of (0,0)-(64,48)
}

func ExampleEngine_Tasks() {
	tasks, err := engine.Tasks()
	if err != nil {
		log.Fatal(err)
	}
	for _, task := range tasks {
		if task.Name != "denoise" {
			continue
		}
		for _, param := range task.Params {
			fmt.Println(param.Name, param.Type, param.Minimum, param.Maximum, param.Default)
		}
	}
	// Output:
	// sigma float 0 100 auto
	// strength float 0 1 1
	// luminance float 0 1 1
	// chrominance float 0 1 1
	// detail float 0 1 0
	// transfer enum 0 0 auto
}

func ExampleSession_Set() {
	session, err := engine.NewSession("denoise", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	err = session.Set("sigma", 500)
	var e *mirra.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code.String(), e.Subject)
	}
	if err := session.Set("sigma", 12.5); err != nil {
		log.Fatal(err)
	}
	sigma, err := session.Get("sigma")
	fmt.Println(sigma.Float(), err)
	// Output:
	// invalid_argument sigma
	// 12.5 <nil>
}

func ExampleSession_Submit() {
	session, err := engine.NewSession("denoise", &mirra.SessionOptions{Quality: "fast"})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // also stops the job

	photo, clean := image.NewGray(image.Rect(0, 0, 64, 48)), image.NewGray(image.Rect(0, 0, 64, 48))
	job, err := session.Submit(ctx, mirra.Ports{"image": photo, "output": clean}, &mirra.RunOptions{
		Progress: func(p mirra.Progress) { _ = p.Fraction },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer job.Close()
	<-job.Done() // in a select, beside what else the program waits for
	result, err := job.Wait(ctx)
	fmt.Println(result.TileCount, err)
	// Output: 1 <nil>
}

// Pixels that no type of the image package holds: here floats, in planes.
func ExampleRaw() {
	const width, height = 32, 24
	samples := make([]float32, 3*width*height)
	raw := &mirra.Raw{Layout: mirra.Layout{Width: width, Height: height, Format: mirra.F32, Color: mirra.RGB}}
	for channel := range 3 {
		raw.Planes = append(raw.Planes, mirra.Plane{
			Pix:         mirra.Bytes(samples),
			Offset:      4 * channel * width * height,
			PixelStride: 4,
			RowStride:   4 * width,
		})
	}
	session, err := engine.NewSession("denoise", &mirra.SessionOptions{Quality: "fast"})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	_, err = session.Run(context.Background(), mirra.Ports{"image": raw, "output": raw}, nil) // in place
	fmt.Println(err)
	// Output: <nil>
}

// Bench measures what the package adds to a call of the C interface: the same run from C and from Go, in turns, with
// one kernel thread. It counts the processor's time, of all threads of the process, so that other programs disturb
// little, and takes the least of many runs.
package main

// #cgo pkg-config: mirra
// #include <mirra/mirra.h>
// #include <time.h>
//
// static double seconds(void) {
//     struct timespec now;
//     clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
//     return now.tv_sec + now.tv_nsec * 1e-9;
// }
//
// typedef struct { mirra_engine *engine; mirra_session *session; } host;
//
// static int host_open(host *h, const char *plugins, const char *task, const char *params) {
//     MIRRA_STRUCT(mirra_engine_options, engine);
//     engine.plugin_path = plugins;
//     MIRRA_STRUCT(mirra_session_options, options);
//     options.task = task;
//     options.threads = 1;
//     return mirra_engine_create(&engine, &h->engine, NULL) ||
//            mirra_session_create(h->engine, &options, &h->session, NULL) ||
//            mirra_session_set_json(h->session, params, NULL);
// }
//
// static void host_close(host *h) {
//     mirra_session_destroy(h->session);
//     mirra_engine_destroy(h->engine);
// }
//
// // host_run makes one run and reads its values, as the package does. It gives the seconds, or -1.
// static double host_run(host *h, void *in, void *out, int width, int height) {
//     double begin = seconds();
//     MIRRA_STRUCT(mirra_image, image);
//     image.flags = MIRRA_IMAGE_PACKED;
//     image.width = width;
//     image.height = height;
//     image.format = MIRRA_FORMAT_U8;
//     image.color = MIRRA_COLOR_RGBA;
//     image.plane_count = 1;
//     image.planes[0].data = in;
//     mirra_image output = image;
//     output.planes[0].data = out;
//     mirra_port_value values[2] = {MIRRA_ZERO, MIRRA_ZERO};
//     values[0].struct_size = values[1].struct_size = sizeof(mirra_port_value);
//     values[0].name = "image";
//     values[0].image = &image;
//     values[1].name = "output";
//     values[1].image = &output;
//     mirra_result *result = NULL;
//     if (mirra_session_run(h->session, values, 2, NULL, &result, NULL)) return -1;
//     MIRRA_STRUCT(mirra_result_info, info);
//     mirra_result_get_info(result, &info, NULL);
//     for (uint32_t i = 0; i < info.value_count; i++) {
//         MIRRA_STRUCT(mirra_value, value);
//         mirra_result_value(result, i, NULL, &value, NULL);
//     }
//     mirra_result_destroy(result);
//     return seconds() - begin;
// }
import "C"

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"log"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"mirra.org/mirra"
)

func main() {
	plugins := os.Args[1] // holds gain.so: a task that costs next to nothing
	runtime.LockOSThread()
	engine, err := mirra.NewEngine(&mirra.EngineOptions{PluginPath: []string{plugins}})
	check(err)
	defer engine.Close()
	fmt.Println("task     size           C            Go        Go adds             with context and progress")
	for _, c := range []struct {
		task, params string
		side, count  int
	}{{"gain", `{"gain": 0.5}`, 16, 2000}, {"gain", `{"gain": 0.5}`, 512, 100}, {"denoise", `{"sigma": 25}`, 16, 200},
		{"denoise", `{"sigma": 25}`, 512, 8}} {
		session, err := engine.NewSession(c.task, &mirra.SessionOptions{Threads: 1})
		check(err)
		check(session.SetJSON(c.params))
		var host C.host
		if C.host_open(&host, C.CString(plugins), C.CString(c.task), C.CString(c.params)) != 0 {
			log.Fatal("the C interface gives no session")
		}
		fmt.Printf("%-8s", c.task)
		compare(&host, session, c.side, c.count)
		C.host_close(&host)
		check(session.Close())
	}
}

func compare(host *C.host, session *mirra.Session, side, count int) {
	in, out := image.NewNRGBA(image.Rect(0, 0, side, side)), image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range in.Pix {
		in.Pix[i] = uint8(i*7919>>4) | 0xc0*uint8(i%4/3)
	}
	ports := mirra.Ports{"image": in, "output": out}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	watched := &mirra.RunOptions{Progress: func(p mirra.Progress) { _ = p.Fraction }}
	var c, plain, full []float64
	other := make([]byte, len(out.Pix))
	kinds := []func(){
		func() {
			c = append(c, float64(C.host_run(host, unsafe.Pointer(&in.Pix[0]), unsafe.Pointer(&other[0]), C.int(side), C.int(side))))
		},
		func() { plain = append(plain, run(context.Background(), session, ports, nil)) },
		func() { full = append(full, run(ctx, session, ports, watched)) },
	}
	for range count {
		rand.Shuffle(len(kinds), func(a, b int) { kinds[a], kinds[b] = kinds[b], kinds[a] })
		for _, kind := range kinds {
			kind()
		}
		if !bytes.Equal(other, out.Pix) {
			log.Fatal("C and Go give different results")
		}
	}
	fmt.Printf("%-4d %9.1f us  %9.1f us %+9.1f us (%+.2f %%) %+9.1f us\n", side, 1e6*slices.Min(c), 1e6*slices.Min(plain),
		1e6*(slices.Min(plain)-slices.Min(c)), 100*(slices.Min(plain)/slices.Min(c)-1), 1e6*(slices.Min(full)-slices.Min(c)))
}

func run(ctx context.Context, session *mirra.Session, ports mirra.Ports, options *mirra.RunOptions) float64 {
	begin := C.seconds()
	_, err := session.Run(ctx, ports, options)
	check(err)
	return float64(C.seconds() - begin)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

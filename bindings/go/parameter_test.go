package mirra_test

import (
	"encoding/json"
	"errors"
	"image/color"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"mirra.org/mirra"
)

// described gives a session of a plugin that has parameters of all kinds.
func described(t *testing.T) *mirra.Session {
	t.Helper()
	x, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	e, err := mirra.NewEngine(&mirra.EngineOptions{PluginPathOnly: true,
		PluginPath: []string{filepath.Join(x.folder, x.Files["described.so"])}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	s, err := e.NewSession("described", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestParametersOfAllKinds(t *testing.T) {
	s := described(t)
	if err := s.Set("tint", color.NRGBA{1, 2, 255, 128}); err != nil {
		t.Fatal(err)
	}
	if c, err := s.GetColor("tint"); err != nil || c != (color.NRGBA{1, 2, 255, 128}) {
		t.Errorf("%v %v", c, err)
	}
	if err := s.SetAll(mirra.Params{"tint": color.White, "soft": true, "radius": uint8(3)}); err != nil {
		t.Fatal(err)
	}
	if c, err := s.GetColor("tint"); err != nil || c != (color.NRGBA{255, 255, 255, 255}) {
		t.Errorf("%v %v", c, err)
	}
	if _, err := s.GetColor("soft"); !errors.Is(err, mirra.ErrInvalidArgument) {
		t.Errorf("a bool is a colour: %v", err)
	}
	all, err := s.GetAll()
	if err != nil || all["soft"] != true || all["radius"] != 3.0 {
		t.Errorf("%v %v", all, err)
	}
	text, err := s.GetJSON()
	if err != nil {
		t.Fatal(err)
	}
	var same mirra.Params
	if err := json.Unmarshal([]byte(text), &same); err != nil || len(same) != len(all) {
		t.Errorf("%v, not %v: %v", same, all, err)
	}
	refused := mirra.Params{"radius": struct{}{}, "soft": "much", "tint": nil, "none": 1, "radius\x00": 1}
	for name, v := range refused {
		if err := s.Set(name, v); err == nil {
			t.Errorf("%s = %v", name, v)
		}
	}
	for _, params := range []mirra.Params{{"radius": math.NaN()}, {"radius": []int{1}}, {"radius": uint64(math.MaxUint64)}} {
		if err := s.SetAll(params); !errors.Is(err, mirra.ErrInvalidArgument) {
			t.Errorf("%v: %v", params, err)
		}
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		given   any
		kind    mirra.Type
		number  float64
		boolean bool
		text    string
	}{
		{true, mirra.TypeBool, 1, true, "true"},
		{int8(-3), mirra.TypeInt, -3, true, "-3"},
		{float32(0.5), mirra.TypeFloat, 0.5, true, "0.5"},
		{0.0, mirra.TypeFloat, 0, false, "0"},
		{"auto", mirra.TypeString, math.NaN(), false, "auto"},
	} {
		v, err := mirra.ValueOf(c.given)
		if err != nil || v.Type() != c.kind || v.Bool() != c.boolean || v.String() != c.text ||
			v.Float() != c.number && !math.IsNaN(c.number) || !math.IsNaN(v.Float()) && v.Int() != int64(c.number) {
			t.Errorf("%v: %#v %v", c.given, v, err)
		}
		if again, err := mirra.ValueOf(v); err != nil || !reflect.DeepEqual(again.Any(), v.Any()) {
			t.Errorf("%v: %v %v", v, again, err)
		}
	}
}

// The typed schema says what the schema as JSON says.
func TestTheSchemaIsThatOfTheJSON(t *testing.T) {
	text, err := engine.SchemaJSON()
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Tasks []struct {
			Name, Label, Doc string
			Ports            []struct {
				Name, Type, Direction string
				Optional              bool
			}
			Params []struct {
				Name, Type, Unit string
				Minimum, Maximum float64
				Choices          []any
				Default          any
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		t.Fatal(err)
	}
	tasks, err := engine.Tasks()
	if err != nil || len(tasks) != len(schema.Tasks) || len(tasks) < 5 {
		t.Fatalf("%d tasks, not %d: %v", len(tasks), len(schema.Tasks), err)
	}
	for i, want := range schema.Tasks {
		task := tasks[i]
		if task.Name != want.Name || task.Label != want.Label || task.Doc != want.Doc ||
			len(task.Ports) != len(want.Ports) || len(task.Params) != len(want.Params) {
			t.Errorf("%+v, not %+v", task, want)
			continue
		}
		for i, port := range want.Ports {
			got := task.Ports[i]
			if got.Name != port.Name || got.Type.String() != port.Type || got.Output != (port.Direction == "output") ||
				got.Optional != port.Optional {
				t.Errorf("%s: %+v, not %+v", task.Name, got, port)
			}
			if found, ok := task.Port(port.Name); !ok || found.Doc != got.Doc {
				t.Errorf("%s: no port %s", task.Name, port.Name)
			}
		}
		for i, param := range want.Params {
			got := task.Params[i]
			def := got.Default.Any()
			if n, ok := def.(int64); ok {
				def = float64(n)
			}
			if got.Name != param.Name || got.Type.String() != param.Type || got.Unit != param.Unit ||
				got.Minimum != param.Minimum || got.Maximum != param.Maximum || len(got.Choices) != len(param.Choices) ||
				def != param.Default {
				t.Errorf("%s: %+v, not %+v", task.Name, got, param)
			}
		}
	}
	if _, err := engine.Task("none"); !errors.Is(err, mirra.ErrNotFound) {
		t.Error(err)
	}
}

func TestWhatAnEngineLists(t *testing.T) {
	bundles, err := engine.Bundles()
	if err != nil || len(bundles) == 0 || !bundles[0].Usable || bundles[0].Bytes == 0 {
		t.Errorf("%+v %v", bundles, err)
	}
	runtime, err := engine.Runtime()
	if err != nil || !runtime.Usable || runtime.Version == "" {
		t.Errorf("%+v %v", runtime, err)
	}
	devices, err := engine.Devices()
	if err != nil || devices[0].Precisions[0] != mirra.FP32 || devices[0].MemoryBytes == 0 {
		t.Errorf("%+v %v", devices, err)
	}
	s := denoiser(t)
	params, err := s.Params()
	if err != nil || len(params) != len(s.Task().Params) || params[0].Name != "sigma" {
		t.Errorf("%+v %v", params, err)
	}
	if clone, err := mirra.NewEngine(&mirra.EngineOptions{PluginPath: []string{"a:b"}}); !errors.Is(err, mirra.ErrInvalidArgument) {
		t.Errorf("%v %v", clone, err)
	}
}

func TestBundlesAndGraphs(t *testing.T) {
	path, err := engine.FindBundle("encoder-resnet18-std.mirra")
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := mirra.OpenBundle(path)
	if err != nil {
		t.Fatal(err)
	}
	defer bundle.Close()
	graphs, err := bundle.Graphs()
	at := slices.IndexFunc(graphs, func(g mirra.Graph) bool { return g.Name == "encoder" })
	if err != nil || at < 0 {
		t.Fatalf("%+v %v", graphs, err)
	}
	encoder := graphs[at]
	if encoder.InputChannels[0] != 3 || encoder.ParameterCount == 0 || !encoder.Tileable || encoder.Halo.Left == 0 {
		t.Errorf("%+v", encoder)
	}
	manifest, err := bundle.ManifestJSON()
	if err != nil || !json.Valid([]byte(manifest)) {
		t.Errorf("%.80s %v", manifest, err)
	}
	image := mirra.Tensor{Shape: []int{1, 3, 32, 32}, Data: make([]float32, 3*32*32)}
	outputs, err := engine.RunGraph(bundle, "encoder", mirra.Tensors{encoder.Inputs[0]: image}, nil)
	if err != nil || len(outputs) != len(encoder.Outputs) {
		t.Fatalf("%v", err)
	}
	work, err := bundle.GraphWork("encoder", mirra.Tensors{encoder.Inputs[0]: image})
	peak, failed := engine.MeasurePeak("cpu", mirra.FP32, 1)
	if err != nil || failed != nil || work < 32*32 || peak <= 0 {
		t.Errorf("%v of %v a second: %v, %v", work, peak, err, failed)
	}
	for _, bad := range []mirra.Tensor{
		{Shape: []int{1, 3, 32, 31}, Data: image.Data},
		{Shape: []int{-1, 3, 32, 32}, Data: image.Data},
		{Shape: []int{math.MaxInt, 4, math.MaxInt, 4}, Data: image.Data},
		{Shape: nil, Data: image.Data},
	} {
		if _, err := (mirra.Tensors{"x": bad}).Encode(); !errors.Is(err, mirra.ErrInvalidArgument) {
			t.Errorf("%v: %v", bad.Shape, err)
		}
	}
	if _, err := mirra.DecodeTensors(nil); err == nil {
		t.Error("no bytes are tensors")
	}
	if _, err := mirra.OpenBundleMemory(nil, ""); err == nil {
		t.Error("no bytes are a bundle")
	}
	if _, err := mirra.DecodePicture(nil, nil); err == nil {
		t.Error("no bytes are a picture")
	}
}

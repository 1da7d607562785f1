package mirra_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"os"
	"path/filepath"
	"time"

	"mirra.org/mirra"
)

// ops has the calls that a step may be.
var ops = map[string]func(*step) error{
	"version": func(s *step) error {
		s.expect(object{"abi": mirra.ABIVersion()}, s.object("expect"))
		return nil
	},
	"engine":      opEngine,
	"plugin":      opPlugin,
	"device":      opDevice,
	"schema":      opSchema,
	"find_bundle": func(s *step) error { _, err := s.engine.FindBundle(s.text("name")); return err },
	"bundle":      opBundle,
	"bundle_info": func(s *step) error {
		info, err := named[*mirra.Bundle](s, "bundle").Info()
		return s.fields(info, err)
	},
	"session": opSession,
	"set": func(s *step) error {
		return named[*mirra.Session](s, "session").SetAll(s.object("values"))
	},
	"set_text": func(s *step) error {
		return named[*mirra.Session](s, "session").SetText(s.text("name"), s.text("text"))
	},
	"get":   opGet,
	"reset": opReset,
	"clone": func(s *step) error {
		clone, err := named[*mirra.Session](s, "session").Clone()
		return s.keep(clone, err)
	},
	"session_info": func(s *step) error {
		info, err := named[*mirra.Session](s, "session").Info()
		return s.fields(info, err)
	},
	"plan": func(s *step) error {
		plan, err := named[*mirra.Session](s, "session").Plan(int(s.number("width")), int(s.number("height")))
		return s.fields(plan, err)
	},
	"required": opRequired,
	"run":      opRun,
	"submit":   opSubmit,
	"wait":     opWait,
	"poll": func(s *step) error {
		status, err := named[*submitted](s, "job").Status()
		return s.fields(status, err)
	},
	"cancel_token": func(s *step) error {
		ctx, cancel := context.WithCancel(context.Background())
		return s.keep(&cancelToken{ctx, cancel}, nil)
	},
	"cancel":         opCancel,
	"close":          opClose,
	"shutdown":       opShutdown,
	"read":           opRead,
	"create_picture": opCreatePicture,
	"picture_info": func(s *step) error {
		info, err := named[*mirra.Picture](s, "picture").Info()
		return s.fields(info, err)
	},
	"metadata":     opMetadata,
	"write":        opWrite,
	"noise":        opNoise,
	"estimate":     opEstimate,
	"compare":      opCompare,
	"tensors":      opTensors,
	"tensors_read": opTensorsRead,
	"tensors_write": func(s *step) error {
		tensors := named[mirra.Tensors](s, "tensors")
		return s.written(tensors.Write, tensors.Encode)
	},
	"tensors_equal": func(s *step) error {
		s.tensorsEqual(named[mirra.Tensors](s, "tensors"), s.object("expect"))
		return nil
	},
	"graph": opGraph,
	"file_write": func(s *step) error {
		return mirra.WriteFile(s.path(s.text("file")), s.bytes(s.text("from")))
	},
}

func (s *step) fields(v any, err error) error {
	want := s.object("expect")
	if err == nil {
		s.expect(fieldsOf(v), want)
	}
	return err
}

// read gives what a file or memory holds.
func read[T any](s *step, fromFile func(string) (T, error), fromMemory func([]byte) (T, error)) (T, error) {
	if word := s.text("memory"); word != "" {
		return fromMemory(s.bytes(word))
	}
	return fromFile(s.path(s.text("file")))
}

// written writes to a file or to memory.
func (s *step) written(toFile func(string) error, toMemory func() ([]byte, error)) error {
	if word := s.text("memory"); word != "" {
		data, err := toMemory()
		s.memory[word] = data
		return err
	}
	return toFile(s.path(s.text("file")))
}

func opEngine(s *step) error {
	options := &mirra.EngineOptions{PluginPath: []string{filepath.Join(s.index.folder, s.Plugins)}}
	if path := s.text("plugin_path"); path != "" {
		options.PluginPath = []string{s.path(path)}
	}
	if skip := s.text("plugin_skip"); skip != "" {
		options.PluginSkip = []string{skip}
	}
	for _, flag := range s.texts("flags") {
		switch flag {
		case "plugin_path_only":
			options.PluginPathOnly = true
		case "isolation_process":
			options.Isolation |= mirra.IsolatedProcess
		case "isolation_auto":
			options.Isolation |= mirra.IsolatedIfNeeded
		case "plugin_scan_process":
			options.PluginScanProcess = true
		default:
			s.fail("the flag %q is unknown", flag)
		}
	}
	engine, err := mirra.NewEngine(options)
	return s.keep(engine, err)
}

func opPlugin(s *step) error {
	file := s.text("file")
	plugins, err := s.onEngine().Plugins()
	for _, plugin := range plugins {
		if filepath.Base(plugin.Path) == file {
			return s.fields(plugin, err)
		}
	}
	s.fail("the plugin %q is not listed", file)
	return err
}

func opDevice(s *step) error {
	devices, err := s.onEngine().Devices()
	if err != nil {
		return err
	}
	return s.fields(devices[int(s.number("index"))], nil)
}

func opSchema(s *step) error {
	text, err := s.onEngine().SchemaJSON()
	if err != nil {
		return err
	}
	var schema any
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		return err
	}
	entry := entryOf(schema.(object)["tasks"], s.text("task"))
	if param := s.text("param"); param != "" {
		entry = entryOf(entry["params"], param)
	}
	if port := s.text("port"); port != "" {
		entry = entryOf(entry["ports"], port)
	}
	s.expect(entry, s.object("expect"))
	return nil
}

func entryOf(list any, name string) object {
	entries, _ := list.([]any)
	for _, entry := range entries {
		if o := entry.(object); o["name"] == name {
			return o
		}
	}
	return object{}
}

func opBundle(s *step) error {
	engine, path := s.onEngine(), s.text("file")
	var err error
	if path != "" {
		path = s.path(path)
	} else if path, err = engine.FindBundle(s.text("name")); err != nil {
		return err
	}
	if memory, _ := s.take("memory").(bool); memory {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		bundle, err := mirra.OpenBundleMemory(data, "")
		return s.keep(bundle, err)
	}
	bundle, err := mirra.OpenBundle(path)
	return s.keep(bundle, err)
}

func opSession(s *step) error {
	options := &mirra.SessionOptions{Quality: s.text("quality"), Device: s.text("device"),
		MemoryLimit: uint64(s.number("memory_limit")), Threads: int(s.number("threads")),
		TileSize: int(s.number("tile_size")), Params: s.object("set")}
	if _, given := s.left["bundle"]; given {
		options.Bundle = named[*mirra.Bundle](s, "bundle")
	}
	session, err := s.onEngine().NewSession(s.text("task"), options)
	return s.keep(session, err)
}

func opGet(s *step) error {
	session := named[*mirra.Session](s, "session")
	got := object{}
	want := s.object("expect")
	for name := range want {
		value, err := session.Get(name)
		if err != nil {
			return err
		}
		got[name] = value.Any()
	}
	s.expect(got, want)
	return nil
}

func opReset(s *step) error {
	var names []string
	if name := s.text("name"); name != "" {
		names = []string{name}
	}
	return named[*mirra.Session](s, "session").Reset(names...)
}

func (s *step) rect(name string) image.Rectangle {
	var n [4]int
	list, _ := s.take(name).([]any)
	for i, v := range list {
		n[i] = int(v.(float64))
	}
	return image.Rect(n[0], n[1], n[0]+n[2], n[1]+n[3])
}

func opRequired(s *step) error {
	want := s.rect("expect")
	got, err := named[*mirra.Session](s, "session").Required(int(s.number("width")), int(s.number("height")),
		s.rect("region"))
	if err == nil && got != want {
		s.fail("%v, not %v", got, want)
	}
	return err
}

func opCancel(s *step) error {
	name := s.text("what")
	switch o := s.objects[name].(type) {
	case *cancelToken:
		o.cancel()
	case *submitted:
		o.Cancel()
	default:
		s.fail("there is no %q to cancel", name)
	}
	return nil
}

func opClose(s *step) error {
	name := s.text("what")
	switch o := s.objects[name].(type) {
	case closer:
		return o.Close()
	case mirra.Tensors:
		delete(s.objects, name)
	default:
		s.fail("there is no %q to close", name)
	}
	return nil
}

func opShutdown(s *step) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.number("seconds")*float64(time.Second)))
	defer cancel()
	return named[*mirra.Engine](s, "engine").Shutdown(ctx)
}

func opRead(s *step) error {
	options := &mirra.ReadOptions{MaxPixels: uint64(s.number("max_pixels"))}
	picture, err := read(s, func(path string) (*mirra.Picture, error) { return mirra.ReadPicture(path, options) },
		func(data []byte) (*mirra.Picture, error) { return mirra.DecodePicture(data, options) })
	equals := s.text("equals")
	if err == nil && equals != "" {
		s.heldEquals(picture, equals, 0)
	}
	return s.keep(picture, err)
}

func opCreatePicture(s *step) error {
	l := s.layout()
	picture, err := mirra.NewPicture(l.Width, l.Height, l.Format, l.Color)
	equals := s.text("equals")
	if err == nil && equals != "" {
		s.heldEquals(picture, equals, 0)
	}
	return s.keep(picture, err)
}

var kinds = map[string]mirra.Metadata{"icc": mirra.ICC, "exif": mirra.EXIF, "xmp": mirra.XMP,
	"photoshop": mirra.Photoshop}

func opMetadata(s *step) error {
	data, err := named[*mirra.Picture](s, "picture").Metadata(kinds[s.text("kind")])
	var want []byte
	if file, _ := s.take("file").(string); file != "" {
		want = s.bytes(file)
	}
	if err == nil && !bytes.Equal(data, want) {
		s.fail("%d bytes, not these %d", len(data), len(want))
	}
	return err
}

func opWrite(s *step) error {
	o := step{runner: s.runner, left: s.object("options")}
	options := &mirra.WriteOptions{Quality: int(o.number("jpeg_quality")), BitDepth: int(o.number("bit_depth")),
		Format: o.text("format")}
	for field := range o.left {
		s.fail("the option %q is unknown", field)
	}
	if _, given := s.left["metadata"]; given {
		options.Metadata = named[*mirra.Picture](s, "metadata")
	}
	var img any
	if _, given := s.left["held"]; given {
		img = named[*mirra.Picture](s, "held")
	} else {
		img = s.memoryOf(s.raw(s.text("picture"))).Raw
	}
	return s.written(func(path string) error { return mirra.WriteImage(path, img, options) },
		func() ([]byte, error) { return mirra.EncodeImage(img, options) })
}

func opNoise(s *step) error {
	img := s.raw(s.text("picture"))
	err := mirra.AddNoise(img, s.number("sigma"), uint64(s.number("seed")))
	s.equal(img, s.text("equals"), 0)
	return err
}

func opEstimate(s *step) error {
	sigma, err := mirra.EstimateNoise(s.raw(s.text("picture")))
	want := s.take("expect")
	if err == nil {
		s.same("sigma", sigma, want)
	}
	return err
}

func opCompare(s *step) error {
	c, err := mirra.Compare(s.raw(s.text("a")), s.raw(s.text("b")))
	return s.fields(c, err)
}

func (s *step) tensor(name string) mirra.Tensor {
	entry, known := s.Tensors[name]
	if !known {
		s.fail("the tensor %q is unknown", name)
	}
	return mirra.Tensor{Shape: entry.Shape, Data: mirra.Samples[float32](s.index.read(s, entry.File))}
}

func (s *step) tensorsEqual(got mirra.Tensors, want object) {
	s.Helper()
	for name, v := range want {
		expected, tensor := s.tensor(v.(string)), got[name]
		if len(expected.Shape) != len(tensor.Shape) || !bytes.Equal(mirra.Bytes(expected.Data), mirra.Bytes(tensor.Data)) {
			s.fail("the tensor %q is another one", name)
		}
		for i, extent := range expected.Shape {
			if tensor.Shape[i] != extent {
				s.fail("the shape of %q is %v, not %v", name, tensor.Shape, expected.Shape)
			}
		}
	}
}

func opTensors(s *step) error {
	tensors := mirra.Tensors{}
	for name, v := range s.object("from") {
		tensors[name] = s.tensor(v.(object)["tensor"].(string))
	}
	s.tensorsEqual(tensors, s.object("expect"))
	return s.keep(tensors, nil)
}

func opTensorsRead(s *step) error {
	tensors, err := read(s, mirra.ReadTensors, mirra.DecodeTensors)
	want := s.object("expect")
	if err == nil {
		s.tensorsEqual(tensors, want)
	}
	return s.keep(tensors, err)
}

func opGraph(s *step) error {
	outputs, err := s.engine.RunGraph(named[*mirra.Bundle](s, "bundle"), s.text("graph"),
		named[mirra.Tensors](s, "inputs"), nil)
	want := s.object("expect")
	if err == nil {
		s.tensorsEqual(outputs, want)
	}
	return s.keep(outputs, err)
}

package mirra

// #include "glue.h"
import "C"

// Task is a task as data: what a program builds its dialogs, options and signatures from.
type Task struct {
	Name, Label, Doc string // what callers write, what people read, and one paragraph
	// DefaultBundle is the file name of the bundle that serves when none is given ("denoiser.mirra"), or "".
	DefaultBundle           string
	PluginID, PluginVersion string
	// Qualities of the task's bundles that were found ("fast", "balanced", "best"), from the fastest; none where there is
	// one bundle only.
	Qualities []string
	// GlobalStatistics: the task goes over the whole image first.
	GlobalStatistics bool
	// NoNetwork: sessions load no LibTorch.
	NoNetwork bool
	// ConcurrentTiles: the task works on several tiles at once.
	ConcurrentTiles bool
	Ports           []Port
	Params          []Param
}

// Port gives a port by name.
func (t *Task) Port(name string) (Port, bool) {
	for _, port := range t.Ports {
		if port.Name == name {
			return port, true
		}
	}
	return Port{}, false
}

// first gives the first image port of a direction; nil where there is none.
func (t *Task) first(output bool) *Port {
	for i := range t.Ports {
		if port := &t.Ports[i]; port.Output == output && port.Type == TypeImage {
			return port
		}
	}
	return nil
}

// Port is an input or output of a task.
type Port struct {
	Name, Label, Doc, Unit string
	Type                   Type // TypeImage, TypeTensor or a plain type
	Output                 bool // written by a run; else read
	Optional               bool // may be left out of a run
	AsIs                   bool // image: the task sees its own channels, not RGB
	Colored                bool // image output: a drawing in colours, which a gray image would lose
	WithAlpha              bool // image: alpha goes through the task as a channel
	Series                 Series
}

// Series says to which series a port or parameter belongs: those of one place go together, as "style_2" and
// "style_2_weight". The zero value: to none.
type Series struct {
	Name     string
	Place    int // from 1
	MaxCount int // of its kind in the series
}

// Param is a parameter of a task.
type Param struct {
	Name, Label, Doc, Group, Unit string
	Type                          Type
	Advanced                      bool // a dialog may hide it at first
	Deprecated                    bool // still honoured; Doc says what to use instead
	Pixels                        bool // a length in pixels, which RunOptions.Scale multiplies
	Since                         int  // version of the plugin's task that brought it, from 1
	Default                       Value
	Minimum, Maximum              float64 // of a number: others are refused
	SoftMinimum, SoftMaximum      float64 // of a slider
	Step                          float64 // of a slider; 0: as you like
	// Choices are the values of an enum, and texts that a number takes besides ("auto").
	Choices, ChoiceLabels []string
	// VisibleIf is "NAME=VALUE" or "NAME=VALUE|VALUE" where a dialog shows it only while another parameter has that
	// value; "" where always.
	VisibleIf string
	Series    Series
}

func taskOf(engine *C.mirra_engine, info *C.mirra_task_info) (Task, error) {
	t := Task{
		Name: C.GoString(info.name), Label: C.GoString(info.label), Doc: C.GoString(info.doc),
		DefaultBundle: C.GoString(info.default_bundle),
		PluginID:      C.GoString(info.plugin_id), PluginVersion: C.GoString(info.plugin_version),
		Qualities:        texts(info.qualities, info.quality_count),
		GlobalStatistics: info.flags&C.MIRRA_TASK_GLOBAL_STATISTICS != 0,
		NoNetwork:        info.flags&C.MIRRA_TASK_NO_NETWORK != 0,
		ConcurrentTiles:  info.flags&C.MIRRA_TASK_CONCURRENT_TILES != 0,
	}
	for i := range info.port_count {
		port := C.mirra_port_info{struct_size: C.sizeof_mirra_port_info}
		err := call(func(failed **C.mirra_error) C.mirra_status {
			return C.mirra_engine_port(engine, info.name, i, &port, failed)
		})
		if err != nil {
			return t, err
		}
		t.Ports = append(t.Ports, portOf(&port))
	}
	for i := range info.param_count {
		param := C.mirra_param_info{struct_size: C.sizeof_mirra_param_info}
		err := call(func(failed **C.mirra_error) C.mirra_status {
			return C.mirra_engine_param(engine, info.name, i, &param, failed)
		})
		if err != nil {
			return t, err
		}
		t.Params = append(t.Params, paramOf(&param))
	}
	return t, nil
}

func portOf(p *C.mirra_port_info) Port {
	return Port{
		Name: C.GoString(p.name), Label: C.GoString(p.label), Doc: C.GoString(p.doc), Unit: C.GoString(p.unit),
		Type: Type(p._type), Output: p.direction == C.MIRRA_PORT_OUTPUT,
		Optional:  p.flags&C.MIRRA_PORT_OPTIONAL != 0,
		AsIs:      p.flags&C.MIRRA_PORT_AS_IS != 0,
		Colored:   p.flags&C.MIRRA_PORT_COLORED != 0,
		WithAlpha: p.flags&C.MIRRA_PORT_WITH_ALPHA != 0,
		Series:    seriesOf(p.series, p.series_place, p.max_count),
	}
}

func seriesOf(name *C.char, place, count C.uint32_t) Series {
	if place == 0 {
		return Series{}
	}
	return Series{Name: C.GoString(name), Place: int(place), MaxCount: int(count)}
}

func paramOf(p *C.mirra_param_info) Param {
	return Param{
		Name: C.GoString(p.name), Label: C.GoString(p.label), Doc: C.GoString(p.doc),
		Group: C.GoString(p.group), Unit: C.GoString(p.unit), Type: Type(p._type),
		Advanced:   p.flags&C.MIRRA_PARAM_ADVANCED != 0,
		Deprecated: p.flags&C.MIRRA_PARAM_DEPRECATED != 0,
		Pixels:     p.flags&C.MIRRA_PARAM_PIXELS != 0,
		Since:      int(p.since),
		Default:    defaultOf(p),
		Minimum:    float64(p.minimum), Maximum: float64(p.maximum),
		SoftMinimum: float64(p.soft_minimum), SoftMaximum: float64(p.soft_maximum), Step: float64(p.step),
		Choices: texts(p.choices, p.choice_count), ChoiceLabels: texts(p.choice_labels, p.choice_count),
		VisibleIf: C.GoString(p.visible_if),
		Series:    seriesOf(p.series, p.series_place, p.max_count),
	}
}

func defaultOf(p *C.mirra_param_info) Value {
	value := C.mirra_value{_type: p._type, integer: C.int64_t(p.default_value), real: p.default_value,
		text: p.default_text}
	if p.default_text != nil && Type(p._type) < TypeString {
		value._type = C.MIRRA_TYPE_ENUM
	}
	return valueOf(&value)
}

// Tasks gives all tasks, those of dropped-in plugins included.
func (e *Engine) Tasks() ([]Task, error) {
	return listed(e, func(engine *C.mirra_engine) C.uint32_t { return C.mirra_engine_task_count(engine) },
		func(engine *C.mirra_engine, i C.uint32_t) (Task, error) {
			info := C.mirra_task_info{struct_size: C.sizeof_mirra_task_info}
			err := call(func(failed **C.mirra_error) C.mirra_status {
				return C.mirra_engine_task(engine, i, &info, failed)
			})
			if err != nil {
				return Task{}, err
			}
			return taskOf(engine, &info)
		})
}

// Task gives a task by name, or by "ID:NAME" with the id of its plugin. ErrNotFound lists the tasks in its hint.
func (e *Engine) Task(name string) (Task, error) {
	engine, err := e.h.use()
	if err != nil {
		return Task{}, err
	}
	defer e.h.release()
	var a arena
	defer a.free()
	text := a.text(name)
	if a.err != nil {
		return Task{}, a.err
	}
	info := C.mirra_task_info{struct_size: C.sizeof_mirra_task_info}
	err = call(func(failed **C.mirra_error) C.mirra_status {
		return C.mirra_engine_find_task(engine, text, &info, failed)
	})
	if err != nil {
		return Task{}, err
	}
	return taskOf(engine, &info)
}

// SchemaJSON gives all tasks with ports and parameters as one JSON document.
func (e *Engine) SchemaJSON() (string, error) {
	engine, err := e.h.use()
	if err != nil {
		return "", err
	}
	defer e.h.release()
	return C.GoString(C.mirra_engine_schema_json(engine)), nil
}

// listed collects what an engine has by index.
func listed[T any](e *Engine, count func(*C.mirra_engine) C.uint32_t,
	get func(*C.mirra_engine, C.uint32_t) (T, error)) ([]T, error) {
	engine, err := e.h.use()
	if err != nil {
		return nil, err
	}
	defer e.h.release()
	list := make([]T, 0, count(engine))
	for i := range C.uint32_t(cap(list)) {
		one, err := get(engine, i)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

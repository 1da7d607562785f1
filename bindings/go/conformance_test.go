package mirra_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"unicode"

	"mirra.org/mirra"
)

const suite = "../../tests/conformance"

// lacks says which capabilities this binding has not, and why.
var lacks = map[string]string{"strided": "tensors are slices without gaps"}

type object = map[string]any

// index is what tests/conformance/prepare made.
type index struct {
	folder   string
	Pictures map[string]struct {
		File          string
		Width, Height int
		Format, Color string
	}
	Files   map[string]string
	Tensors map[string]struct {
		File  string
		Shape []int
	}
	Values  map[string]any
	Plugins string
}

var prepared = sync.OnceValues(func() (*index, error) {
	folder, err := filepath.Abs("../../build/conformance")
	if err != nil {
		return nil, err
	}
	if out, err := exec.Command(filepath.Join(suite, "prepare"), folder).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	x := &index{folder: folder}
	data, err := os.ReadFile(filepath.Join(folder, "index.json"))
	if err == nil {
		err = json.Unmarshal(data, x)
	}
	return x, err
})

func (x *index) read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(x.folder, file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestConformance(t *testing.T) {
	x, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	shared, err := mirra.NewEngine(&mirra.EngineOptions{PluginPath: []string{filepath.Join(x.folder, x.Plugins)}})
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	files, err := filepath.Glob(filepath.Join(suite, "cases", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var all struct {
			Cases []struct {
				Name  string
				Needs []string
				Steps []object
			}
		}
		if err := json.Unmarshal(data, &all); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range all.Cases {
			t.Run(c.Name, func(t *testing.T) {
				for _, need := range c.Needs {
					if why, lacking := lacks[need]; lacking {
						t.Skipf("%s: %s", need, why)
					}
				}
				r := &runner{T: t, index: x, engine: shared, folder: t.TempDir(), memory: map[string][]byte{},
					objects: map[string]any{}}
				defer r.closeAll()
				for i, fields := range c.Steps {
					r.at = i
					r.step(fields)
				}
			})
		}
	}
}

// runner does the steps of a case.
type runner struct {
	*testing.T
	*index
	engine  *mirra.Engine
	folder  string
	at      int
	memory  map[string][]byte
	objects map[string]any
}

type closer interface{ Close() error }

func (r *runner) closeAll() {
	for _, o := range r.objects {
		if c, ok := o.(closer); ok {
			_ = c.Close()
		}
		if stop, ok := o.(*cancelToken); ok {
			stop.cancel()
		}
	}
}

func (r *runner) fail(format string, args ...any) {
	r.Helper()
	r.Fatalf("step %d: %s", r.at, fmt.Sprintf(format, args...))
}

func (r *runner) step(fields object) {
	s := step{runner: r, left: fields}
	name := s.text("op")
	op, known := ops[name]
	if !known {
		r.fail("the op %q is unknown", name)
	}
	expected, _ := s.take("error").(object)
	err := op(&s)
	for field := range s.left {
		r.fail("%s: the field %q is unknown", name, field)
	}
	if expected == nil {
		if err != nil {
			r.fail("%s: %v", name, err)
		}
		return
	}
	r.failed(name, err, expected)
}

func (r *runner) failed(name string, err error, expected object) {
	r.Helper()
	var e *mirra.Error
	if !errors.As(err, &e) {
		r.fail("%s: %v, not %v", name, err, expected)
	}
	code := e.Code.String()
	if errors.Is(err, mirra.ErrClosed) {
		code = "closed"
	}
	if code != expected["code"] {
		r.fail("%s: %s (%v), not %v", name, code, err, expected)
	}
	if subject, ok := expected["subject"].(string); ok && e.Subject != r.path(subject) {
		r.fail("%s: the subject %q, not %q", name, e.Subject, r.path(subject))
	}
}

// path gives a path, or a word that is none as it is.
func (r *runner) path(word string) string {
	switch {
	case strings.HasPrefix(word, "@"):
		file, known := r.Files[word[1:]]
		if !known {
			r.fail("the file %q is unknown", word)
		}
		return filepath.Join(r.index.folder, file)
	case strings.HasPrefix(word, "%"):
		return filepath.Join(r.folder, word[1:])
	}
	return word
}

// bytes gives what is in memory under a name.
func (r *runner) bytes(word string) []byte {
	if !strings.HasPrefix(word, "@") {
		return r.memory[word]
	}
	data, err := os.ReadFile(r.path(word))
	if err != nil {
		r.fail("%v", err)
	}
	return data
}

// step gives the fields of a step, each once.
type step struct {
	*runner
	left object
}

func (s *step) take(name string) any {
	v := s.left[name]
	delete(s.left, name)
	return v
}

func (s *step) text(name string) string {
	v, _ := s.take(name).(string)
	return v
}

func (s *step) number(name string) float64 {
	v, _ := s.take(name).(float64)
	return v
}

func (s *step) object(name string) object {
	v, _ := s.take(name).(object)
	return v
}

func (s *step) texts(name string) []string {
	list, _ := s.take(name).([]any)
	var words []string
	for _, word := range list {
		words = append(words, word.(string))
	}
	return words
}

// keep gives an object its name.
func (s *step) keep(o any, err error) error {
	name := s.text("as")
	if err == nil {
		s.objects[name] = o
	}
	return err
}

// named gives the object of a field.
func named[T any](s *step, field string) T {
	s.Helper()
	name := s.text(field)
	o, known := s.objects[name].(T)
	if _, tensors := any(o).(mirra.Tensors); tensors && !known {
		s.Skip("tensors are values of Go, which nothing closes")
	}
	if !known {
		s.fail("there is no %q for %q", name, field)
	}
	return o
}

func (s *step) onEngine() *mirra.Engine {
	if _, given := s.left["engine"]; given {
		return named[*mirra.Engine](s, "engine")
	}
	return s.engine
}

// wanted gives an expected value, which may be one of the index.
func (r *runner) wanted(v any) any {
	o, ok := v.(object)
	if !ok || len(o) != 1 || o["value"] == nil {
		return v
	}
	var at any = r.Values
	for _, key := range strings.Split(o["value"].(string), "/") {
		switch level := at.(type) {
		case object:
			at = level[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(level) {
				r.fail("there is no value %v", v)
			}
			at = level[i]
		}
	}
	return at
}

// same says whether a value is the expected one.
func (r *runner) same(name string, got, want any) {
	r.Helper()
	want = r.wanted(want)
	switch g := reflect.ValueOf(got); {
	case g.CanInt():
		got = float64(g.Int())
	case g.CanUint():
		got = float64(g.Uint())
	}
	switch w := want.(type) {
	case float64:
		if g, ok := got.(float64); !ok || math.Abs(g-w) > 1e-9*math.Abs(w) {
			r.fail("%s is %v, not %v", name, got, w)
		}
	case object:
		g, ok := got.(object)
		if !ok {
			r.fail("%s is %v, not %v", name, got, w)
		}
		r.expect(g, w)
	default:
		if !reflect.DeepEqual(got, want) {
			r.fail("%s is %v, not %v", name, got, want)
		}
	}
}

func (r *runner) expect(got, want object) {
	r.Helper()
	for name, v := range want {
		g, known := got[name]
		if !known {
			r.fail("there is no field %q", name)
		}
		r.same(name, g, v)
	}
}

// fieldsOf gives the fields of a struct by the names that mirra.h has for them.
func fieldsOf(v any) object {
	fields := object{}
	value := reflect.ValueOf(v)
	for i := range value.NumField() {
		field := value.Type().Field(i)
		if field.Anonymous {
			for name, v := range fieldsOf(value.Field(i).Interface()) {
				fields[name] = v
			}
			continue
		}
		name := snake(field.Name)
		fields[name] = value.Field(i).Interface()
		if text, ok := fields[name].(fmt.Stringer); ok {
			fields[name] = text.String()
		}
	}
	return fields
}

// snake makes "bundle_sha256" of "BundleSHA256".
func snake(name string) string {
	var b strings.Builder
	letters := []rune(name)
	for i, letter := range letters {
		if i > 0 && unicode.IsUpper(letter) && (unicode.IsLower(letters[i-1]) ||
			i+1 < len(letters) && unicode.IsLower(letters[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(letter))
	}
	return b.String()
}

// cancelToken is a cancel token: a context that anybody may cancel.
type cancelToken struct {
	context.Context
	cancel context.CancelFunc
}

package mirra

// #include "glue.h"
import "C"

import (
	"fmt"
	"image/color"
	"math"
	"reflect"
	"strconv"
)

// Type is the type of a port, a parameter or a value.
type Type int32

// Types of ports, parameters and values.
const (
	TypeBool   Type = C.MIRRA_TYPE_BOOL
	TypeInt    Type = C.MIRRA_TYPE_INT
	TypeFloat  Type = C.MIRRA_TYPE_FLOAT
	TypeString Type = C.MIRRA_TYPE_STRING
	TypeEnum   Type = C.MIRRA_TYPE_ENUM // a text, one of the choices
	TypeImage  Type = C.MIRRA_TYPE_IMAGE
	TypeTensor Type = C.MIRRA_TYPE_TENSOR
	TypeFile   Type = C.MIRRA_TYPE_FILE  // a text: the path of a file to read, or ""
	TypeColor  Type = C.MIRRA_TYPE_COLOR // a text: "#rrggbb" or "#rrggbbaa", on the sRGB curve
)

var typeNames = []string{"", "bool", "int", "float", "string", "enum", "image", "tensor", "file", "color"}

// String gives the name that the schema uses: "float".
func (t Type) String() string { return nameOf(typeNames, int(t)) }

// Value is a value of a plain type: of a parameter, a port or a result.
type Value struct {
	kind   Type
	number int64
	real   float64
	text   string
}

// ValueOf makes a Value of a bool, an integer, a float, a string, a color.Color or a Value. A number that a port or a
// parameter takes may also be one of its choices, such as "auto".
func ValueOf(v any) (Value, error) {
	switch v := v.(type) {
	case Value:
		return v, nil
	case color.Color:
		c := color.NRGBAModel.Convert(v).(color.NRGBA)
		return Value{kind: TypeColor, real: math.NaN(), text: fmt.Sprintf("#%02x%02x%02x%02x", c.R, c.G, c.B, c.A)}, nil
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Bool:
		if r.Bool() {
			return Value{kind: TypeBool, number: 1}, nil
		}
		return Value{kind: TypeBool}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Value{kind: TypeInt, number: r.Int()}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if r.Uint() > math.MaxInt64 {
			return Value{}, invalid("", fmt.Sprintf("%d is out of range", v), "")
		}
		return Value{kind: TypeInt, number: int64(r.Uint())}, nil
	case reflect.Float32, reflect.Float64:
		return Value{kind: TypeFloat, real: r.Float()}, nil
	case reflect.String:
		return Value{kind: TypeString, real: math.NaN(), text: r.String()}, nil
	}
	return Value{}, invalid("", fmt.Sprintf("a %T is no value", v), "give a bool, a number, a string or a color.Color")
}

// Type says which of the methods gives the value.
func (v Value) Type() Type { return v.kind }

// Bool gives a value of TypeBool; of others whether it is a number other than 0.
func (v Value) Bool() bool { return v.number != 0 || v.kind == TypeFloat && v.real != 0 }

// Int gives a value of TypeInt, 0 or 1 for a bool, a float without its fraction, and 0 for texts.
func (v Value) Int() int64 {
	if v.kind == TypeFloat {
		return int64(v.real)
	}
	return v.number
}

// Float gives a value of TypeFloat or TypeInt; NaN for texts, such as "auto".
func (v Value) Float() float64 {
	if v.kind == TypeInt || v.kind == TypeBool {
		return float64(v.number)
	}
	return v.real
}

// Text gives a value of a text type; "" for others. A number that stands at one of its choices ("auto") is TypeEnum.
func (v Value) Text() string { return v.text }

// Any gives the value as bool, int64, float64 or string.
func (v Value) Any() any {
	switch v.kind {
	case TypeBool:
		return v.number != 0
	case TypeInt:
		return v.number
	case TypeFloat:
		return v.real
	}
	return v.text
}

// String gives the value as a person writes it.
func (v Value) String() string {
	if v.kind == TypeFloat {
		return strconv.FormatFloat(v.real, 'g', -1, 64)
	}
	return fmt.Sprint(v.Any())
}

func (a *arena) value(v any) *C.mirra_value {
	value, err := ValueOf(v)
	if err != nil {
		a.fail(err)
		return nil
	}
	c := one[C.mirra_value](a)
	c._type = C.mirra_type(value.kind)
	c.integer = C.int64_t(value.number)
	c.real = C.double(value.real)
	if value.kind >= TypeString {
		c.text = a.text(value.text)
	}
	return c
}

func valueOf(c *C.mirra_value) Value {
	return Value{kind: Type(c._type), number: int64(c.integer), real: float64(c.real), text: C.GoString(c.text)}
}

// Color gives a value of TypeColor, on the sRGB curve with straight alpha.
func (v Value) Color() (color.NRGBA, error) {
	c := color.NRGBA{A: 0xff}
	n, err := fmt.Sscanf(v.text, "#%02x%02x%02x%02x", &c.R, &c.G, &c.B, &c.A)
	if n < 3 || n == 3 && len(v.text) != len("#rrggbb") {
		return color.NRGBA{}, &Error{Code: ErrInvalidArgument, Message: fmt.Sprintf("%q is no colour", v.text), Cause: err}
	}
	return c, nil
}

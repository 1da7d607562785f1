package mirra

// #include "glue.h"
import "C"

import (
	"io/fs"
	"strings"
)

// Code is the class of an [Error]. The codes are errors themselves, so that errors.Is takes them:
//
//	if errors.Is(err, mirra.ErrBusy) { ... }
type Code int32

// The classes of errors.
const (
	// ErrInvalidArgument: an argument or parameter is missing, out of range or of the wrong type.
	ErrInvalidArgument Code = C.MIRRA_E_INVALID_ARGUMENT
	// ErrNotFound: a file, folder, task, device, graph or parameter does not exist. It is fs.ErrNotExist too.
	ErrNotFound Code = C.MIRRA_E_NOT_FOUND
	// ErrIO: reading or writing failed (permission, full disk).
	ErrIO Code = C.MIRRA_E_IO
	// ErrCorrupt: the content of a file contradicts its format.
	ErrCorrupt Code = C.MIRRA_E_CORRUPT
	// ErrUnsupported: valid, but this build or version cannot do it.
	ErrUnsupported Code = C.MIRRA_E_UNSUPPORTED
	// ErrLimit: a safety limit (pixels, nodes, bytes) is exceeded.
	ErrLimit Code = C.MIRRA_E_LIMIT
	// ErrBudget: the memory limit is too small, even for the smallest tile.
	ErrBudget Code = C.MIRRA_E_BUDGET
	// ErrCancelled: the context was cancelled or its deadline passed; context.Canceled or
	// context.DeadlineExceeded say which. Also Job.Cancel and Engine.Shutdown.
	ErrCancelled Code = C.MIRRA_E_CANCELLED
	// ErrDevice: the device is missing or failed.
	ErrDevice Code = C.MIRRA_E_DEVICE
	// ErrPlugin: a plugin is missing, incompatible or failed.
	ErrPlugin Code = C.MIRRA_E_PLUGIN
	// ErrMismatch: two inputs do not fit together (bundle and task, shapes, sizes).
	ErrMismatch Code = C.MIRRA_E_MISMATCH
	// ErrOutOfMemory: an allocation failed.
	ErrOutOfMemory Code = C.MIRRA_E_OUT_OF_MEMORY
	// ErrBusy: the object is in use by another call.
	ErrBusy Code = C.MIRRA_E_BUSY
	// ErrTimeout: the time given for a wait is over; what was waited for goes on.
	ErrTimeout Code = C.MIRRA_E_TIMEOUT
	// ErrInternal: a bug in Mirra.
	ErrInternal Code = C.MIRRA_E_INTERNAL
)

// ErrClosed is in the chain of every error that comes of using an object after its Close. It is fs.ErrClosed.
var ErrClosed = fs.ErrClosed

// String gives the name that the C interface and the command line use: "not_found".
func (c Code) String() string { return C.GoString(C.mirra_status_name(C.mirra_status(c))) }

// Error makes a Code an error.
func (c Code) Error() string { return "mirra: " + strings.ReplaceAll(c.String(), "_", " ") }

// Is makes ErrNotFound match fs.ErrNotExist.
func (c Code) Is(target error) bool { return c == ErrNotFound && target == fs.ErrNotExist }

// Error is what a call of this package fails with. Get at it with errors.As; compare its class with errors.Is.
type Error struct {
	Code    Code   // the class
	Message string // one sentence: what went wrong
	Subject string // the file, parameter, tensor ... that it is about, or ""
	Hint    string // what to do about it, or ""
	Cause   error  // what lies behind it, such as context.Canceled or the error of a [Source]; may be nil
}

// Error gives message, subject, cause and hint. Many messages name the subject; the others get it in front.
func (e *Error) Error() string {
	text := "mirra: "
	if !strings.Contains(e.Message, e.Subject) {
		text += e.Subject + ": "
	}
	text += e.Message
	if e.Cause != nil && e.Cause != ErrClosed {
		text += ": " + e.Cause.Error()
	}
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Unwrap gives the code and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Code}
	}
	return []error{e.Code, e.Cause}
}

func invalid(subject, message, hint string) error {
	return &Error{Code: ErrInvalidArgument, Message: message, Subject: subject, Hint: hint}
}

// call runs a function of the library that takes an error's place.
func call(f func(e **C.mirra_error) C.mirra_status) error {
	var failed *C.mirra_error
	status := f(&failed)
	if status == C.MIRRA_OK {
		return nil
	}
	defer C.mirra_error_destroy(failed)
	err := &Error{
		Code:    Code(status),
		Message: C.GoString(C.mirra_error_message(failed)),
		Subject: C.GoString(C.mirra_error_subject(failed)),
		Hint:    C.GoString(C.mirra_error_hint(failed)),
	}
	if err.Message == "" {
		err.Message = Code(status).String()
	}
	return err
}

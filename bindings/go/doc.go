// Package mirra takes noise out of photographs, and does whatever else Mirra has a task for: those that ship, and those
// of plugins that were dropped in. It works on the types of the image package.
//
//	engine, err := mirra.NewEngine(nil)
//	session, err := engine.NewSession("denoise", nil)
//	clean, result, err := session.Process(ctx, photo, nil)
//
// An [Engine] knows the tasks. A [Session] is a task with its parameters set. [Session.Process] makes an image of an
// image, [Session.Run] serves every task, and [Session.Submit] runs in the background. A [Picture] is a file with its
// metadata.
//
// # Parameters
//
// Tasks, ports and parameters are data: [Engine.Tasks] lists them, and a dropped-in plugin's are there without a new
// version of this package. Set parameters by name:
//
//	session, err := engine.NewSession("denoise", &mirra.SessionOptions{Params: mirra.Params{"sigma": 12.5}})
//	err = session.Set("detail", 0.5)
//
// # Images
//
// *image.NRGBA, *image.RGBA, *image.Gray, those with 64 and 16 bits, and *[Raw] cross without a copy. [Ports] says what becomes of the others.
// While a run or a job works on an image, its pixels stay where they are, whatever the program drops or closes.
//
// # Cancelling
//
// Runs and jobs take a context.Context. A cancelled or expired context stops the run within 100 ms or one node of the
// network.
//
// # Errors
//
// Every error of a call is an [*Error] with a message, a subject and a hint. Compare classes with errors.Is:
//
//	if errors.Is(err, mirra.ErrNotFound) { ... }
//
// Use after Close is an error ([ErrClosed]), and Close may be called again. What a program forgets to close is closed
// when nobody can reach it any more.
//
// # Goroutines
//
// All objects may be used by all goroutines. A session does one thing at a time, and answers [ErrBusy] meanwhile. Take
// a [Pool] to run on several goroutines at once.
package mirra

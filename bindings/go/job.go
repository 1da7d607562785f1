package mirra

// #include "glue.h"
import "C"

import (
	"context"
	"runtime/cgo"
	"unsafe"
)

// Job is a run in the background. All goroutines may use it at once. It keeps what it needs until it is done: its
// pixels stay in memory and in place, also where the images, the session and the job itself are dropped or closed.
type Job struct {
	h       *handle[*C.mirra_job]
	session *Session
	run     *running
	done    chan struct{}
}

// JobState says whether a job runs, or how it ended.
type JobState int32

// States of a job.
const (
	JobRunning   JobState = C.MIRRA_JOB_RUNNING
	JobDone      JobState = C.MIRRA_JOB_DONE
	JobFailed    JobState = C.MIRRA_JOB_FAILED
	JobCancelled JobState = C.MIRRA_JOB_CANCELLED
)

// String gives the name: "running", "done", "failed", "cancelled".
func (s JobState) String() string {
	return nameOf([]string{"", "running", "done", "failed", "cancelled"}, int(s))
}

// Submit begins a run and returns at once; the arguments are those of [Session.Run]. ctx stops the job as long as it
// runs. Leave the images alone until the job is done, but as RunOptions allows.
func (s *Session) Submit(ctx context.Context, ports Ports, options *RunOptions) (*Job, error) {
	r := &running{ctx: ctx}
	handed := false // to the library, which calls mirraGoRunEnd, also where it fails
	defer func() {
		if !handed {
			r.end()
		}
	}()
	if err := r.prepare(s, ports, options); err != nil {
		return nil, err
	}
	session, err := s.h.use()
	if err != nil {
		return nil, err
	}
	defer s.h.release()
	job := &Job{session: s, run: r, done: make(chan struct{})}
	r.job = job
	values, count := unsafe.SliceData(r.values), C.size_t(len(r.values))
	var pointer *C.mirra_job
	handed = true
	err = call(func(e **C.mirra_error) C.mirra_status {
		return C.mirra_go_submit(session, values, count, r.options, r.events, C.uintptr_t(cgo.NewHandle(r)), &pointer, e)
	})
	if err != nil {
		return nil, err
	}
	job.h = own(job, "job", pointer, func(p *C.mirra_job) { C.mirra_job_destroy(p) })
	return job, nil
}

func (r *running) onDone() { close(r.job.done) }

// Done gives a channel that is closed when the job has ended, well or not. The session is free then, and the images are
// no longer touched.
func (j *Job) Done() <-chan struct{} { return j.done }

// Wait waits until the job has ended and gives what [Session.Run] would give. It may be called again, each time with a
// result of its own. Where ctx ends first, the error is ErrTimeout and the job goes on. ErrBusy in a function that the
// job calls.
func (j *Job) Wait(ctx context.Context) (*Result, error) {
	if err := j.wait(ctx); err != nil {
		return nil, err
	}
	var result *C.mirra_result
	defer func() { C.mirra_result_destroy(result) }()
	err := j.h.call(func(job *C.mirra_job, e **C.mirra_error) C.mirra_status {
		return C.mirra_job_wait(job, -1, &result, e)
	})
	if err := j.run.outcome(j.session.engine, err); err != nil {
		return nil, err
	}
	return resultOf(result)
}

func (j *Job) wait(ctx context.Context) error {
	if j.h == nil {
		_, err := j.h.use()
		return err
	}
	select {
	case <-j.done:
		return nil
	default:
	}
	if j.own() {
		return &Error{Code: ErrBusy, Message: "the job waits for this function to return"}
	}
	select {
	case <-j.done:
		return nil
	case <-ctx.Done():
		return waited(ctx, &Error{Code: ErrTimeout, Message: "the job was not done in time and goes on"})
	}
}

// own says whether the job may be waiting for the function that calls.
func (j *Job) own() bool {
	c := inside()
	return c == &j.run.calls || c != nil && c.logs && c.engine == j.run.engine
}

// JobStatus says how far a job is.
type JobStatus struct {
	State JobState
	Progress
}

// Status says at once how far the job is.
func (j *Job) Status() (JobStatus, error) {
	var status JobStatus
	err := j.h.call(func(job *C.mirra_job, e **C.mirra_error) C.mirra_status {
		s := C.mirra_job_status{struct_size: C.sizeof_mirra_job_status}
		result := C.mirra_job_poll(job, &s, e)
		status = JobStatus{JobState(s.state), Progress{Stage: C.GoString(s.stage), Fraction: float64(s.fraction),
			Tile: uint64(s.tile), TileCount: uint64(s.tile_count), BytesNow: uint64(s.bytes_now),
			BytesPeak: uint64(s.bytes_peak), Previews: uint64(s.previews), Step: uint64(s.step),
			StepCount: uint64(s.step_count)}}
		return result
	})
	return status, err
}

// Cancel asks the job to stop; it does not wait.
func (j *Job) Cancel() {
	_ = j.h.call(func(job *C.mirra_job, _ **C.mirra_error) C.mirra_status {
		C.mirra_job_cancel(job)
		return C.MIRRA_OK
	})
}

// Close stops the job, if it still runs, waits until it no longer touches the images, and gives it back. In a function
// that the job calls it only asks it to stop. It may be called again.
func (j *Job) Close() error {
	j.Cancel()
	if _, err := j.h.use(); err != nil {
		return nil
	}
	j.h.close()
	if j.own() {
		go func() { <-j.done; j.h.release() }()
		return nil
	}
	<-j.done
	j.h.release()
	return nil
}

package mirra

import (
	"context"
	"image"
	"sync"
)

// Pool is a number of like sessions for any number of goroutines: each run takes a free session, or waits for one.
type Pool struct {
	free   chan *Session
	closed chan struct{}
	once   sync.Once
	all    []*Session
}

// NewPool makes a pool of size sessions: s itself, which the pool closes, and clones of it.
func NewPool(s *Session, size int) (*Pool, error) {
	if size < 1 {
		return nil, invalid("size", "a pool has at least one session", "")
	}
	p := &Pool{free: make(chan *Session, size), closed: make(chan struct{}), all: []*Session{s}}
	for len(p.all) < size {
		clone, err := s.Clone()
		if err != nil {
			for _, clone := range p.all[1:] {
				_ = clone.Close()
			}
			return nil, err
		}
		p.all = append(p.all, clone)
	}
	for _, session := range p.all {
		p.free <- session
	}
	return p, nil
}

// Use calls f with a free session, and gives what f gives. f must not keep the session.
func (p *Pool) Use(ctx context.Context, f func(*Session) error) error {
	select {
	case <-p.closed:
		return &Error{Code: ErrInvalidArgument, Message: "the pool is closed", Cause: ErrClosed}
	default:
	}
	select {
	case <-p.closed:
		return &Error{Code: ErrInvalidArgument, Message: "the pool is closed", Cause: ErrClosed}
	case <-ctx.Done():
		return waited(ctx, &Error{Code: ErrCancelled, Message: "no session came free in time"})
	case session := <-p.free:
		defer func() { p.free <- session }()
		return f(session)
	}
}

// Run is [Session.Run] on a free session.
func (p *Pool) Run(ctx context.Context, ports Ports, options *RunOptions) (result *Result, err error) {
	err = p.Use(ctx, func(s *Session) error {
		result, err = s.Run(ctx, ports, options)
		return err
	})
	return result, err
}

// Process is [Session.Process] on a free session.
func (p *Pool) Process(ctx context.Context, img image.Image, options *RunOptions) (made image.Image, result *Result,
	err error) {
	err = p.Use(ctx, func(s *Session) error {
		made, result, err = s.Process(ctx, img, options)
		return err
	})
	return made, result, err
}

// Close closes the sessions; runs that are under way go on. It may be called again.
func (p *Pool) Close() error {
	p.once.Do(func() {
		close(p.closed)
		for _, session := range p.all {
			_ = session.Close()
		}
	})
	return nil
}

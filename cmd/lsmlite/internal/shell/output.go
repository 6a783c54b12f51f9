// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// target is a file that results go to.
type target struct {
	file *os.File
	once bool // for one statement
}

// output sends results to a file, or, if it is nil, to standard output.
func (s *shell) output(t *target) error {
	var err error
	if s.target != nil {
		err = s.target.file.Close()
	}
	s.target, s.out = t, &results{to: s.env.Stdout}
	if t != nil {
		s.out.to = t.file
	}
	return err
}

// results is where results go. It keeps the first error, so that what prints short texts does not look at each.
type results struct {
	to     io.Writer
	failed error
}

func (r *results) Write(p []byte) (int, error) {
	n, err := r.to.Write(p)
	if r.failed == nil {
		r.failed = err
	}
	return n, err
}

// printed returns the error of what has printed results, or else that of a write, and forgets that.
func (s *shell) printed(err error) error {
	failed := s.out.failed
	if s.out.failed = nil; err == nil {
		return failed
	}
	return err
}

// once prints a result, after which the output of .once ends.
func (s *shell) once(result func() error) error {
	t := s.target
	err := result()
	if t != nil && t.once && s.target == t {
		err = errors.Join(err, s.output(nil))
	}
	return err
}

// echoed prints a statement before it runs.
func (s *shell) echoed(text string) { fmt.Fprintln(s.out, text) }

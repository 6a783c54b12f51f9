// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"errors"
	"fmt"
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
	if s.target, s.out = t, s.env.Stdout; t != nil {
		s.out = t.file
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

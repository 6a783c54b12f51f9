// SPDX-License-Identifier: Apache-2.0

package read

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// Program is a Source of the rows of a dump that another program writes to its standard output.
type Program struct {
	*Dump
	cmd    *exec.Cmd
	out    io.Reader
	stderr tail
	ended  bool
}

// Start runs a program, which is ended with ctx.
func Start(ctx context.Context, path string, args ...string) (*Program, error) {
	p := &Program{cmd: exec.CommandContext(ctx, path, args...)}
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.out = stdout
	in, err := Open("-", stdout)
	if err == nil {
		in.Name = path
		p.Dump, err = NewDump(in)
	}
	if err != nil {
		return nil, p.end(err)
	}
	return p, nil
}

// Next implements Source. The end of the rows is the end of a program that has nothing to complain about.
func (p *Program) Next() (row.Row, error) {
	r, err := p.Dump.Next()
	if err != nil && !p.ended {
		err = p.end(err)
	}
	return r, err
}

// end waits for the program after an error of its dump, or its end. What the program says comes first.
func (p *Program) end(err error) error {
	p.ended = true
	if !errors.Is(err, io.EOF) {
		_, _ = io.Copy(io.Discard, p.out)
	}
	failed := p.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](failed); ok && exit.ExitCode() > 0 {
		return env.Errorf(env.Code(exit.ExitCode()), "%s", p.stderr.text())
	}
	if failed != nil && errors.Is(err, io.EOF) {
		return failed
	}
	return err
}

// Close implements Source: it ends the program if that still runs.
func (p *Program) Close() error {
	if !p.ended {
		p.ended = true
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
	return nil
}

// StderrBytes is how much of the errors of a program is kept: the newest.
const StderrBytes = 4 << 10

// tail keeps the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - StderrBytes; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

// text is what was written, without the name of lsmlite-import before it.
func (t *tail) text() string {
	s := string(bytes.TrimSpace(t.b))
	if s == "" {
		return "it fails without saying why"
	}
	return strings.TrimPrefix(s, "lsmlite-import: ")
}

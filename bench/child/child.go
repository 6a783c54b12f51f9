// SPDX-License-Identifier: Apache-2.0

// Package child runs work in processes of this same program. The parent writes one task, as JSON, to
// the child's standard input, and keeps that open: when it is closed, because the parent has ended in
// whatever way, the child ends, too. The child writes one line to its standard output: its answer, or an error.
package child

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// message is a line that a child writes.
type message struct {
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// Flag is the first argument of a child; the second one says what it does.
const Flag = "child"

// Process is a running child.
type Process struct {
	cmd    *exec.Cmd
	input  io.WriteCloser
	output *bufio.Reader
	errors tail
}

// Start starts this program as a child with a task. The child is killed when ctx ends.
func Start(ctx context.Context, role string, task any) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(task)
	if err != nil {
		return nil, err
	}
	p := &Process{cmd: exec.CommandContext(ctx, self, Flag, role)}
	p.cmd.Stderr = &p.errors
	if p.input, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.output = bufio.NewReader(output)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := p.input.Write(append(text, '\n')); err != nil {
		p.Kill()
		p.cmd.Wait()
		return nil, fmt.Errorf("child %s: %w", role, err)
	}
	return p, nil
}

// Wait waits for the answer, which it decodes, and for the end of the child. A child that ends without an
// answer is an error that has the end of what it wrote to standard error.
func (p *Process) Wait(answer any) error {
	line, readErr := p.output.ReadBytes('\n')
	if readErr != nil {
		p.input.Close() // so that it ends; one that has answered does so by itself
	}
	waitErr := p.cmd.Wait()
	var m message
	if readErr == nil {
		if err := json.Unmarshal(line, &m); err != nil {
			readErr = fmt.Errorf("its answer %.80q: %w", line, err)
		}
	}
	switch {
	case m.Error != "":
		return errors.New(m.Error)
	case readErr == nil && m.Answer != nil && waitErr == nil:
		return json.Unmarshal(m.Answer, answer)
	case readErr == nil && m.Answer != nil:
		readErr = errors.New("it has answered and then failed")
	case readErr == nil:
		readErr = errors.New("its answer is empty")
	case errors.Is(readErr, io.EOF):
		readErr = errors.New("it ended without an answer")
	}
	return fmt.Errorf("child process: %w%s", errors.Join(readErr, waitErr), p.errors.text())
}

// Kill kills the child with a signal that it cannot catch. Wait returns then; it must be called, too.
func (p *Process) Kill() { p.cmd.Process.Kill() }

// CPU returns the CPU time of the child's threads. It may be called after Wait.
func (p *Process) CPU() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// Main is what a child does: it reads its task, calls do, and writes what that returns. It returns
// the exit code.
func Main[Task, Answer any](do func(Task) (Answer, error)) int {
	return serve(os.Stdin, os.Stdout, func() { os.Exit(1) }, do)
}

func serve[Task, Answer any](in io.Reader, out io.Writer, orphaned func(), do func(Task) (Answer, error)) int {
	input := bufio.NewReader(in)
	line, err := input.ReadBytes('\n')
	if err != nil {
		return 1 // the parent has ended already
	}
	go func() {
		io.Copy(io.Discard, input)
		orphaned()
	}()
	var m message
	var task Task
	if err = json.Unmarshal(line, &task); err == nil {
		var answer Answer
		if answer, err = do(task); err == nil {
			m.Answer, err = json.Marshal(answer)
		}
	}
	if err != nil {
		m = message{Error: err.Error()}
	}
	text, err := json.Marshal(m)
	if err == nil {
		_, err = out.Write(append(text, '\n'))
	}
	if err != nil || m.Error != "" {
		return 1
	}
	return 0
}

// tail keeps the end of what is written to it.
type tail struct{ buf []byte }

const tailBytes = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if len(t.buf) > 2*tailBytes {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailBytes:]...)
	}
	return len(p), nil
}

func (t *tail) text() string {
	if text := strings.TrimSpace(string(bytes.ToValidUTF8(t.buf, []byte("?")))); text != "" {
		return "; it wrote: " + text
	}
	return ""
}

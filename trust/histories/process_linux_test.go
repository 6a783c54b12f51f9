// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// monotonic is a clock that all processes of a machine share, in nanoseconds.
func monotonic() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic(err)
	}
	return now.Nano()
}

// another is this program in a role, as another process, which prints lines of JSON.
type another struct {
	cmd    *exec.Cmd
	lines  *bufio.Reader
	errors strings.Builder
}

const argumentVariable = "LSMLITE_HISTORIES_ARGUMENT"

// startRole starts one. The role reads its argument with argument.
func startRole(role string, argument any) (*another, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(argument)
	if err != nil {
		return nil, err
	}
	a := &another{cmd: exec.Command(self)}
	a.cmd.Env = append(os.Environ(), roleVariable+"="+role, argumentVariable+"="+string(text))
	a.cmd.Stderr = &a.errors
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	a.lines = bufio.NewReader(out)
	return a, a.cmd.Start()
}

// argument reads what startRole was given.
func argument(to any) error { return json.Unmarshal([]byte(os.Getenv(argumentVariable)), to) }

// say prints a line.
func say(what any) error {
	text, err := json.Marshal(what)
	if err == nil {
		_, err = os.Stdout.Write(append(text, '\n'))
	}
	return err
}

// next reads a line; io.EOF is the end, or half a line of a process that was killed.
func (a *another) next(to any) error {
	line, err := a.lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, to)
}

// wait waits for the end of a process. One that was not killed has to end without an error.
func (a *another) wait(killed bool) error {
	_, _ = io.Copy(io.Discard, a.lines)
	err := a.cmd.Wait()
	if exit, ok := err.(*exec.ExitError); ok && killed && exit.ExitCode() == -1 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the other process: %w: %s", err, a.errors.String())
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// emulator is the command in a terminal, as a person sees and uses it.
type emulator struct {
	t    *testing.T
	cmd  *exec.Cmd
	pty  *os.File
	term vt10x.Terminal

	mu  sync.Mutex
	raw strings.Builder // all that has been written to the terminal
}

// inTerminal starts the command in a folder, with a history of its own.
func inTerminal(t *testing.T, dir string, settings []string, args ...string) *emulator {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "lsmlite")
	if err := os.Symlink(self, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	cmd := exec.Command(link, args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "TERM=xterm-256color", "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"),
		"INPUTRC=/dev/null", "NO_COLOR="), settings...)
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 50, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	s := &emulator{t: t, cmd: cmd, pty: f, term: vt10x.New(vt10x.WithSize(100, 50), vt10x.WithWriter(f))}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		buf, kept := make([]byte, 4096), 0
		for {
			n, err := f.Read(buf[kept:])
			s.mu.Lock()
			s.raw.Write(buf[kept : kept+n])
			s.mu.Unlock()
			whole := wholeRunes(buf[:kept+n])
			s.term.Write(buf[:whole])
			kept = copy(buf, buf[whole:kept+n])
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		f.Close()
		<-copied
	})
	return s
}

// wholeRunes returns how many bytes there are without a character at the end that is not complete, which the emulator
// would lose.
func wholeRunes(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-n:]) {
				return len(b) - n
			}
			break
		}
	}
	return len(b)
}

// keys types something.
func (s *emulator) keys(text string) {
	s.t.Helper()
	if _, err := s.pty.WriteString(text); err != nil {
		s.t.Fatalf("%v\n%s", err, s.screen())
	}
}

// screen is what the terminal shows.
func (s *emulator) screen() string {
	s.term.Lock()
	defer s.term.Unlock()
	var lines []string
	columns, rows := s.term.Size()
	for y := range rows {
		var b strings.Builder
		for x := range columns {
			b.WriteRune(s.term.Cell(x, y).Char)
		}
		lines = append(lines, strings.TrimRight(b.String(), " \x00"))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// all is everything that has been written to the terminal, escapes included.
func (s *emulator) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

// see waits until the screen ends with some lines, without the blanks at the end of each.
func (s *emulator) see(lines ...string) {
	s.t.Helper()
	want := strings.Join(lines, "\n")
	s.until(fmt.Sprintf("the screen ends with\n%s", want), func() bool { return strings.HasSuffix("\n"+s.screen(), "\n"+want) })
}

// contains waits until the screen has a text.
func (s *emulator) contains(text string) {
	s.t.Helper()
	s.until("the screen has "+text, func() bool { return strings.Contains(s.screen(), text) })
}

// until waits for something.
func (s *emulator) until(what string, is func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("after a minute it is not true that %s\nbut the screen is\n%s\n%q", what, s.screen(), s.all())
		}
	}
}

// ends waits until the command has ended, and returns its exit code.
func (s *emulator) ends() int {
	s.t.Helper()
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		failed, ok := errors.AsType[*exec.ExitError](err)
		if err != nil && !ok {
			s.t.Fatal(err)
		}
		if ok {
			return failed.ExitCode()
		}
		return 0
	case <-time.After(60 * time.Second):
		s.t.Fatalf("it does not end; the screen is\n%s", s.screen())
		return -1
	}
}

// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// editor reads what is typed. One goroutine uses it, except for interrupted.
type editor interface {
	// read returns a text that is complete: a dot command, or statements up to the last semicolon. It returns io.EOF
	// after Ctrl-D, and errCleared after Ctrl-C, which drops what has been typed.
	read() (string, error)
	// interrupted is called by another goroutine when Ctrl-C comes as a signal while read waits.
	interrupted()
	// close gives the terminal back as it was. Any goroutine may call it.
	close()
}

var errCleared = errors.New("the line was cleared")

// complete says whether a text can run, or the editor has to read another line.
func complete(text string) bool {
	return strings.HasPrefix(strings.TrimSpace(text), ".") || !open(text)
}

// interact runs what is typed until Ctrl-D or .quit. Ctrl-C stops a statement, or clears the line.
func (s *shell) interact(isNew bool) error {
	if !s.env.Quiet {
		s.greet(isNew)
	}
	ed := s.newEditor()
	defer ed.close()
	in := &interrupts{shell: s, editor: ed}
	defer in.watch()()
	for {
		text, err := ed.read()
		switch {
		case errors.Is(err, errCleared):
			continue
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		err = in.run(func(ctx context.Context) error { return s.typed(ctx, text) })
		if _, ok := errors.AsType[errLeave](err); ok {
			return err
		}
		if s.ctx.Err() != nil {
			return env.Silent(env.Interrupted)
		}
	}
}

func (s *shell) greet(isNew bool) {
	file := text.Name(filepath.Base(s.path))
	if isNew {
		file += ", which is new"
	}
	fmt.Fprintf(s.talk(), "lsmlite: %s. .help lists the commands, Ctrl-D leaves.\n", file)
}

// typed runs a complete text, and prints its errors.
func (s *shell) typed(ctx context.Context, text string) error {
	if strings.HasPrefix(text, ".") {
		err := s.command(ctx, text)
		if _, ok := errors.AsType[errLeave](err); !ok && err != nil {
			s.complain(stopped(ctx, err))
			return nil
		}
		return err
	}
	list, _ := split(text)
	for _, st := range list {
		if err := s.once(func() error { return s.run(ctx, st.text) }); err != nil {
			s.complain(stopped(ctx, origin{}.locate(err, st.at)))
			return nil
		}
	}
	return nil
}

// stopped is what is printed of an error: that Ctrl-C has stopped a statement is no fault.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return errors.New("stopped")
	}
	return err
}

// interrupts makes Ctrl-C stop a statement and not the shell.
type interrupts struct {
	*shell
	editor editor

	mu   sync.Mutex
	stop context.CancelFunc // of the statement that runs, or nil
}

// watch begins to handle signals, and returns what ends that.
func (in *interrupts) watch() (end func()) {
	signals, ended := make(chan os.Signal, 1), make(chan struct{})
	signal.Reset(os.Interrupt) // the context of the whole run does not end with it any more
	signal.Notify(signals, os.Interrupt)
	go func() {
		for {
			select {
			case <-ended:
				return
			case <-signals:
				in.interrupt()
			case <-in.ctx.Done():
				in.leave(ended)
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(ended)
	}
}

func (in *interrupts) interrupt() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.stop != nil {
		in.stop()
	} else {
		in.editor.interrupted()
	}
}

// leave ends the process when it is told to end while it waits for a key, which nothing else can stop.
func (in *interrupts) leave(ended chan struct{}) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.stop != nil {
		return // the statement ends with the context, and the shell after it
	}
	select {
	case <-ended:
	default:
		in.editor.close()
		in.complain(in.shut())
		os.Exit(int(env.Interrupted))
	}
}

// run runs something that Ctrl-C can stop.
func (in *interrupts) run(do func(context.Context) error) error {
	ctx, cancel := context.WithCancel(in.ctx)
	defer cancel()
	in.set(cancel)
	defer in.set(nil)
	return do(ctx)
}

func (in *interrupts) set(stop context.CancelFunc) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.stop = stop
}

// prompt is what stands before the first line of a statement.
func (s *shell) prompt() string {
	if s.savepoints != nil {
		return s.prompts[0] + "*> "
	}
	return s.prompts[0] + "> "
}

// more is what stands before the other lines.
func (s *shell) more() string { return s.prompts[1] + "> " }

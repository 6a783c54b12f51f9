// SPDX-License-Identifier: Apache-2.0

//go:build !aix && !js && !plan9 && !wasip1

package shell

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/reeflective/readline"
	"github.com/reeflective/readline/inputrc"
	"golang.org/x/term"
)

// lineEditor edits lines by package readline, which obeys the user's inputrc.
type lineEditor struct {
	shell   *shell
	rl      *readline.Shell
	history *history
	state   *term.State // of the terminal as it was
}

// newEditor returns what reads from the terminal.
func (s *shell) newEditor() editor {
	if s.env.Stdin != os.Stdin || !s.env.OutTerminal() || os.Getenv("TERM") == "dumb" {
		return s.newPlainEditor()
	}
	state, err := term.GetState(int(os.Stdin.Fd()))
	if err != nil {
		return s.newPlainEditor()
	}
	h, err := openHistory(historyPath())
	if err != nil {
		fmt.Fprintf(s.env.Stderr, "lsmlite: the history is not kept: %v\n", err)
	}
	e := &lineEditor{shell: s, rl: readline.NewShell(inputrc.WithApp("lsmlite")), history: h, state: state}
	// Otherwise each key asks the terminal where the cursor is, and what is typed before the answer may get lost.
	if err := e.rl.Config.Set("cursor-position-probe", false); err != nil {
		fmt.Fprintf(s.env.Stderr, "lsmlite: %v\n", err)
	}
	e.rl.History.Add("history", source{h})
	e.rl.Prompt.Primary(s.prompt)
	e.rl.Prompt.Secondary(s.more)
	e.rl.AcceptMultiline = func(line []rune) bool { return complete(string(line)) }
	e.rl.Completer = e.complete
	if s.env.Colors() {
		e.rl.SyntaxHighlighter = func(line []rune) string { return highlight(string(line)) }
	}
	return e
}

func (e *lineEditor) read() (string, error) {
	if err := e.rl.Config.Set("multiline-column-custom", e.shell.more()); err != nil {
		return "", err
	}
	text, err := e.rl.Readline()
	if errors.Is(err, readline.ErrInterrupt) {
		return "", errCleared
	}
	if err != nil {
		return "", err
	}
	if err := e.history.add(text); err != nil {
		e.history.path = ""
		fmt.Fprintf(e.shell.env.Stderr, "lsmlite: the history is not kept: %v\n", err)
	}
	return strings.TrimSpace(text), nil
}

// interrupted does nothing: while a line is edited, Ctrl-C is a key.
func (e *lineEditor) interrupted() {}

func (e *lineEditor) close() { term.Restore(int(os.Stdin.Fd()), e.state) }

// complete gives the completions in the form of package readline, which replaces all characters up to a blank.
func (e *lineEditor) complete(line []rune, cursor int) readline.Completions {
	c := e.shell.completions(string(line[:cursor]))
	before := strings.TrimSuffix(string(line[:cursor]), c.word)
	glued := before[strings.LastIndexAny(before, " \t\n")+1:]
	var values []readline.Completion
	var open []rune
	for _, cand := range c.list {
		values = append(values, readline.Completion{Value: glued + cand.text, Display: cand.text, Description: cand.help})
		if cand.open {
			r := []rune(cand.text)
			open = append(open, r[len(r)-1])
		}
	}
	out := readline.CompleteRaw(values)
	out.PREFIX = glued + c.word
	if len(open) > 0 {
		out = out.NoSpace(open...)
	}
	return out
}

// source is the history as package readline reads it. It writes nothing: read does that, within the bounds.
type source struct{ *history }

func (s source) Write(string) (int, error) { return len(s.list), nil }
func (s source) Len() int                  { return len(s.list) }
func (s source) Dump() any                 { return s.list }

func (s source) GetLine(i int) (string, error) {
	if i < 0 || i >= len(s.list) {
		return "", fmt.Errorf("the history has no line %d", i)
	}
	return s.list[i], nil
}

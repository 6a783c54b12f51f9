// SPDX-License-Identifier: Apache-2.0

//go:build !aix && !js && !plan9 && !wasip1

package shell

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/reeflective/readline"
	"github.com/reeflective/readline/inputrc"
	"golang.org/x/term"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
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
	h, err := openHistory(historyFor(s.encrypted()))
	if err != nil {
		fmt.Fprintf(s.env.Stderr, "lsmlite: the history is not kept: %s\n", text.Message(err.Error()))
	}
	e := &lineEditor{shell: s, rl: readline.NewShell(inputrc.WithApp("lsmlite")), history: h, state: state}
	e.configure()
	e.showMenu()
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

// settings are those of package readline that differ from its own.
var settings = map[string]bool{
	// Texts are UTF-8. Without these only ASCII can be typed, unless the user's inputrc has them.
	"convert-meta": false, "input-meta": true, "output-meta": true,
	// Otherwise each key asks the terminal where the cursor is, and what is typed before the answer may get lost.
	"cursor-position-probe": false,
}

func (e *lineEditor) configure() {
	for name, value := range settings {
		if err := e.rl.Config.Set(name, value); err != nil {
			fmt.Fprintf(e.shell.env.Stderr, "lsmlite: %s\n", text.Message(err.Error()))
		}
	}
}

// showMenu makes Tab list what there is, unless the user has given the key another meaning.
func (e *lineEditor) showMenu() {
	key := inputrc.Unescape(`\C-i`)
	for _, keys := range e.rl.Config.Binds {
		if bind := keys[key]; bind.Action == "complete" && !bind.Macro {
			keys[key] = inputrc.Bind{Action: "menu-complete"}
		}
	}
}

func (e *lineEditor) read() (string, error) {
	// Without it the last line has no prompt of its own.
	if err := e.rl.Config.Set("multiline-column-custom", e.shell.more()); err != nil {
		return "", err
	}
	typed, err := e.rl.Readline()
	if errors.Is(err, readline.ErrInterrupt) {
		return "", errCleared
	}
	if err != nil {
		return "", err
	}
	// .open may have changed the database since the history was opened.
	if err := e.history.add(typed, historyFor(e.shell.encrypted()) == ""); err != nil {
		e.history.path = ""
		fmt.Fprintf(e.shell.env.Stderr, "lsmlite: the history is not kept: %s\n", text.Message(err.Error()))
	}
	return strings.TrimSpace(typed), nil
}

// interrupted does nothing: while a line is edited, Ctrl-C is a key.
func (e *lineEditor) interrupted() {}

func (e *lineEditor) close() { term.Restore(int(os.Stdin.Fd()), e.state) }

// complete gives the completions in the form of package readline, which replaces a word up to the cursor: so many
// characters as the word has bytes. So the word is only its end that is ASCII. If there is none, nothing is completed.
func (e *lineEditor) complete(line []rune, cursor int) readline.Completions {
	c := e.shell.completions(string(line[:cursor]))
	before := strings.TrimSuffix(string(line[:cursor]), c.word)
	typed := before[strings.LastIndexAny(before, " \t\n")+1:] + c.word
	word := asciiEnd(typed)
	if word == "" && typed != "" {
		return readline.Completions{}
	}
	known := len(c.word) - min(len(word), len(c.word)) // bytes of the candidates that stay as they are
	glued := word[:max(0, len(word)-len(c.word))]
	var values []readline.Completion
	var open []rune
	for _, cand := range c.list {
		values = append(values, readline.Completion{Value: glued + cand.text[known:], Display: cand.text, Description: cand.help})
		if cand.open {
			r := []rune(cand.text)
			open = append(open, r[len(r)-1])
		}
	}
	out := readline.CompleteRaw(values)
	out.PREFIX = word
	if len(open) > 0 {
		out = out.NoSpace(open...)
	}
	return out
}

// asciiEnd returns the ASCII characters that a text ends with.
func asciiEnd(s string) string {
	i := len(s)
	for i > 0 && s[i-1] < utf8.RuneSelf {
		i--
	}
	return s[i:]
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

// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// TestExamples: the help of each subcommand has an example of it, and each example is a command line
// that can be understood.
func TestExamples(t *testing.T) {
	examples := 0
	for _, n := range leaves(model(t)) {
		found := false
		for _, line := range exampleLines(n) {
			calls := calls(t, line)
			if len(calls) == 0 {
				t.Errorf("%s: the example %q calls no lsmlite", n.FullPath(), line)
			}
			for _, args := range calls {
				examples++
				selected := parse(t, args)
				if selected == nil {
					t.Errorf("%s: the example %q cannot be understood", n.FullPath(), line)
				} else if selected.FullPath() == n.FullPath() {
					found = true
				}
			}
		}
		if !found {
			t.Errorf("the help of %s has no example of it", n.FullPath())
		}
	}
	if examples < 10 {
		t.Errorf("only %d examples were looked at", examples)
	}
}

func testParser(t *testing.T) *kong.Kong {
	t.Helper()
	parser, err := newParser(new(commands), &env.Env{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

// parse returns the subcommand that arguments select, or nil if they cannot be understood.
func parse(t *testing.T, args []string) (selected *kong.Node) {
	t.Helper()
	defer func() {
		if _, ok := recover().(exit); ok {
			t.Errorf("%q prints help", args)
		}
	}()
	parser := testParser(t)
	args, err := withRemote(parser.Model.Node, args)
	if err != nil {
		t.Log(err)
		return nil
	}
	call, err := parser.Parse(args)
	if err != nil {
		t.Log(err)
		return nil
	}
	return call.Selected()
}

// exampleLines are the lines of the examples in the help of a command.
func exampleLines(n *kong.Node) (lines []string) {
	_, examples, _ := strings.Cut(n.Detail, "Examples:\n\n")
	for line := range strings.Lines(examples) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// calls returns the arguments of each call of lsmlite in a line of a shell script.
func calls(t *testing.T, line string) (out [][]string) {
	t.Helper()
	var words []string
	end := func() {
		if len(words) > 0 && words[0] == "lsmlite" {
			out = append(out, words[1:])
		}
		words = nil
	}
	redirected := false
	for _, w := range shellWords(t, line) {
		switch {
		case !w.operator && redirected:
			redirected = false
		case !w.operator:
			words = append(words, w.text)
		case w.text == ">" || w.text == "<":
			redirected = true
		default:
			end()
			redirected = false
		}
	}
	end()
	return out
}

// shellWord is a word, or an operator, of a line.
type shellWord struct {
	text     string
	operator bool
}

// shellWords splits a line as a shell does, as far as examples need it.
func shellWords(t *testing.T, line string) (out []shellWord) {
	t.Helper()
	word, inWord := "", false
	flush := func() {
		if inWord {
			out = append(out, shellWord{text: word})
		}
		word, inWord = "", false
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ':
			flush()
		case c == '#' && !inWord:
			return out
		case c == '\'':
			n := strings.IndexByte(line[i+1:], '\'')
			if n < 0 {
				t.Fatalf("a quote is open in %q", line)
			}
			word, inWord = word+line[i+1:i+1+n], true
			i += n + 1
		case c == '"':
			for i++; i < len(line) && line[i] != '"'; i++ {
				if line[i] == '\\' && i+1 < len(line) && strings.IndexByte("\"\\$`", line[i+1]) >= 0 {
					i++
				}
				word += string(line[i])
			}
			if i == len(line) {
				t.Fatalf("a quote is open in %q", line)
			}
			inWord = true
		case c == '\\' && i+1 < len(line):
			i++
			word, inWord = word+string(line[i]), true
		case strings.IndexByte("|&;()", c) >= 0:
			flush()
			out = append(out, shellWord{string(c), true})
		case c == '<' || c == '>':
			flush()
			if i+1 < len(line) && line[i+1] == '(' {
				i++
				out = append(out, shellWord{"(", true})
				continue
			}
			out = append(out, shellWord{string(c), true})
		default:
			word, inWord = word+string(c), true
		}
	}
	flush()
	return out
}

// TestShellWords shows that the examples are read as a shell reads them.
func TestShellWords(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"lsmlite check my.lsm", "check|my.lsm"},
		{"lsmlite get my.lsm 'a b'   # a comment", "get|my.lsm|a b"},
		{`lsmlite get my.lsm "x'00ff'" > value.bin`, "get|my.lsm|x'00ff'"},
		{`lsmlite my.lsm "SELECT \"a\\b\""`, `my.lsm|SELECT "a\b"`},
		{"source <(lsmlite completion bash)", "completion|bash"},
		{"lsmlite a | lsmlite b && lsmlite c < d e", "a;b;c|e"},
		{"echo lsmlite", ""},
	} {
		var got []string
		for _, args := range calls(t, c.line) {
			got = append(got, strings.Join(args, "|"))
		}
		if g := strings.Join(got, ";"); g != c.want {
			t.Errorf("%s: %s, want %s", c.line, g, c.want)
		}
	}
}

// TestCandidates completes what shells give as several words, and flags of commands that stand for others.
func TestCandidates(t *testing.T) {
	for _, c := range []struct{ words, want string }{
		{"exit", "exit-codes"},
		{"--color al", "always"},
		{"--color = al", "--color=always"},
		{"--color=al", "--color=always"},
		{"bench --safety =", "--safety=off --safety=normal --safety=full"},
		{"--out=", ""},
		{"bench --val", "--value-size"},
		{"bench run --val", "--value-size"},
		{"bench compare --val", ""},
		{"completion zsh", ""},
		{"get file exit", ""},
		{"__comp", ""},
	} {
		var got []string
		for _, w := range candidates(testParser(t).Model, strings.Fields(c.words)) {
			got = append(got, w.text)
			if w.help == "" || strings.Contains(w.help, "\n") {
				t.Errorf("%s: the help of %s is %q", c.words, w.text, w.help)
			}
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s: %q, want %q", c.words, g, c.want)
		}
	}
}

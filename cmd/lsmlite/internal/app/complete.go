// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// completion prints what a shell has to load.
type completion struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"One of ${enum}."`
}

func (completion) Help() string {
	return env.Help("The script completes commands, flags and the words they may have; everything else is completed as file names.",
		"source <(lsmlite completion bash)   # in ~/.bashrc",
		"source <(lsmlite completion zsh)    # in ~/.zshrc, after compinit",
		"lsmlite completion fish > ~/.config/fish/completions/lsmlite.fish")
}

// scripts call lsmlite __complete with the words before the cursor, the last one unfinished, and
// get a line for each word that may stand there, with its description after a tab. Without any
// line they complete file names. Bash takes --name=value for three words, and wants the third alone.
var scripts = map[string]string{
	"bash": `_lsmlite() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    [[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]] && line=${line#*=}
    COMPREPLY+=("$line")
  done < <("${COMP_WORDS[0]}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1)
}
complete -o default -F _lsmlite lsmlite
`,
	"zsh": `_lsmlite() {
  local -a lines
  lines=("${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  lines=("${(@)lines//:/\\:}")
  lines=("${(@)lines/$'\t'/:}")
  if [[ -n "${lines[1]}" ]]; then
    _describe lsmlite lines
  else
    compset -P '--*='
    _files
  fi
}
compdef _lsmlite lsmlite
`,
	"fish": `function __lsmlite_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines ($words[1] __complete -- $words[2..-1] 2>/dev/null)
  if test (count $lines) -gt 0
    printf '%s\n' $lines
  else
    set -l flag (string match -r -- '^--[^=]*=' (commandline -ct))
    for path in (__fish_complete_path (string replace -r -- '^--[^=]*=' '' (commandline -ct)))
      echo "$flag$path"
    end
  end
end
complete -c lsmlite -f -a '(__lsmlite_complete)'
`,
}

func (c completion) Run(e *env.Env) error {
	_, err := fmt.Fprint(e.Stdout, scripts[c.Shell])
	return err
}

// complete prints the words that may stand in the place of the last one.
type complete struct {
	Words []string `arg:"" optional:""`
}

func (c complete) Run(e *env.Env, app *kong.Application) error {
	for _, w := range candidates(app, c.Words) {
		fmt.Fprintf(e.Stdout, "%s\t%s\n", w.text, w.help)
	}
	return nil
}

// candidate is a word that may be completed to.
type candidate struct{ text, help string }

// candidates returns the words that begin as the last of words does, and fit there.
func candidates(app *kong.Application, words []string) []candidate {
	words = joined(words)
	last := ""
	if n := len(words); n > 0 {
		words, last = words[:n-1], words[n-1]
	}
	at := walk(app.Node, words)
	var out []candidate
	add := func(text, help string) {
		if strings.HasPrefix(text, last) && text != last {
			out = append(out, candidate{text, firstSentence(help)})
		}
	}
	name, _, hasValue := strings.Cut(last, "=")
	switch {
	case at.want != nil:
		for _, v := range at.want.EnumSlice() {
			add(v, at.want.Help)
		}
	case strings.HasPrefix(last, "-") && hasValue:
		if f := awaits(at.node, name); f != nil {
			for _, v := range f.EnumSlice() {
				add(name+"="+v, f.Help)
			}
		}
	case strings.HasPrefix(last, "-"):
		for _, f := range flags(at.node) {
			if !f.Hidden {
				add("--"+f.Name, f.Help)
			}
		}
	default:
		for _, n := range at.node.Children {
			if !n.Hidden && at.args == 0 {
				add(n.Name, n.Help)
			}
		}
		if p := at.node.Positional; at.args < len(p) {
			for _, v := range p[at.args].EnumSlice() {
				add(v, p[at.args].Help)
			}
		}
	}
	return out
}

// joined puts --name, = and value together where a shell has given them as three words.
func joined(words []string) (out []string) {
	for i := 0; i < len(words); i++ {
		if n := len(out); words[i] == "=" && n > 0 && strings.HasPrefix(out[n-1], "--") {
			out[n-1] += "="
			if i++; i < len(words) {
				out[n-1] += words[i]
			}
			continue
		}
		out = append(out, words[i])
	}
	return out
}

// flags are those that may follow a command: its own, those of the command that it stands for without
// another one, and those of its parents.
func flags(n *kong.Node) (out []*kong.Flag) {
	if n.DefaultCmd != nil {
		out = append(out, n.DefaultCmd.Flags...)
	}
	for ; n != nil; n = n.Parent {
		out = append(out, n.Flags...)
	}
	return out
}

// place is where in the command line the cursor is.
type place struct {
	node *kong.Node
	args int         // positional arguments before it
	want *kong.Value // the flag whose value is expected, or nil
}

// walk follows words from a command to the place after them.
func walk(n *kong.Node, words []string) place {
	at := place{node: n}
	for _, w := range words {
		if at.want != nil {
			at.want = nil
			continue
		}
		if strings.HasPrefix(w, "-") {
			at.want = awaits(at.node, w)
			continue
		}
		i := slices.IndexFunc(at.node.Children, func(c *kong.Node) bool { return c.Name == w })
		if i >= 0 && at.args == 0 {
			at.node = at.node.Children[i]
			continue
		}
		at.args++
	}
	return at
}

// awaits returns the flag that a word names if its value is the next word.
func awaits(n *kong.Node, word string) *kong.Value {
	for _, f := range flags(n) {
		long, short := word == "--"+f.Name, f.Short != 0 && word == "-"+string(f.Short)
		if (long || short) && !f.IsBool() {
			return f.Value
		}
	}
	return nil
}

func firstSentence(s string) string {
	s, _, _ = strings.Cut(s, ". ")
	return strings.TrimSuffix(s, ".")
}

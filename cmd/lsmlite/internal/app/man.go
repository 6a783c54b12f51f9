// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

type man struct{}

func (man) Help() string {
	return env.Help("The man page is made from the same text as --help.",
		"lsmlite man > ~/.local/share/man/man1/lsmlite.1   # install it", "lsmlite man | man -l -   # read it")
}

func (man) Run(e *env.Env, app *kong.Application) error {
	w := bufio.NewWriter(e.Stdout)
	writeMan(w, app)
	return w.Flush()
}

// writeMan writes the man page in the language of man(7).
func writeMan(w io.Writer, app *kong.Application) {
	fmt.Fprintf(w, ".TH LSMLITE 1\n.SH NAME\nlsmlite \\- shell and tools for lsm1 databases\n")
	fmt.Fprintf(w, ".SH SYNOPSIS\n.B lsmlite\n.I FILE\n[\\fISQL\\fR]\n.br\n.B lsmlite\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n")
	fmt.Fprintf(w, ".SH DESCRIPTION\n%s\n", roff(app.Help))
	fmt.Fprintf(w, ".SH OPTIONS\n")
	manFlags(w, app.Node)
	fmt.Fprintf(w, ".SH COMMANDS\n")
	for _, c := range leaves(app.Node) {
		fmt.Fprintf(w, ".SS %s\n%s\n", roff(usage(c)), roff(c.Help))
		if c.Detail != "" {
			fmt.Fprintf(w, ".PP\n%s\n", roffDetail(c.Detail))
		}
		for _, p := range c.Positional {
			fmt.Fprintf(w, ".TP\n.I %s\n%s\n", roff(strings.ToUpper(p.Name)), roff(p.Help))
		}
		manFlags(w, c)
	}
	fmt.Fprintf(w, ".SH EXIT STATUS\n")
	for _, c := range env.Codes {
		fmt.Fprintf(w, ".TP\n%d\n%s\n", c.Code, roff(c.Meaning))
	}
}

// manFlags writes the flags of a command, without those that it has from its parents.
func manFlags(w io.Writer, n *kong.Node) {
	for _, f := range n.Flags {
		if f.Hidden {
			continue
		}
		fmt.Fprintf(w, ".TP\n.B %s\n%s\n", roff(flagUsage(f)), roff(f.Help))
	}
}

// flagUsage is a flag as it is written.
func flagUsage(f *kong.Flag) string {
	s := "--" + f.Name
	if f.Short != 0 {
		s = "-" + string(f.Short) + ", " + s
	}
	if !f.IsBool() {
		s += "=" + f.FormatPlaceHolder()
	}
	return s
}

// usage is a command with its arguments.
func usage(n *kong.Node) string {
	s := n.FullPath()
	for _, p := range n.Positional {
		s += " " + p.Summary()
	}
	return s
}

// leaves are the commands that can be run, in the order of the model, hidden ones left out.
func leaves(n *kong.Node) (out []*kong.Node) {
	for _, c := range n.Children {
		switch {
		case c.Hidden:
		case len(c.Children) > 0:
			out = append(out, leaves(c)...)
		default:
			out = append(out, c)
		}
	}
	return out
}

// roffDetail renders a detailed help, whose indented lines are commands to be shown as they are.
func roffDetail(s string) string {
	var b strings.Builder
	code := false
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\n")
		indented := strings.HasPrefix(line, "    ")
		if indented != code && (indented || line != "") {
			b.WriteString(map[bool]string{true: ".PP\n.nf\n", false: ".fi\n.PP\n"}[indented])
			code = indented
		}
		b.WriteString(roff(line) + "\n")
	}
	if code {
		b.WriteString(".fi\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// roff escapes text.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}

// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// dotCommand is a command of the shell itself.
type dotCommand struct {
	name, args, help string
	min, max         int  // of arguments; max -1 is any number
	files            bool // it reads or writes other files, which --safe refuses
	rest             bool // its argument is the rest of the line, as it is
	result           bool // what it prints is a result, after which the output of .once ends
	run              func(ctx context.Context, s *shell, args []string) error
}

// dots are the commands by name.
var dots []dotCommand

func init() { // not an initializer: .help refers to the table
	results := slices.Concat(dotDatabase, dotSubcommands)
	for i := range results {
		results[i].result = true
	}
	dots = slices.Concat(dotSettings, dotFiles, results)
	slices.SortFunc(dots, func(a, b dotCommand) int { return strings.Compare(a.name, b.name) })
}

// usage shows how a command is written.
func (d dotCommand) usage() string { return strings.TrimRight("."+d.name+" "+d.args, " ") }

// command runs a line that begins with a dot.
func (s *shell) command(ctx context.Context, line string) error {
	name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	d, err := dotNamed(strings.TrimPrefix(name, "."))
	if err != nil {
		return err
	}
	args := []string{strings.TrimSpace(rest)}
	if !d.rest {
		if args, err = words(rest); err != nil {
			return err
		}
	} else if args[0] == "" {
		args = nil
	}
	if len(args) < d.min || d.max >= 0 && len(args) > d.max {
		return env.Errorf(env.Refused, "usage: %s: %s", d.usage(), d.help)
	}
	if d.files && s.safe {
		return env.Errorf(env.Refused, ".%s is refused, because of --safe", d.name)
	}
	if d.result {
		return s.once(func() error { return s.printed(d.run(ctx, s, args)) })
	}
	return s.printed(d.run(ctx, s, args))
}

// dotNamed returns the command of a name, or of the beginning of one name only.
func dotNamed(name string) (dotCommand, error) {
	var found []dotCommand
	for _, d := range dots {
		if d.name == name {
			return d, nil
		}
		if name != "" && strings.HasPrefix(d.name, name) {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return dotCommand{}, env.Errorf(env.Refused, "there is no command .%s; .help lists all", name)
	}
	var names []string
	for _, d := range found {
		names = append(names, "."+d.name)
	}
	return dotCommand{}, env.Errorf(env.Refused, ".%s is the beginning of %s", name, strings.Join(names, ", "))
}

// words cuts a line into arguments. Between single quotes everything stands for itself; between double quotes there are
// the escapes \n, \t, \r, \0, \" and \\.
func words(line string) (list []string, err error) {
	for {
		line = strings.TrimLeft(line, " \t\r\n")
		if line == "" {
			return list, nil
		}
		var word string
		switch line[0] {
		case '\'', '"':
			if word, line, err = quotedWord(line); err != nil {
				return nil, err
			}
		default:
			end := strings.IndexAny(line, " \t\r\n")
			if end < 0 {
				end = len(line)
			}
			word, line = line[:end], line[end:]
		}
		list = append(list, word)
	}
}

// quotedWord returns the word that a line begins with, and the rest.
func quotedWord(line string) (word, rest string, err error) {
	quote := line[0]
	var b strings.Builder
	for i := 1; i < len(line); i++ {
		switch c := line[i]; {
		case c == quote:
			return b.String(), line[i+1:], nil
		case c == '\\' && quote == '"' && i+1 < len(line):
			i++
			b.WriteString(escape(line[i]))
		default:
			b.WriteByte(c)
		}
	}
	return "", "", env.Errorf(env.Refused, "no quote closes %s", strings.TrimSpace(line))
}

func escape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case '0':
		return "\x00"
	case '"', '\\':
		return string(c)
	}
	return "\\" + string(c)
}

// toggle reads on or off.
func toggle(word string) (bool, error) {
	switch strings.ToLower(word) {
	case "on", "yes", "1", "true":
		return true, nil
	case "off", "no", "0", "false":
		return false, nil
	}
	return false, env.Errorf(env.Refused, "%q is neither on nor off", word)
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// help prints the commands whose name or description has a word in it.
func help(_ context.Context, s *shell, args []string) error {
	found := 0
	for _, d := range dots {
		if len(args) == 1 {
			word := strings.ToLower(strings.TrimPrefix(args[0], "."))
			if !strings.Contains(d.name, word) && !strings.Contains(strings.ToLower(d.help), word) {
				continue
			}
		}
		found++
		fmt.Fprintf(s.out, "%-30s %s\n", d.usage(), d.help)
	}
	if found == 0 {
		return env.Errorf(env.Refused, "no command has %q in its name or description; .help lists all", args[0])
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// dotSettings are the commands that set something in the shell, or end it.
var dotSettings = []dotCommand{
	{name: "bail", args: "on|off", help: "stop a script at the first error", min: 1, max: 1,
		run: switches(func(s *shell) *bool { return &s.bail })},
	{name: "changes", args: "on|off", help: "print how many rows a statement has changed", min: 1, max: 1,
		run: switches(func(s *shell) *bool { return &s.changes })},
	{name: "echo", args: "on|off", help: "print each statement of a script before it runs", min: 1, max: 1,
		run: switches(func(s *shell) *bool { return &s.echo })},
	{name: "exit", args: "[CODE]", help: "leave, with an exit code", max: 1, run: leave},
	{name: "explain", args: "on|off|STATEMENT", help: "show how a statement would run; on: show it of each before it runs", min: 1, max: 1,
		rest: true, run: explain},
	{name: "headers", args: "on|off|auto", help: "print the names of the columns", min: 1, max: 1, run: setHeaders},
	{name: "help", args: "[WORD]", help: "describe the commands, or those that have to do with a word", max: 1, run: help},
	{name: "mode", args: "[MODE]", help: "how rows are printed; without MODE: list the modes", max: 1, run: setMode},
	{name: "nullvalue", args: "TEXT", help: "what is printed for NULL", min: 1, max: 1, run: func(_ context.Context, s *shell, args []string) error {
		s.show.Null = &args[0]
		return nil
	}},
	{name: "parameter", args: "list|clear|set NAME VALUE|unset NAME", help: "the values of parameters in statements, such as :k", min: 1, max: 1,
		rest: true, run: parameter},
	{name: "print", args: "[TEXT]", help: "print a text", max: -1, run: printText},
	{name: "prompt", args: "MAIN [MORE]", help: "the prompt, and that of the next lines of a statement", min: 1, max: 2, run: setPrompt},
	{name: "quit", help: "leave", run: leave},
	{name: "separator", args: "TEXT", help: "what stands between columns in the modes list, csv, hex and quote", min: 1, max: 1,
		run: func(_ context.Context, s *shell, args []string) error {
			s.show.Separator = args[0]
			return nil
		}},
	{name: "show", help: "show what these commands have set", run: showSettings},
	{name: "timer", args: "on|off", help: "print how long each statement takes", min: 1, max: 1,
		run: switches(func(s *shell) *bool { return &s.timer })},
}

// switches returns what sets something to on or off.
func switches(of func(*shell) *bool) func(context.Context, *shell, []string) error {
	return func(_ context.Context, s *shell, args []string) error {
		on, err := toggle(args[0])
		if err == nil {
			*of(s) = on
		}
		return err
	}
}

func leave(_ context.Context, _ *shell, args []string) error {
	if len(args) == 0 {
		return errLeave{}
	}
	code, err := strconv.Atoi(args[0])
	if err != nil || code < 0 || code > 255 {
		return env.Errorf(env.Refused, "%q is no exit code: 0 to 255", args[0])
	}
	return errLeave{env.Silent(env.Code(code))}
}

func explain(ctx context.Context, s *shell, args []string) error {
	if on, err := toggle(args[0]); err == nil {
		s.explain = on
		return nil
	}
	list, _ := split(args[0])
	for _, st := range list {
		if err := s.run(ctx, "EXPLAIN QUERY PLAN "+st.text); err != nil {
			return err
		}
	}
	return nil
}

func setHeaders(_ context.Context, s *shell, args []string) error {
	if args[0] == "auto" {
		s.show.Headers = show.HeadersAuto
		return nil
	}
	on, err := toggle(args[0])
	if err == nil {
		s.show.Headers = headers(on)
	}
	return err
}

func setMode(_ context.Context, s *shell, args []string) error {
	if len(args) == 0 {
		for _, m := range show.Modes() {
			mark := ' '
			if m.Mode == s.show.Mode {
				mark = '*'
			}
			fmt.Fprintf(s.out, "%c %-9s %s\n", mark, m.Mode, m.Help)
		}
		return nil
	}
	mode, err := show.ParseMode(args[0])
	if err != nil {
		return env.Errorf(env.Refused, "%w", err)
	}
	s.show.Mode, s.show.Separator = mode, ""
	return nil
}

func setPrompt(_ context.Context, s *shell, args []string) error {
	copy(s.prompts[:], args)
	return nil
}

func printText(_ context.Context, s *shell, args []string) error {
	for i, a := range args {
		if i > 0 {
			fmt.Fprint(s.out, " ")
		}
		fmt.Fprint(s.out, a)
	}
	fmt.Fprintln(s.out)
	return nil
}

// showSettings prints what is set.
func showSettings(_ context.Context, s *shell, _ []string) error {
	header := map[show.Headers]string{show.HeadersAuto: "auto", show.HeadersOn: "on", show.HeadersOff: "off"}[s.show.Headers]
	null, output, file := "(by mode)", "stdout", s.where()
	if s.show.Null != nil {
		null = strconv.Quote(*s.show.Null)
	}
	if s.target != nil {
		output = s.target.file.Name()
	}
	if s.db == nil {
		file = "(none)"
	}
	separator := "(by mode)"
	if s.show.Separator != "" {
		separator = strconv.Quote(s.show.Separator)
	}
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	for _, line := range [][2]string{
		{"bail", onOff(s.bail)}, {"changes", onOff(s.changes)}, {"echo", onOff(s.echo)}, {"explain", onOff(s.explain)},
		{"file", file}, {"folder", folder}, {"headers", header}, {"mode", string(s.show.Mode)}, {"nullvalue", null}, {"output", output},
		{"separator", separator}, {"timer", onOff(s.timer)}, {"transaction", onOff(s.savepoints != nil)},
	} {
		fmt.Fprintf(s.out, "%11s: %s\n", line[0], text.Message(line[1]))
	}
	return nil
}

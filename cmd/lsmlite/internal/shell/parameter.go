// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/parser"
)

const parameterUsage = "usage: .parameter list, clear, set NAME VALUE or unset NAME; a name is :k, @k, $k or ?1"

// parameter sets the values of the parameters of statements.
func parameter(_ context.Context, s *shell, args []string) error {
	verb, rest, _ := strings.Cut(args[0], " ")
	name, value, hasValue := strings.Cut(strings.TrimSpace(rest), " ")
	value = strings.TrimSpace(value)
	switch {
	case verb == "list" && rest == "":
		for _, name := range slices.Sorted(maps.Keys(s.parameters)) {
			fmt.Fprintf(s.out, "%s %s\n", name, show.Literal(s.parameters[name]))
		}
		return nil
	case verb == "clear" && rest == "":
		s.parameters = nil
		return nil
	case verb == "unset" && isParameter(name) && !hasValue:
		delete(s.parameters, name)
		return nil
	case verb == "set" && isParameter(name) && value != "":
		v, err := parameterValue(value)
		if err != nil {
			return env.Errorf(env.Refused, "%w", err)
		}
		if s.parameters == nil {
			s.parameters = make(map[string]any)
		}
		s.parameters[name] = v
		return nil
	}
	return env.Errorf(env.Refused, parameterUsage)
}

// isParameter says whether a word is a parameter with a name or a number.
func isParameter(word string) bool {
	for p := range parser.Pieces(word) {
		return p.Kind == parser.PieceParam && p.Text == word && word != "?"
	}
	return false
}

// parameterValue reads a literal of SQL, or a text as the subcommands do.
func parameterValue(value string) (any, error) {
	if list, err := parser.Parse("SELECT " + value); err == nil && len(list) == 1 {
		st, _ := list[0].Body.(*parser.Select)
		if st != nil && len(st.Results) == 1 && st.From == nil && st.Where == nil && st.Results[0].Alias == nil {
			if l, ok := st.Results[0].Expr.(*parser.Literal); ok {
				return goValue(l.Value), nil
			}
		}
	}
	return text.Parse(value)
}

func goValue(v parser.Value) any {
	switch v.Kind {
	case parser.Int:
		return v.Int
	case parser.Uint:
		return uint64(v.Int)
	case parser.Real:
		return v.Real
	}
	return v.Bytes
}

// arguments returns the values of the parameters that a statement has, by their numbers. ? and a name that is new have
// the number after the greatest before.
func (s *shell) arguments(text string) ([]any, error) {
	if !strings.ContainsAny(text, "?:@$") {
		return nil, nil
	}
	var names []string // by number, less 1; empty for a number that the statement does not have
	seen := make(map[string]bool)
	for p := range parser.Pieces(text) {
		if len(names) > parser.MaxParams {
			return nil, nil // the parser refuses it
		}
		switch {
		case p.Kind != parser.PieceParam:
		case p.Text == "?":
			names = append(names, "?"+strconv.Itoa(len(names)+1))
		case p.Text[0] == '?':
			n, err := strconv.Atoi(p.Text[1:])
			if err != nil || n < 1 || n > parser.MaxParams {
				return nil, nil // this, too
			}
			names = append(names, make([]string, max(0, n-len(names)))...)
			if names[n-1] == "" {
				names[n-1] = "?" + strconv.Itoa(n)
			}
		case !seen[p.Text]:
			seen[p.Text] = true
			names = append(names, p.Text)
		}
	}
	return s.valuesOf(names)
}

func (s *shell) valuesOf(names []string) ([]any, error) {
	args := make([]any, len(names))
	for i, name := range names {
		v, ok := s.parameters[name]
		if !ok && name != "" {
			return nil, unset(name)
		}
		if args[i] = v; !ok {
			args[i] = []byte{}
		}
	}
	return args, nil
}

func unset(name string) error {
	return env.Errorf(env.Refused, "the parameter %s has no value; .parameter set %s VALUE gives it one", name, name)
}

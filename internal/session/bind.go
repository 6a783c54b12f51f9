// SPDX-License-Identifier: Apache-2.0

package session

import (
	"database/sql/driver"

	"github.com/lsmlite/lsmlite-go/parser"
)

// bindArguments puts the arguments of a text into the order of its parameters, appended
// to dst. Bytes that have to be made are appended to *scratch; others are shared with
// args.
func bindArguments(
	dst []parser.Value, scratch *[]byte, plans []*parser.Plan, args []driver.NamedValue,
) ([]parser.Value, error) {
	if len(plans) == 0 {
		if len(args) > 0 {
			return dst, misusef("bind", "the text has no statement, and %d arguments are given", len(args))
		}
		return dst, nil
	}
	p := plans[0] // the numbering is the whole text's
	start := len(dst)
	for range p.NumInput {
		dst = append(dst, parser.Value{})
	}
	values := dst[start:]
	next := 0 // as many are given by their places, in order
	for next < len(args) && next < len(values) && args[next].Name == "" && args[next].Ordinal == next+1 {
		v := &values[next]
		switch arg := args[next].Value.(type) {
		case []byte:
			if arg == nil {
				return dst, checkBytes(arg)
			}
			v.Kind, v.Bytes = parser.Bytes, arg
		case string:
			v.Kind, v.Bytes = parser.Bytes, bytesOf(arg)
		default:
			var err error
			if *v, err = toValue(arg, scratch); err != nil {
				return dst, err
			}
		}
		next++
	}
	if next == len(args) && next == len(values) {
		return dst, nil
	}
	names := parameterNames(p.Names, len(args)-next)
	for i := next; i < len(args); i++ {
		a := &args[i]
		v, err := toValue(a.Value, scratch)
		if err != nil {
			return dst, err
		}
		if a.Name == "" {
			if a.Ordinal > len(values) {
				return dst, misusef("bind", "the statement takes %d arguments, and %d are given", p.NumInput, len(args))
			}
			if !place(&values[a.Ordinal-1], v) {
				return dst, misusef("bind", "argument %d is given twice, by name and by place", a.Ordinal)
			}
			continue
		}
		numbers := names(a.Name)
		for _, n := range numbers {
			if !place(&values[n], v) {
				return dst, misusef("bind", "the argument %s is given twice", a.Name)
			}
		}
		if len(numbers) == 0 {
			return dst, misusef("bind", "the statement has no parameter named %s", a.Name)
		}
	}
	for n := range values {
		if values[n].Kind != parser.Null {
			continue
		}
		if name := p.Names[n]; name != "" {
			return dst, misusef("bind", "there is no argument for the parameter %s", name)
		}
		return dst, misusef("bind", "the statement takes %d arguments, and number %d is not given", p.NumInput, n+1)
	}
	return dst, nil
}

// parameterNames returns what finds the parameters of a name, of which there are more than
// one where :a and @a stand in one text. It is asked so many times.
func parameterNames(names []string, times int) func(name string) []int {
	if len(names)*times < 1<<10 { // a look at each costs less than a map
		var found []int
		return func(name string) []int {
			found = found[:0]
			for n := range names {
				if names[n] == name {
					found = append(found, n)
				}
			}
			return found
		}
	}
	numbers := make(map[string][]int, len(names))
	for n, name := range names {
		if name != "" {
			numbers[name] = append(numbers[name], n)
		}
	}
	return func(name string) []int { return numbers[name] }
}

// place puts v into an empty place. No argument is NULL, so NULL means empty.
func place(dst *parser.Value, v parser.Value) bool {
	if dst.Kind != parser.Null {
		return false
	}
	*dst = v
	return true
}

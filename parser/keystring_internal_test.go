// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"errors"
	"strings"
	"testing"
)

// TestTextKeys is about numbers where the database makes keys of them.
func TestTextKeys(t *testing.T) {
	keys := &KeyType{Name: "text", Class: ClassBytes, Encode: func(dst []byte, v Value) ([]byte, Fit, error) {
		if v.Kind == Real {
			return nil, 0, errors.New("no reals")
		}
		return v.AppendText(dst), FitExact, nil
	}}
	for _, c := range []struct {
		where string
		arg   Value
		want  string // of the keys 1, 15, 2, x those that match, or an error
	}{
		{"key = 2", Value{}, "2"},
		{"key = ? OR value = 'v15'", Value{Kind: Int, Int: 2}, "15 2"},
		{"key IN (1, ?) OR value = 'v15'", Value{Kind: Int, Int: 2}, "1 15 2"},
		{"key = 1 + 1 OR value = 'v15'", Value{}, "15 2"},
		{"key = length(value) - 1 OR key BETWEEN 'a' AND 'y'", Value{}, "1 x"},
		{"16 > key AND key != value", Value{}, "1 15"},
		{"key BETWEEN 1 AND 15 AND value > 'v1'", Value{}, "15"},
		{"key = 1.5 OR value = 'x'", Value{}, "no reals"},
		{"key = ?", Value{Kind: Real, Real: 1}, "argument 1: no reals"},
	} {
		p := compileOne(t, "SELECT key WHERE "+c.where)
		args := []Value{c.arg}
		if err := p.Check(args, keys); err != nil {
			t.Errorf("%s: %v", c.where, err)
			continue
		}
		var b Bounds
		var got []string
		err := p.Keys.Bind(&b, args, keys)
		e := Env{Args: args, Keys: keys}
		for _, key := range []string{"1", "15", "2", "x"} {
			for i := range b.Len() {
				if err != nil || !b.At(i).Contains([]byte(key)) {
					continue
				}
				ok := true
				if e.SetPair([]byte(key), []byte("v"+key)); p.Filter != nil {
					ok, err = p.Filter.Match(&e)
				}
				if ok {
					got = append(got, key)
				}
			}
		}
		text := strings.Join(got, " ")
		if err != nil {
			text = err.Error()
		}
		if text != c.want {
			t.Errorf("%s: %s, want %s", c.where, text, c.want)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package parser_test

import (
	"math"
	"testing"

	"github.com/lsmlite/lsmlite-go/parser"
)

// The texts are what SQLite prints for the same values, except that digits are the
// shortest that read back.
func TestValueText(t *testing.T) {
	for _, c := range []struct {
		v    parser.Value
		want string
	}{
		{parser.Value{}, ""},
		{parser.Value{Kind: parser.Bytes, Bytes: []byte("a\x00b")}, "a\x00b"},
		{parser.Value{Kind: parser.Int, Int: math.MinInt64}, "-9223372036854775808"},
		{parser.Value{Kind: parser.Real, Real: 1}, "1.0"},
		{parser.Value{Kind: parser.Real, Real: -0.5}, "-0.5"},
		{parser.Value{Kind: parser.Real, Real: math.Copysign(0, -1)}, "0.0"},
		{parser.Value{Kind: parser.Real, Real: math.Nextafter(0.3, 1)}, "0.30000000000000004"},
		{parser.Value{Kind: parser.Real, Real: 0.0001}, "0.0001"},
		{parser.Value{Kind: parser.Real, Real: 0.00001}, "1.0e-05"},
		{parser.Value{Kind: parser.Real, Real: 1.25e-7}, "1.25e-07"},
		{parser.Value{Kind: parser.Real, Real: 123456789012345}, "123456789012345.0"},
		{parser.Value{Kind: parser.Real, Real: 1e15}, "1.0e+15"},
		{parser.Value{Kind: parser.Real, Real: -1.5e300}, "-1.5e+300"},
		{parser.Value{Kind: parser.Real, Real: math.Inf(1)}, "Inf"},
		{parser.Value{Kind: parser.Real, Real: math.Inf(-1)}, "-Inf"},
		{parser.Value{Kind: parser.Real, Real: math.NaN()}, ""},
	} {
		if got := string(c.v.AppendText([]byte("="))); got != "="+c.want {
			t.Errorf("%+v: %q, want %q", c.v, got, "="+c.want)
		}
	}
}

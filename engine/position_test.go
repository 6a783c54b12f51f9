// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

func TestPositionAsText(t *testing.T) {
	for want, p := range map[string]engine.Position{
		"0.0.0000000000000000":    {},
		"7.4096.00000001fffffffe": {Seq: 7, Off: 4096, Sum: [2]uint32{1, math.MaxUint32 - 1}},
		"18446744073709551615.9223372036854775807.ffffffffffffffff": {
			Seq: math.MaxUint64, Off: math.MaxInt64, Sum: [2]uint32{math.MaxUint32, math.MaxUint32}},
	} {
		if got := p.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got, err := engine.ParsePosition(want); got != p || err != nil {
			t.Errorf("%s is read as %v, %v", want, got, err)
		}
		b, err := json.Marshal(p)
		if err != nil || string(b) != `"`+want+`"` {
			t.Errorf("%s, %v", b, err)
		}
		var again engine.Position
		if err := json.Unmarshal(b, &again); err != nil || again != p {
			t.Errorf("%s is read as %v, %v", b, again, err)
		}
	}
	for _, s := range []string{"", "1.2", "1.2.3", "1.2.000000000000000g", "01.2.0000000000000000", "1.-2.0000000000000000",
		"1.2.000000000000000A", "1.2.0000000000000000 ", "18446744073709551616.0.0000000000000000", "1.2.0000000000000000.4"} {
		if p, err := engine.ParsePosition(s); !errors.Is(err, engine.ErrMisuse) || !p.IsZero() {
			t.Errorf("%q is read as %v, %v", s, p, err)
		}
	}
}

// FuzzPosition: what is read as a position is written as the same text, and nothing else is changed by it.
func FuzzPosition(f *testing.F) {
	f.Add("7.4096.00000001fffffffe")
	f.Add("0.0.0")
	f.Fuzz(func(t *testing.T, s string) {
		was := engine.Position{Seq: 1}
		p := was
		if err := p.UnmarshalText([]byte(s)); err != nil {
			if !errors.Is(err, engine.ErrMisuse) || p != was {
				t.Fatalf("%v, %v", p, err)
			}
			return
		}
		if p.String() != s {
			t.Fatalf("%q is read as %v", s, p)
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package results

import "testing"

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		got, want string
	}{
		{count(0), "0"}, {count(-0.001), "0"}, {count(7), "7"}, {count(2.5), "2.50"}, {count(999), "999"}, {count(999.9), "1.00k"},
		{count(12345), "12.3k"}, {count(8e6), "8.00M"}, {count(5e12), "5000G"},
		{size(512), "512 B"}, {size(1 << 20), "1.00 MiB"}, {size(300 << 30), "300 GiB"},
		{duration(0), "0ns"}, {duration(999), "999ns"}, {duration(1500), "1.50µs"}, {duration(98e6), "98.0ms"}, {duration(3e9), "3.00s"},
		{digits3(0.123), "0.12"}, {digits3(9.994), "9.99"}, {digits3(9.996), "10.0"}, {digits3(12.34), "12.3"}, {digits3(99.96), "100"}, {digits3(1234), "1234"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

// TestMiddle: the round that is plotted has the median of operations a second.
func TestMiddle(t *testing.T) {
	var w Workload
	for i, n := range []uint64{5, 1, 9, 7, 3} {
		w.Rounds = append(w.Rounds, Round{Round: i + 1, Operations: n, Seconds: 1})
	}
	if r := middle(&w); r.Operations != 5 || r.Round != 1 || w.Rounds[1].Operations != 1 {
		t.Errorf("%+v of %+v", r, w.Rounds)
	}
}

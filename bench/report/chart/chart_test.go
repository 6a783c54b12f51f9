// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/bench/report/chart"
	"github.com/lsmlite/lsmlite-go/bench/report/golden"
)

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	golden.Compare(t, name, got)
	wellFormed(t, got)
}

func wellFormed(t *testing.T, text []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%.4000s", err, text)
		}
	}
}

func v(mid, lo, hi float64) chart.Value { return chart.Value{Mid: mid, Lo: lo, Hi: hi} }

func TestBars(t *testing.T) {
	none := chart.Value{Missing: true}
	c := chart.Bars{
		Title: "Reading", Unit: "µs, less is better", Groups: []string{"get", "scan of 100 rows <cold> & more"},
		Series: []chart.Series{
			{Name: "one", Values: []chart.Value{v(1.5, 1.2, 2), v(4, 4, 4)}},
			{Name: "two", Values: []chart.Value{v(3, 2.5, 3.1), none}},
		},
	}
	compare(t, "bars.svg", c.SVG())
	c.Series[1].Values[1] = v(1300, 1200, 1400)
	compare(t, "bars-log.svg", c.SVG())
}

func TestLines(t *testing.T) {
	c := chart.Lines{
		Title: "More rows", Unit: "µs", XTitle: "rows", X: []float64{1e6, 4e6, 16e6, 64e6},
		Series: []chart.Series{
			{Name: "one", Values: []chart.Value{v(1, 1, 1), v(1.5, 1, 2), v(2, 2, 2), v(2.2, 2, 3)}},
			{Name: "two", Values: []chart.Value{v(1.2, 1, 2), {Missing: true}, v(3, 3, 3), v(5, 5, 5)}},
		},
	}
	compare(t, "lines.svg", c.SVG())
}

// TestAnyNumbers: whatever the numbers are, the chart is well-formed and has no coordinate that
// is no number.
func TestAnyNumbers(t *testing.T) {
	for _, values := range [][]chart.Value{
		{{}, {}},
		{{Missing: true}, {Missing: true}},
		{v(1, 1, 1), v(1, 1, 1)},
		{v(10, 10, 10), v(1000, 1000, 1000)},
		{v(-5, -5, -5), v(1e-9, 0, 1e300)},
		{v(math.MaxFloat64, 1, 2), v(math.SmallestNonzeroFloat64, 1, 2)},
	} {
		series := []chart.Series{{Name: "a\x00\xff<b>", Values: values}}
		bars := chart.Bars{Groups: []string{"a\"", "]]>"}, Series: series}
		lines := chart.Lines{X: []float64{0, 1}, Series: series}
		for _, text := range [][]byte{bars.SVG(), lines.SVG()} {
			wellFormed(t, text)
			for _, bad := range []string{`"NaN`, `Inf`, `,NaN`} {
				if strings.Contains(string(text), bad) {
					t.Errorf("%v: %s in a chart of %d bytes", values, bad, len(text))
				}
			}
		}
	}
	empty := chart.Bars{}
	wellFormed(t, empty.SVG())
	wellFormed(t, (&chart.Lines{}).SVG())
}

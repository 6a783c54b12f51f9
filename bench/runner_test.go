// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/bench/work"
)

// TestUnsettledBase: what was measured on a database that was not finished has the figure that says so.
func TestUnsettledBase(t *testing.T) {
	b := base{Built: work.Built{Unsettled: true}}
	for _, rep := range []report.Repetition{{}, {Extra: map[string]float64{"levels": 2}}} {
		others := len(rep.Extra)
		if b.mark(&rep); rep.Extra[unsettledBases] != 1 || len(rep.Extra) != others+1 {
			t.Errorf("%v after %d others", rep.Extra, others)
		}
	}
}

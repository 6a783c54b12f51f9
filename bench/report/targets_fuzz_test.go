// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"testing"

	"github.com/lsmlite/lsmlite-go/bench/report"
)

// FuzzDecodeTargets: a text is a list of targets or an error.
func FuzzDecodeTargets(f *testing.F) {
	for _, s := range []string{"[]", `[{"name":"x"}]`, `[] []`, "null", `[{"no_such":1}]`, `[{"rows":1e400}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if list, err := report.DecodeTargets(bytes.NewReader(text)); err != nil && list != nil {
			t.Errorf("%d targets, and %v", len(list), err)
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package load

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzNote: a file in the place of the note of an unfinished import is one, which says the same when it is written
// again, or an error.
func FuzzNote(f *testing.F) {
	raw, err := json.Marshal(note{About: "a", Command: "csv", Input: "rows.csv", position: position{Rows: 5, Offset: 100}, Fingerprint: "00ff"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	for _, s := range []string{"", "{}", `{"input":"x","rows":-1}`, `{"input":"x","offset":1e400}`, `{"input":"x","more":1}`, `null`, `[]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := parseNote(raw)
		if err != nil {
			return
		}
		if n.Rows < 0 || n.Offset < 0 || n.Input == "" {
			t.Fatalf("%s is %+v", raw, n)
		}
		written, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseNote(written); err != nil || !reflect.DeepEqual(again, n) {
			t.Errorf("%+v is written as %s, and read as %+v, %v", n, written, again, err)
		}
	})
}

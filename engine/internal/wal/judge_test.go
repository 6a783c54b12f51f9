// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestJudge(t *testing.T) {
	put := format.AppendLogHeader(nil, &format.LogRecord{Op: format.LogWrite, Key: []byte("key"), Value: []byte("value")}, false)
	put = append(put, "keyvalue"...)
	for _, c := range []struct {
		what, content string
		want          Kind
	}{
		{"nothing", "", Leftover},
		{"zeros", string(make([]byte, 2000)), Leftover},
		{"a record and a commit", string(format.AppendLogCommit(put)) + "checksum" + "whatever comes then", Leftover},
		{"a record that is cut", string(put[:9]), Leftover},
		{"records and an end", string(put) + "\x00 and more", Leftover},
		{"a first byte that was made an end", "\x00" + string(put[1:]), Leftover},
		{"pads", string(format.AppendLogPad(nil, 500)), Leftover},
		{"a large record", "\x06\x05\xf9\x10\x00" + strings.Repeat("v", 3000), Leftover},
		{"a jump", "\x04\xf9\x10\x00" + strings.Repeat("\xee", 600), Leftover},
		{"records and noise", string(put) + "\x99\x98\x97", Noise},
		{"a record that no log holds", "\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", Noise},
		{"noise", "\x99\x98\x97\x96\x95", Noise},
		{"a short text", "hi", Foreign},
		{"a text after a new line", "\nhello", Foreign},
		{"a text that is cut within a character", strings.Repeat("x", 511) + "é and more", Foreign},
		{"a text that turns into something else", "a text that is long enough, " + string(make([]byte, 500)), Foreign},
		{"a few signs in noise", "short\x99\x98" + strings.Repeat("\xf5", 500), Noise},
		{"a SQLite database", "SQLite format 3\x00\x10\x00", Foreign},
	} {
		f := &memFile{data: []byte(c.content)}
		if got, what, err := Judge(f); got != c.want || err != nil || (got == Foreign) != (what != "") {
			t.Errorf("%s is %d, %q, %v; want %d", c.what, got, what, err, c.want)
		}
	}
}

// TestNoiseIsNotForeign: what a loss of power may leave of a log is not refused, however its
// sectors turn out.
func TestNoiseIsNotForeign(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	counts := map[Kind]int{}
	for range 300_000 {
		var sector [minSector]byte
		for i := range sector {
			sector[i] = byte(rng.Uint32())
		}
		kind, what := judge(sector[:], minSector)
		counts[kind]++
		if kind == Foreign {
			t.Errorf("%q is foreign: %s", sector[:20], what)
		}
	}
	if counts[Noise] < 250_000 {
		t.Errorf("only %v are noise", counts)
	}
}

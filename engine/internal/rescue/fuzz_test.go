// SPDX-License-Identifier: Apache-2.0

package rescue_test

import (
	"bytes"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/rescue"
)

// FuzzRescue changes bytes of databases and of their logs. A rescue, by the checkpoint or by looking at all pages, must
// come to an end without a panic, with rows in the order of their keys whose values have the length that they claim.
func FuzzRescue(f *testing.F) {
	sizes := engine.Options{PageSize: 256, BlockSize: 64 << 10}
	list := []*specimen{
		makeSpecimen(f, "small", shape{levels: 3, rows: 40, long: 900, ranges: true}, sizes),
		makeSpecimen(f, "small merging", shape{levels: 5, rows: 150, merging: true}, sizes),
		makeSpecimen(f, "small killed", shape{levels: 2, rows: 30, killed: 30}, sizes),
		makeSpecimen(f, "small zlib", shape{levels: 2, rows: 60, long: 900},
			engine.Options{PageSize: 256, BlockSize: 64 << 10, Compression: "zlib"}),
	}
	f.Add(uint8(0), uint32(8192), []byte{0, 0, 0, 0, 0, 0, 0, 0}, false)
	f.Add(uint8(1), uint32(20), bytes.Repeat([]byte{0xFF}, 60), false)
	f.Add(uint8(2), uint32(0), make([]byte, 8192), true)
	f.Add(uint8(3), uint32(8196), []byte{0x80, 0x80, 0x80}, true)
	f.Add(uint8(6), uint32(60), []byte{3, 1, 2, 3}, false)
	f.Fuzz(func(t *testing.T, which uint8, at uint32, change []byte, scan bool) {
		s := list[int(which)%len(list)]
		data, log := bytes.Clone(s.data), bytes.Clone(s.log)
		target := data
		if which&4 != 0 && len(log) > 0 {
			target = log
		}
		copy(target[int(at)%len(target):], change)
		r := open(t, data, log, rescue.Options{Scan: scan})
		if r == nil {
			return
		}
		var before []byte
		for n := 0; r.Next(); n++ {
			if n > 0 && bytes.Compare(before, r.Key()) >= 0 {
				t.Fatalf("key %q after %q", r.Key(), before)
			}
			before = append(before[:0], r.Key()...)
			value(t, r)
		}
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
		r.Finish()
	})
}

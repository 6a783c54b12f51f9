// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// FuzzFreeRecord: what is read as an entry of the free list is written as the same record.
func FuzzFreeRecord(f *testing.F) {
	_, key, value := format.FreeRecord(format.FreeEntry{Block: 7, ID: 12})
	f.Add(key, value)
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		e, err := format.DecodeFreeRecord(key, value)
		if err != nil {
			return
		}
		if e.ID == format.NotFree {
			return // is written as a deletion
		}
		kind, k, v := format.FreeRecord(e)
		if kind != base.System|base.Insert || !bytes.Equal(k, key) || !bytes.Equal(v, value) {
			t.Errorf("%x %x is %+v, which is written as %x %x", key, value, e, k, v)
		}
	})
}

// FuzzLogHead: what is read as the head of a log is written as the same bytes.
func FuzzLogHead(f *testing.F) {
	good := format.AppendLogHead(nil, format.LogHead{Mark: format.LogMark{1, 2, 3}})
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := format.DecodeLogHead(b)
		if !ok {
			return
		}
		if again := format.AppendLogHead(nil, h); !bytes.Equal(again, b[:len(again)]) {
			t.Errorf("%x is %+v, which is written as %x", b, h, again)
		}
	})
}

// FuzzLogFrame: whatever looks like a frame can be taken apart, and nothing of it is left over.
func FuzzLogFrame(f *testing.F) {
	f.Add(append([]byte{format.LogKeyFrame}, make([]byte, format.LogKeyFrameLen)...))
	f.Add(append([]byte{format.LogDataFrame, format.LogLastFrame}, make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, pad []byte) {
		if len(pad) == 0 || !format.IsLogFrame(pad[0], uint64(len(pad))) {
			return
		}
		fr := format.DecodeLogFrame(pad)
		head := 2
		if fr.Key {
			head = 17
		}
		if fr.Key != (pad[0] == format.LogKeyFrame) || len(fr.Box)+head != len(pad) || !bytes.HasSuffix(pad, fr.Box) {
			t.Errorf("%x is taken apart as %+v", pad, fr)
		}
	})
}

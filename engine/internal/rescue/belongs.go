// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Belongs returns how much there is in an encrypted file, and in its log, which may be nil, of what a checkpoint
// leads to: the ends of segments at which there is a page under the keys, and the log if a transaction goes on from
// the checkpoint. 0 says that the checkpoint may be that of another file.
func Belongs(data, log vfs.File, s *checkpoint.Secret, c *format.Checkpoint) (n int) {
	for i := range c.Levels {
		seg := &c.Levels[i].LHS
		box, err := s.Keys().Segment(seg.Salt)
		if err != nil {
			continue
		}
		for _, p := range []base.PageNo{seg.First, seg.Last} {
			if _, err := box.OpenPage(nil, bodyAt(data, p), uint64(p)); err == nil {
				n++
			}
		}
	}
	if log != nil {
		goesOn := 0
		_, _, _ = wal.RecoverSteps(log, c.Log, s.Keys(), func(format.LogRecord) error { return nil },
			func(format.LogPos) error { goesOn = 1; return nil })
		n += goesOn
	}
	return n
}

// bodyAt returns what the record of a page holds, if it is in one block, and nil if there is no record.
func bodyAt(data vfs.File, p base.PageNo) []byte {
	var head [format.RecordSizeLen]byte
	size, err := data.Size()
	if n, _ := data.ReadAt(head[:], int64(p)); err != nil || n < len(head) {
		return nil
	}
	h, ok := format.DecodeRecordHead(head[:])
	if !ok || h.Pad || int64(p)+int64(h.Len) > size {
		return nil
	}
	record := make([]byte, h.Len)
	if n, _ := data.ReadAt(record, int64(p)); n < len(record) {
		return nil
	}
	return record[format.RecordSizeLen : h.Len-format.RecordSizeLen]
}

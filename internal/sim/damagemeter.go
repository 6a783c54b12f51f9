// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"runtime/metrics"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// What a damaged database may cost at most: everything that is done to one, which reads it three or four times.
const (
	// maxReads is how many times as much as the files have may be read.
	maxReads = 100
	// maxAllocated is how many bytes may be allocated, by all goroutines of the process together.
	maxAllocated = 512 << 20
)

// meter measures what the engine does with a damaged database.
type meter struct {
	files *memfs.FS
	bytes int64
	from  uint64
}

// metered is a copy of a damaged database's files, and a file system around it that counts what is read.
type metered struct {
	inner *memfs.FS
	fs    vfs.FS
}

func startMeter(files *memfs.FS) *meter { return &meter{files: files, from: allocated()} }

// clone returns a fresh copy of the damaged files. One of them is used at a time.
func (m *meter) clone() *metered {
	own := m.files.Clone()
	counting := faultfs.Wrap(own)
	counting.Add(faultfs.Rule{On: faultfs.Read, Match: func(op faultfs.Op) bool {
		m.bytes += op.Len
		return false
	}})
	return &metered{own, counting}
}

// stop compares what was used with what may be, for files of that size.
func (m *meter) stop(size int64) error {
	if m.bytes > maxReads*(size+damageBlock) {
		return fmt.Errorf("%d bytes were read of files of %d bytes", m.bytes, size)
	}
	if used := allocated() - m.from; used > maxAllocated {
		return fmt.Errorf("%d bytes were allocated for files of %d bytes", used, size)
	}
	return nil
}

// allocated returns how many bytes the process has allocated so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

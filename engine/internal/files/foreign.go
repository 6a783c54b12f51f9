// SPDX-License-Identifier: Apache-2.0

package files

import (
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/internal/foreign"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// NoDatabase says of a file whose meta pages are no database's what it is instead, as far
// as its first and last bytes tell.
func (f *Files) NoDatabase() string {
	const unknown = "this is not an lsm1 database, or both of its meta pages are damaged"
	if name, ok := strings.CutSuffix(f.Path, LogSuffix); ok {
		if kind, _, err := wal.Judge(f.data); err == nil && kind == wal.Leftover {
			return "this is the log of a database, and not an lsm1 database; open " + name
		}
	}
	first, last, ok := ends(f.data)
	if !ok {
		return unknown
	}
	if what := foreign.Name(first, last); what != "" {
		return "this is " + what + ", and not an lsm1 database"
	}
	return unknown
}

// ends reads the beginning and the end of a file, as much as package foreign looks at.
func ends(f vfs.File) (first, last []byte, ok bool) {
	size, err := f.Size()
	if err != nil {
		return nil, nil, false
	}
	first = make([]byte, min(size, foreign.FirstBytes))
	last = make([]byte, min(size, foreign.LastBytes))
	if n, err := f.ReadAt(first, 0); n < len(first) && err != nil {
		return nil, nil, false
	}
	if n, err := f.ReadAt(last, size-int64(len(last))); n < len(last) && err != nil {
		return nil, nil, false
	}
	return first, last, true
}

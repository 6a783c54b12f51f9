package engine

import (
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/internal/foreign"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// foreignDetail says of a file whose meta pages are no database's what it is instead, as far
// as its first and last bytes tell.
func (db *DB) foreignDetail() string {
	const unknown = "this is not an lsm1 database, or both of its meta pages are damaged"
	size, err := db.file.Size()
	if err != nil {
		return unknown
	}
	if name, ok := strings.CutSuffix(db.path, "-log"); ok {
		if kind, _, err := wal.Judge(db.file); err == nil && kind == wal.Leftover {
			return "this is the log of a database, and not an lsm1 database; open " + name
		}
	}
	first := make([]byte, min(size, foreign.FirstBytes))
	last := make([]byte, min(size, foreign.LastBytes))
	for _, part := range []struct {
		b   []byte
		off int64
	}{{first, 0}, {last, size - int64(len(last))}} {
		if n, err := db.file.ReadAt(part.b, part.off); n < len(part.b) && err != nil {
			return unknown
		}
	}
	if what := foreign.Name(first, last); what != "" {
		return "this is " + what + ", and not an lsm1 database"
	}
	return unknown
}

// SPDX-License-Identifier: Apache-2.0

package care

import (
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/engine"
)

// begin moves a cursor to the first key of a range, and reports whether there is one.
func begin(c *engine.Cursor, r row.Range) bool {
	return c.Seek(r.From, engine.SeekGE) && r.Has(c.Key())
}

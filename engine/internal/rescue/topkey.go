// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// topKey is a key with its topic.
type topKey struct {
	kind base.Kind
	key  []byte
	cut  bool // only the beginning of the key is known
}

// before reports whether a comes before b. Keys of which only the beginning is known, and which are alike, do.
func (a topKey) before(b topKey) bool {
	if d := int(a.kind&base.System) - int(b.kind&base.System); d != 0 {
		return d < 0
	}
	n := min(len(a.key), len(b.key))
	if d := bytes.Compare(a.key[:n], b.key[:n]); d != 0 {
		return d < 0
	}
	return len(a.key) <= len(b.key) || b.cut
}

// topKeyOf returns the key of a cell of a leaf page, as far as it is on the page.
func topKeyOf(page format.Page, c format.LeafCell) topKey {
	key := onPage(page, c)
	return topKey{c.Kind, key, len(key) < c.KeyLen}
}

// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// topKey is a key with its topic.
type topKey struct {
	kind base.Kind
	key  []byte
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
	return len(a.key) <= len(b.key)
}

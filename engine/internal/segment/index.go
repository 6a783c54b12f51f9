// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/fence"
)

// Index is what is kept in memory about a segment to search it with less work. Any part of
// it may be missing, and may come and go while the segment is read.
type Index struct {
	fences atomic.Pointer[fence.Fences]
}

// SPDX-License-Identifier: Apache-2.0

package histories

import "sync/atomic"

// Clock returns the time. Of two calls of which one ended before the other began, the other one returns more.
type Clock func() int64

// Counter is a clock for one process. No two of its times are equal.
func Counter() Clock {
	var n atomic.Int64
	return func() int64 { return n.Add(1) }
}

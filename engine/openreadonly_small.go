// SPDX-License-Identifier: Apache-2.0

//go:build lsmlite_small

package engine

import "context"

// openReadOnly opens a database that a read-only handle is the first to have open in this process. It does not attach
// to another process, which is most of what the tag leaves out: a browser has no other processes.
func openReadOnly(ctx context.Context, path string, o Options) (*opener, error) {
	return openAtRest(ctx, path, o, openPatience)
}

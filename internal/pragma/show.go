// SPDX-License-Identifier: Apache-2.0

package pragma

import (
	"context"

	"github.com/lsmlite/lsmlite-go/store"
)

// number is a PRAGMA that shows one number of a store.
func number(name, help string, read func(store.Maintainer) int64) Pragma {
	return Pragma{name, "", Shows, help, 0, 0, show(func(m store.Maintainer) *Table {
		return OneValue(name, read(m))
	})}
}

// show is a PRAGMA that reads a store.
func show(read func(store.Maintainer) *Table) runFunc {
	return func(_ context.Context, c *Call, _ []string) (*Table, error) {
		m, err := c.maintainer()
		if err != nil {
			return nil, err
		}
		return read(m), nil
	}
}

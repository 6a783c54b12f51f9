// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Rows reads everything that a database holds, from the first key to the last.
func Rows(db *engine.DB) (map[string]string, error) {
	rows := make(map[string]string)
	err := db.View(context.Background(), func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
			v, err := c.Value()
			if err != nil {
				return err
			}
			rows[string(c.Key())] = string(v)
		}
		return c.Err()
	})
	return rows, err
}

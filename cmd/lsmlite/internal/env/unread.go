// SPDX-License-Identifier: Apache-2.0

package env

import (
	"fmt"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// Unread prints the ranges of keys that were passed over with skip_damaged=on, and returns an error if there
// are any: what was read may lack rows there, or have older ones. name is that of the database as it was given.
func (db *Database) Unread(e *Env, name string) error {
	skipped := db.Engine.Skipped()
	for _, r := range skipped {
		to := "the end"
		if r.To != nil {
			to = text.Show(r.To)
		}
		fmt.Fprintf(e.Stderr, "keys from %s to %s of %s cannot be read: %s\n", text.Show(r.From), to, text.Name(name),
			text.Message(strings.TrimPrefix(r.Detail, "lsmlite: ")))
	}
	ranges := "1 range"
	switch n := len(skipped); n {
	case 0:
		return nil
	case 1:
	default:
		ranges = fmt.Sprintf("%d ranges", n)
	}
	return Errorf(Damaged, "%s is damaged: in %s of keys rows may be missing or older", name, ranges)
}

// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/check"
)

// RenewAttached does what an attached handle does once a second.
func RenewAttached(db *DB) { db.attached.renew(context.Background()) }

// CheckAttached is Check, which calls meanwhile once it has begun.
func CheckAttached(db *DB, meanwhile func()) (out []Problem, err error) {
	in, release, err := db.attached.checkInput(context.Background())
	if err != nil {
		return nil, err
	}
	defer release()
	meanwhile()
	check.Run(context.Background(), in, func(p check.Problem) bool {
		out = append(out, Problem(p))
		return true
	})
	return out, nil
}

// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/check"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// RenewAttached does what an attached handle does once a second.
func RenewAttached(db *DB) { db.attached.(*attached).renew(context.Background()) }

// LeftCaches returns what sums up the page caches of a handle, except for that of the newest state. It counts those of
// processes that the handle attaches to from here on.
func LeftCaches(db *DB) func() (bytes int64) {
	a := db.attached.(*attached)
	_ = a.turn.Take(context.Background())
	defer a.turn.Release()
	files := []*blockfile.File{db.bf, db.pages()}
	make := a.follower.NewFile
	a.follower.NewFile = func(f vfs.File, c *format.Checkpoint) (*blockfile.File, error) {
		bf, err := make(f, c)
		files = append(files, bf)
		return bf, err
	}
	return func() (bytes int64) {
		for _, f := range files {
			if f != nil && f != db.pages() {
				bytes += f.Stats().CacheBytes
			}
		}
		return bytes
	}
}

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

// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// warm makes what a process makes once and keeps, channels for instance: made in a bubble it could not be used in the
// next one.
var warm = sync.OnceFunc(func() {
	for _, codec := range []string{"none", "lz4", "zlib", "zstd", "snappy"} {
		db, err := engine.Open(context.Background(), "/db", engine.Options{FS: memfs.New(), Compression: codec})
		if err != nil {
			panic(err)
		}
		err = db.Update(context.Background(), func(tx *engine.Tx) error {
			for i := range 100 {
				if err := tx.Put([]byte{byte(i)}, make([]byte, 1000)); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			err = db.Flush(context.Background())
		}
		if err == nil {
			_, _, err = db.Get(nil, []byte{1})
		}
		if err == nil {
			err = db.Close()
		}
		if err != nil {
			panic(err)
		}
	}
})

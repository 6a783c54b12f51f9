// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// A key management service encrypts the data key of a database, and its own key never leaves it. The service of this
// example is no cipher at all.
func ExampleDB_AddKey() {
	ctx := context.Background()
	service := func(_ context.Context, in []byte) ([]byte, error) {
		out := make([]byte, len(in))
		for i := range in {
			out[i] = ^in[i]
		}
		return out, nil
	}
	fs := memfs.New() // the files of this example; leave FS out for those of the system
	first, second := keys.External("kms/one", service, service), keys.External("kms/two", service, service)
	db, err := engine.Open(ctx, "/my.lsm", engine.Options{FS: fs, Key: first})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	old := db.Keys()[0].ID
	if _, err := db.AddKey(ctx, second); err != nil {
		fmt.Println(err)
		return
	}
	if err := db.RemoveKey(ctx, old); err != nil {
		fmt.Println(err)
		return
	}
	for _, k := range db.Keys() {
		fmt.Println(k.Type, k.Name)
	}
	// Output: external kms/two
}

// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Flushing and merging in a goroutine: commits only write the log and the tree in memory.
func ExampleOptions_backgroundMerger() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{
		Background: engine.BackgroundMerger,
		AutoFlush:  256 << 10,
	})
	check(err)
	defer db.Close() // waits for the goroutine

	for range 20 {
		check(fill(ctx, db, 100))
	}
	n, err := count(ctx, db)
	check(err)
	fmt.Println(n, "keys")
	// Output: 100 keys
}

// Checkpoints in a goroutine: no commit waits for their syncs. BackgroundBoth has two
// goroutines, one for this and one for flushing and merging.
func ExampleOptions_backgroundCheckpointer() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{
		Background:     engine.BackgroundCheckpointer,
		AutoFlush:      256 << 10,
		AutoCheckpoint: 1 << 20,
	})
	check(err)
	defer db.Close()

	for range 20 {
		check(fill(ctx, db, 100))
	}
	n, err := count(ctx, db)
	check(err)
	fmt.Println(n, "keys")
	// Output: 100 keys
}

// A compressed database. A later Open does not have to name the codec: the file knows.
func ExampleOptions_compression() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	size := func() int64 {
		info, err := os.Stat(path)
		check(err)
		return info.Size()
	}
	for _, name := range []string{"none", "zstd"} {
		check(os.RemoveAll(path))
		db, err := engine.Open(ctx, path, engine.Options{Compression: name})
		check(err)
		check(fill(ctx, db, 1000)) // a megabyte of zeros
		check(db.Close())
		fmt.Println(name, "takes less than 100 KB:", size() < 100<<10)
	}

	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	n, err := count(ctx, db)
	check(err)
	fmt.Println(n, "keys; codec", db.CompressionID())
	check(db.Close())

	_, err = engine.Open(ctx, path, engine.Options{Compression: "lz4"})
	fmt.Println("refused:", errors.Is(err, engine.ErrMismatch))
	// Output:
	// none takes less than 100 KB: false
	// zstd takes less than 100 KB: true
	// 1000 keys; codec 10003
	// refused: true
}

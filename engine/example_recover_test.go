// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"os"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Everything that can be read of a damaged database goes into a new file.
func ExampleRecover() {
	ctx := context.Background()
	path, remove := exampleFile()
	defer remove()
	db, err := engine.Open(ctx, path, engine.Options{})
	check(err)
	check(fill(ctx, db, 1000))
	check(db.Close())

	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	check(err)
	_, err = f.WriteAt(make([]byte, 4096), 8192) // the first page with rows is lost
	check(err)
	check(f.Close())

	report, err := engine.Recover(ctx, path, path+"-new", engine.RecoverOptions{})
	check(err)
	defer os.Remove(path + "-new")
	fmt.Println(report.Rows < 1000, report.PagesLost, "page lost")
	for _, gap := range report.Lost {
		fmt.Printf("records are missing before key %x\n", gap.Before)
	}
	// Output:
	// true 1 page lost
	// records are missing before key 0000000000000005
}

// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/inspect"
)

// TestFilm records a load, with the work in goroutines and in commits, and wants the states on the page.
func TestFilm(t *testing.T) {
	for _, background := range []bool{false, true} {
		t.Run(fmt.Sprint(background), func(t *testing.T) {
			ctx := context.Background()
			film := new(inspect.Film)
			if err := film.WritePage(new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "nothing was recorded") {
				t.Errorf("an empty film: %v", err)
			}
			options := engine.Options{FS: memfs.New(), AutoFlush: 256 << 10, BlockSize: 64 << 10, Observer: film.Observer()}
			if background {
				options.Background = engine.BackgroundBoth
			}
			db, err := engine.Open(ctx, "/films.lsm", options)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 300 {
				if err := db.Update(ctx, func(tx *engine.Tx) error {
					for k := range 100 {
						if err := tx.Put(fmt.Appendf(nil, "%06d", (i*100+k)*7919%100000), make([]byte, 100)); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			if err := film.Look(ctx, db); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if n := film.Frames(); n < 2 || n > inspect.FilmFrames+1 {
				t.Errorf("%d states", n)
			}
			if err := film.Look(ctx, db); err == nil {
				t.Error("a closed database was looked at")
			}
			var page bytes.Buffer
			if err := film.WritePage(&page); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"films.lsm", `id="film"`, `id="play"`, "segments"} {
				if !strings.Contains(page.String(), want) {
					t.Errorf("the page has no %s", want)
				}
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

func TestList(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		able, has := s.FS.(vfs.Lister)
		if !has {
			t.Fatal("it cannot list folders")
		}
		for _, name := range []string{"b", "a", "c"} {
			s.make(t, name, "content")
		}
		names, err := able.List(s.dir, 10)
		ok(t, err)
		slices.Sort(names)
		if got := strings.Join(names, " "); got != "a b c" {
			t.Errorf("names are %q", got)
		}
		if names, err := able.List(s.dir, 2); err != nil || len(names) != 2 {
			t.Errorf("at most two: %q, %v", names, err)
		}
		if names, err := able.List(s.in("none"), 10); err == nil {
			t.Errorf("a folder that is not there: %q", names)
		}
	})
}

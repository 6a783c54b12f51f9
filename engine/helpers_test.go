// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
)

// allocated returns how many bytes f allocates.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

func mustOpen(t *testing.T, path string, o engine.Options) *engine.DB {
	t.Helper()
	db, err := engine.Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// notUnderRace skips a test that measures memory, see engine.RaceDetector.
func notUnderRace(t *testing.T) {
	if engine.RaceDetector {
		t.Skip("the race detector changes what is allocated")
	}
}

func longValue(n int) []byte {
	v := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(v)
	return v
}

func readAll(t testing.TB, db *engine.DB) map[string]string {
	t.Helper()
	rows, err := enginetest.Rows(db)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

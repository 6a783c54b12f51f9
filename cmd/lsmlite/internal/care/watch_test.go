// SPDX-License-Identifier: Apache-2.0

package care

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// TestWatch holds that each line says what has happened since the line before, by the second.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		looks := 0
		stats := func(context.Context) (engine.Stats, error) {
			looks++
			n := int64(looks)
			s := engine.Stats{Commits: 100 * n * n, Records: 1000 * n, BytesWritten: 2000 * n, LogBytesWritten: 4000 * n,
				CacheLookups: 100 * n, CacheHits: 50 * n, FlushStalls: n, Levels: 3, Segments: 4, FileBytes: 5000}
			if looks == 3 {
				cancel()
			}
			return s, nil
		}
		var out bytes.Buffer
		m := measured{}
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		err := m.watch(ctx, &env.Env{Stdout: &out}, stats, tick.C)
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		var fields [][]string
		for line := range strings.Lines(out.String()) {
			fields = append(fields, strings.Fields(line))
		}
		if len(fields) != 4 || strings.Join(fields[2], " ") != "150 500 3.00KB 0B 50.0% 1 3 4 0B 5.00KB" ||
			strings.Join(fields[3], " ") != "250 500 3.00KB 0B 50.0% 1 3 4 0B 5.00KB" {
			t.Errorf("%q", fields)
		}
	})
}

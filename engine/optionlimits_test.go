// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestOptionsAtTheirLimits takes the last value that is good, and the first that is not.
func TestOptionsAtTheirLimits(t *testing.T) {
	for name, c := range map[string]struct {
		good, bad func(o *engine.Options)
	}{
		"page size":    {func(o *engine.Options) { o.PageSize = 65536 }, func(o *engine.Options) { o.PageSize = 131072 }},
		"block size":   {func(o *engine.Options) { o.BlockSize = 64 << 20 }, func(o *engine.Options) { o.BlockSize = 128 << 20 }},
		"safety":       {func(o *engine.Options) { o.Safety = engine.SafetyFull }, func(o *engine.Options) { o.Safety = engine.SafetyFull + 1 }},
		"background":   {func(o *engine.Options) { o.Background = engine.BackgroundBoth }, func(o *engine.Options) { o.Background = engine.BackgroundBoth + 1 }},
		"autoflush":    {func(o *engine.Options) { o.AutoFlush = engine.MaxAutoFlush }, func(o *engine.Options) { o.AutoFlush = -1 }},
		"changes":      {func(o *engine.Options) { o.Changes = engine.MaxChanges }, func(o *engine.Options) { o.Changes = engine.MaxChanges + 1 }},
		"few changes":  {func(o *engine.Options) { o.Changes = engine.MinChanges }, func(o *engine.Options) { o.Changes = engine.MinChanges - 1 }},
		"automerge":    {func(o *engine.Options) { o.AutoMerge = 2 }, func(o *engine.Options) { o.AutoMerge = 1 }},
		"max_garbage":  {func(o *engine.Options) { o.MaxGarbage = engine.MinMaxGarbage }, func(o *engine.Options) { o.MaxGarbage = engine.MinMaxGarbage - 1 }},
		"max_freelist": {func(o *engine.Options) { o.MaxFreelist = 2 }, func(o *engine.Options) { o.MaxFreelist = 1 }},
		"cache size":   {func(o *engine.Options) { o.CacheSize = 1 }, func(o *engine.Options) { o.CacheSize = -1 }},
		"mmap":         {func(o *engine.Options) { o.Mmap = 1 << 40 }, func(o *engine.Options) { o.Mmap = -1 }},
		"readers_hold": {func(o *engine.Options) { o.ReadersHold = time.Hour }, func(o *engine.Options) { o.ReadersHold = -1 }},
		"cipher":       {func(o *engine.Options) { o.Cipher, o.Key = "aes-256-gcm", key1 }, func(o *engine.Options) { o.Cipher, o.Key = "rot13", key1 }},
		"no log":       {func(o *engine.Options) { o.NoLog = true }, func(o *engine.Options) { o.NoLog, o.Safety = true, engine.SafetyFull }},
		"no log, read": {func(o *engine.Options) { o.ReadOnly = true }, func(o *engine.Options) { o.NoLog, o.ReadOnly = true, true }},
		"readers":      {func(o *engine.Options) { o.Readers = true }, func(o *engine.Options) { o.Readers, o.NoLog = true, true }},
		"state":        {func(o *engine.Options) { o.NotBefore, o.Key = engine.StateToken{Commits: 1}, key1 }, func(o *engine.Options) { o.NotBefore = engine.StateToken{Commits: 1} }},
	} {
		var good, bad engine.Options
		c.good(&good)
		if err := good.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		c.bad(&bad)
		if err := bad.Validate(); !errors.Is(err, engine.ErrMisuse) || !strings.Contains(err.Error(), "options") {
			t.Errorf("%s that is wrong: %v", name, err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package enginetest_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

var secret = keys.Raw(bytes.Repeat([]byte("key!"), 8))

func TestModel(t *testing.T) {
	enginetest.TestStore(t, func(*testing.T) func() (enginetest.Store, error) {
		m := storetest.NewModel(nil)
		return func() (enginetest.Store, error) { m.Open(); return storetest.BothWays(m), nil }
	})
}

func TestEngine(t *testing.T) {
	tiny := engine.Options{PageSize: 256, BlockSize: 64 << 10, AutoFlush: 1, AutoCheckpoint: 1, AutoMerge: 2, MaxFreelist: 2, CacheSize: 1}
	background := tiny
	background.Background = engine.BackgroundBoth
	lazy := tiny
	lazy.NoAutoWork, lazy.AutoCheckpoint = true, -1
	full := engine.Options{Safety: engine.SafetyFull}
	zstd, lz4 := tiny, background
	zstd.Compression, lz4.Compression = "zstd", "lz4"
	sealed, chacha := tiny, full
	sealed.Key, chacha.Key, chacha.Cipher, chacha.AutoFlush = secret, secret, "chacha20-poly1305", 1
	for name, o := range map[string]engine.Options{
		"encrypted": sealed, "chacha20": chacha,
		"default": {}, "tiny": tiny, "background": background, "lazy": lazy, "full": full, "zstd": zstd, "lz4": lz4,
		"off": {Safety: engine.SafetyOff, AutoFlush: 1}, "nolog": {NoLog: true, PageSize: 512, AutoFlush: 1},
	} {
		t.Run(name, func(t *testing.T) {
			enginetest.TestStore(t, func(*testing.T) func() (enginetest.Store, error) {
				o := o
				o.FS = memfs.New()
				return func() (enginetest.Store, error) {
					db, err := engine.Open(context.Background(), "/db", o)
					if err != nil {
						return nil, err
					}
					return enginetest.Engine(db), nil
				}
			})
		})
	}
}

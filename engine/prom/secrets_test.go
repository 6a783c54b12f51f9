// SPDX-License-Identifier: Apache-2.0

package prom_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/prom"
)

// TestNoMetricShowsASecret: names, labels and help of all series hold neither the key of a database nor a passphrase,
// also after an Open that was refused, and of the DSN that it was opened with only the path.
func TestNoMetricShowsASecret(t *testing.T) {
	secret := []byte("swordfish and 23 more of")
	secret = append(secret, bytes.Repeat([]byte{'k'}, keys.Size-len(secret))...)
	c, r := register(t, prom.Options{})
	for name, source := range map[string]keys.Source{
		"raw": keys.Raw(secret), "passphrase": keys.Passphrase(secret, keys.Params{Time: 1, MemoryKiB: 8, Lanes: 1}),
	} {
		o := engine.Options{Key: source, Observer: c.Observer()}
		path := filepath.Join("/a folder", name+".lsm")
		db := open(t, path, o)
		must(t, put(db, 0, 500, 1000))
		must(t, db.Flush(t.Context()))
		o.FS, o.Key = db.Options().FS, keys.Raw(secret[:keys.Size-1])
		if _, err := engine.Open(t.Context(), path+"2", o); err == nil {
			t.Error("a short key opens")
		}
		file := filepath.Join(t.TempDir(), "swordfish-key")
		must(t, os.WriteFile(file, secret, 0o600))
		dsn := filepath.Join(t.TempDir(), name)
		config, err := lsmlite.ParseDSN("file:" + dsn + "?key_file=" + file + "&cipher=aes-256-gcm")
		must(t, err)
		config.Observer = c.Observer()
		connector, err := lsmlite.NewConnector(config)
		must(t, err)
		pool := sql.OpenDB(connector)
		_, err = pool.Exec("INSERT INTO kv VALUES ('a', 'b')")
		must(t, err)
		series := scrape(t, r)
		if _, ok := series["lsmlite_commits_total{"+dsn+"}"]; !ok {
			t.Errorf("no series has the label %q", dsn)
		}
		must(t, pool.Close())
		if len(series) < 50 {
			t.Errorf("%d series", len(series))
		}
		for s, sample := range series {
			for _, form := range []string{"swordfish", hex.EncodeToString(secret[:8]), base64.StdEncoding.EncodeToString(secret)[:12]} {
				if strings.Contains(strings.ToLower(s+sample.help), strings.ToLower(form)) {
					t.Errorf("%s: %s shows %s", name, s, form)
				}
			}
		}
		must(t, db.Close())
	}
}

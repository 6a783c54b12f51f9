// SPDX-License-Identifier: Apache-2.0

package security_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// sweep collects texts that others may get to see, and looks for the marker in them, however it may be written.
type sweep struct {
	t     *testing.T
	log   bytes.Buffer
	texts int
}

// forms are the ways in which the marker can be written, or a part of it that is long enough to harm.
func forms() map[string]string {
	escaped := url.QueryEscape(string(marker))
	return map[string]string{
		"as it is": string(marker[:12]), "its end": string(marker[len(marker)-12:]),
		"in hex": hex.EncodeToString(marker[:8]), "in hex, upper case": strings.ToUpper(hex.EncodeToString(marker[:8])),
		"its end in hex": hex.EncodeToString(marker[len(marker)-8:]),
		"in base 64":     base64.StdEncoding.EncodeToString(marker)[:16], "as a list": strings.Trim(fmt.Sprint(marker[:6]), "[]"),
		"as a list of hex": strings.TrimSuffix(fmt.Sprintf("%#v", marker[:6]), "}")[len("[]byte{"):], "escaped": escaped[:14],
	}
}

func (s *sweep) look(what, text string) {
	s.t.Helper()
	s.texts++
	for form, part := range forms() {
		if strings.Contains(text, part) {
			s.t.Errorf("%s shows the secret %s: %.300q", what, form, text)
		}
	}
}

// value looks at a value in all the ways in which a program may print it.
func (s *sweep) value(what string, v any) {
	s.t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		s.look(what+" printed by "+verb, fmt.Sprintf(verb, v))
	}
	if text, err := json.Marshal(v); err == nil {
		s.look(what+" as JSON", string(text))
	}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&s.log, nil), slog.NewTextHandler(&s.log, nil)} {
		slog.New(h).Info("look", "it", v, slog.Group("in", "a group", v))
	}
}

// err looks at an error, and at all that it wraps.
func (s *sweep) err(what string, err error) {
	s.t.Helper()
	if err == nil {
		s.t.Errorf("%s: no error", what)
		return
	}
	s.value(what, err)
	for ; err != nil; err = errors.Unwrap(err) {
		s.value(what+", which wraps", err)
	}
}

func (s *sweep) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
}

func (s *sweep) end() {
	s.t.Helper()
	if s.log.Len() < 1000 {
		s.t.Errorf("only %d bytes of log were looked at", s.log.Len())
	}
	s.look("the log", s.log.String())
}

// sources are all places in which the marker can be a key.
func sources(t *testing.T) map[string]keys.Source {
	t.Helper()
	dir := t.TempDir()
	name := func(n string, content []byte) string {
		path := filepath.Join(dir, n)
		must(t, os.WriteFile(path, content, 0o600))
		return path
	}
	t.Setenv("LSMLITE_TEST_HEX", hex.EncodeToString(marker))
	t.Setenv("LSMLITE_TEST_WORDS", string(marker))
	least := keys.Params{Time: 1, MemoryKiB: 8, Lanes: 1}
	same := func(_ context.Context, key []byte) ([]byte, error) { return append(bytes.Clone(marker), key...), nil }
	return map[string]keys.Source{
		"raw": keys.Raw(marker), "file": keys.File(name("key", marker)), "file in hex": keys.File(name("hex", []byte(hex.EncodeToString(marker)))),
		"variable": keys.Env("LSMLITE_TEST_HEX"), "passphrase": keys.Passphrase(marker, least),
		"passphrase file":     keys.PassphraseFile(name("words", marker)),
		"passphrase variable": keys.PassphraseEnv("LSMLITE_TEST_WORDS"),
		"service": keys.External("service", same, func(_ context.Context, wrapped []byte) ([]byte, error) {
			return wrapped[len(marker):], nil
		}),
		"service that fails": keys.External("service", same, func(context.Context, []byte) ([]byte, error) {
			return nil, errors.New("the service is not there")
		}),
	}
}

// TestNothingShowsAKey opens, uses, damages and breaks databases with a marker as their key, in every form that a key
// can have, and looks at all that is printed of them, reported, returned and logged meanwhile.
func TestNothingShowsAKey(t *testing.T) {
	ctx := context.Background()
	s := &sweep{t: t}
	for name, src := range sources(t) {
		fsys := memfs.New()
		o := engine.Options{FS: fsys, Key: src, Logger: s.logger(), Observer: observer(s), PageSize: 1024, AutoFlush: 4096}
		s.value("options with a "+name, o)
		s.value("a pointer to options with a "+name, &o)
		s.value("options of a copy with a "+name, engine.BackupOptions{Key: src})
		s.value("options of a recovery with a "+name, engine.RecoverOptions{Key: src})
		s.value("a source: "+name, src)
		s.value("a configuration with a "+name, lsmlite.Config{Path: "x", Key: src})
		if c, err := lsmlite.NewConnector(lsmlite.Config{Path: "x", Key: src}); err != nil {
			t.Error(err)
		} else {
			s.value("a connector with a "+name, c)
		}
		db, err := engine.Open(ctx, "/x", o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		must(t, someRows(db))
		must(t, db.Flush(ctx))
		s.database(db)
		must(t, db.Backup(ctx, "/copy", engine.BackupOptions{FS: fsys}))
		if _, err := db.AddKey(ctx, src); err != nil {
			s.err("a key for the second time", err)
		}
		must(t, db.Close())
		s.refusals(name, fsys, src)
	}
	s.end()
	if s.texts < 500 {
		t.Errorf("only %d texts were looked at", s.texts)
	}
}

// observer passes all that is observed on to the sweep.
func observer(s *sweep) *engine.Observer {
	see := func(e any) { fmt.Fprintf(&s.log, "%+v %#v\n", e, e) }
	return &engine.Observer{
		Opened:       func(e engine.OpenEvent) { see(e) },
		Recovered:    func(e engine.RecoverEvent) { see(e) },
		Committed:    func(e engine.CommitEvent) { see(e) },
		Flushed:      func(e engine.SegmentEvent) { see(e) },
		Checkpointed: func(e engine.CheckpointEvent) { see(e) },
		Failed:       func(e engine.FailEvent) { see(e) },
		Poisoned:     func(e engine.PoisonEvent) { see(e) },
		Closed:       func(e engine.CloseEvent) { see(e) },
	}
}

// database looks at all that an open database reports of itself.
func (s *sweep) database(db *engine.DB) {
	s.t.Helper()
	layout, err := db.Layout(context.Background())
	must(s.t, err)
	pins, err := db.Pins()
	must(s.t, err)
	s.value("the options of a database", db.Options())
	s.value("a database", db)
	for what, v := range map[string]any{"statistics": db.Stats(), "structure": db.Structure(), "layout": layout, "pins": pins, "keys": db.Keys(),
		"encryption": db.Encryption(), "state": db.State(), "log": db.LogStructure(), "free list": db.FreeList()} {
		s.value(what, v)
	}
}

// refusals looks at errors of a database that is there: with other keys, damaged, in a file system that fails.
func (s *sweep) refusals(name string, fsys *memfs.FS, src keys.Source) {
	ctx := context.Background()
	open := func(fsys2 *memfs.FS, o engine.Options) error {
		o.FS, o.Logger = fsys2, s.logger()
		db, err := engine.Open(ctx, "/x", o)
		if err == nil {
			err = errors.Join(db.View(ctx, func(snap *engine.Snapshot) error {
				c, err := snap.Cursor()
				if err != nil {
					return err
				}
				defer c.Close()
				for ok := c.First(); ok; ok = c.Next() {
					if _, err := c.Value(); err != nil {
						return err
					}
				}
				return c.Err()
			}), db.Close())
		}
		return err
	}
	other := bytes.Clone(marker)
	other[31]++
	s.err("another key for a "+name, open(fsys, engine.Options{Key: keys.Raw(other)}))
	s.err("no key for a "+name, open(fsys, engine.Options{}))
	s.err("a short key for a "+name, open(fsys, engine.Options{Key: keys.Raw(marker[:31])}))
	s.err("another passphrase for a "+name, open(fsys, engine.Options{Key: keys.Passphrase(other, keys.Params{Time: 1, MemoryKiB: 8, Lanes: 1})}))
	s.err("bad options with a "+name, open(fsys, engine.Options{Key: src, PageSize: 100}))
	s.err("a bad cipher with a "+name, open(fsys, engine.Options{Key: src, Cipher: string(marker[:5])}))
	if name == "service that fails" {
		s.err("a service that fails", open(fsys, engine.Options{Key: src}))
		return
	}
	whole, err := fsys.ReadFile("/x")
	must(s.t, err)
	for at := 0; at < len(whole); at += 499 {
		damaged := memfs.New()
		content := bytes.Clone(whole)
		content[at] ^= 0x55
		must(s.t, damaged.WriteFile("/x", content))
		if err := open(damaged, engine.Options{Key: src, ReadOnly: true}); err != nil {
			s.err(fmt.Sprintf("byte %d damaged, with a %s", at, name), err)
		}
		if strings.HasPrefix(name, "passphrase") && at > 300 {
			break // each takes a while: a passphrase is to be slow
		}
	}
	for n := 1; n < 60; n += 7 {
		if strings.HasPrefix(name, "passphrase ") && n > 10 {
			break
		}
		failing := faultfs.Wrap(memfs.New())
		failing.Add(faultfs.Rule{On: faultfs.Any, Nth: n, Err: errors.New("it fails")})
		db, err := engine.Open(ctx, "/y", engine.Options{FS: failing, Key: src, Logger: s.logger(), Safety: engine.SafetyFull})
		if err == nil {
			err = errors.Join(someRows(db), db.Flush(ctx), checkpoint(ctx, db), db.Backup(ctx, "/z", engine.BackupOptions{FS: failing}), db.Close())
		}
		if err != nil {
			s.err(fmt.Sprintf("operation %d fails, with a %s", n, name), err)
		}
	}
}

// TestDSNsAndStatementsShowNoSecret gives secrets where programs of other databases have them.
func TestDSNsAndStatementsShowNoSecret(t *testing.T) {
	s := &sweep{t: t}
	escaped := url.QueryEscape(string(marker))
	digits := hex.EncodeToString(marker)
	dir := t.TempDir()
	for _, dsn := range []string{
		"file:" + dir + "/x?key=" + escaped, "file:" + dir + "/x?passphrase=" + escaped, "file:" + dir + "/x?_key=" + escaped,
		"file:" + dir + "/x?_pragma_key=x%27" + digits + "%27", "file:" + dir + "/x?_pragma=key(" + escaped + ")",
		"file:" + dir + "/x?key_file=" + digits, "file:" + dir + "/x?key_env=" + escaped, "file:" + dir + "/x?passphrase_env=" + escaped,
		"file:" + dir + "/x?key_env=" + digits, "file:" + dir + "/x?key_file=%zz" + escaped, "file:" + dir + "/x?password=" + escaped + "&mode=no",
		"file:" + dir + "/x?auth&user=a&pass=" + escaped, "s3://user:" + escaped + "@host/bucket?secret_key=" + escaped,
	} {
		c, err := lsmlite.ParseDSN(dsn)
		if err == nil {
			s.value("the configuration of "+dsn[:30], c)
			var db *sql.DB
			if db, err = sql.Open("lsmlite", dsn); err == nil {
				err = errors.Join(db.Ping(), db.Close())
			}
		}
		s.err(fmt.Sprintf("a DSN with a secret: %.40q", strings.TrimPrefix(dsn, "file:"+dir)), err)
	}
	db, err := sql.Open("lsmlite", ":memory:")
	must(t, err)
	defer func() { must(t, db.Close()) }()
	for _, text := range []string{
		"PRAGMA key = '%s'", "PRAGMA key('%s')", "PRAGMA rekey = '%s'", "PRAGMA hexkey = '%s'", "PRAGMA textkey='%s'", "PRAGMA main.key = '%s'",
		"ATTACH DATABASE 'x' AS y KEY '%s'", "PRAGMA key = \"x'%s'\"", "SELECT 1; PRAGMA key = '%s'", "PRAGMA passphrase = '%s'",
	} {
		for _, secret := range []string{string(marker), digits} {
			_, err := db.Exec(fmt.Sprintf(text, secret))
			s.err(fmt.Sprintf("the statement %q", text), err)
		}
	}
}

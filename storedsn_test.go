// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// far is a scheme whose stores are models, with other capabilities if a test sets them.
var far struct {
	sync.Mutex
	urls     []string
	settings []store.Settings
	caps     *store.Caps
	err      error
	ping     error
}

type farStore struct{ *storetest.Model }

func (s farStore) Caps() store.Caps {
	far.Lock()
	defer far.Unlock()
	if far.caps != nil {
		return *far.caps
	}
	return s.Model.Caps()
}

func (s farStore) Ping(context.Context) error {
	far.Lock()
	defer far.Unlock()
	return far.ping
}

func init() {
	store.Register("far", store.Driver{
		Settings: []string{"safety"},
		Open: func(_ context.Context, u *url.URL, s store.Settings) (store.Store, error) {
			far.Lock()
			defer far.Unlock()
			far.urls, far.settings = append(far.urls, u.String()), append(far.settings, s)
			if far.err != nil {
				return nil, far.err
			}
			return farStore{storetest.NewModel(nil)}, nil
		},
	})
}

// reset forgets what other tests have left in far, and lets them find it empty.
func resetFar(t *testing.T) {
	clean := func() {
		far.Lock()
		defer far.Unlock()
		far.urls, far.settings, far.caps, far.err, far.ping = nil, nil, nil, nil, nil
	}
	clean()
	t.Cleanup(clean)
}

func TestStoreDSN(t *testing.T) {
	for _, tt := range []struct {
		dsn  string
		want lsmlite.Config
		back string // what FormatDSN makes of it
	}{
		{"far://host/db", lsmlite.Config{Path: "far://host/db"}, "far://host/db"},
		{"FAR://u:p%40@host:1/db?mode=rw&table=a%26b&busy_timeout=250&x=1&x=2",
			lsmlite.Config{Path: "FAR://u:p%40@host:1/db?table=a%26b&x=1&x=2", Mode: lsmlite.ModeReadWrite, BusyTimeout: 250 * time.Millisecond},
			"FAR://u:p%40@host:1/db?table=a%26b&x=1&x=2&mode=rw&busy_timeout=250"},
		{"far://host?safety=full&key_type=text&value_type=text&_txlock=deferred&count_deletes=off",
			lsmlite.Config{Path: "far://host", Safety: lsmlite.SafetyFull, KeyType: lsmlite.TypeText, ValueType: lsmlite.TypeText,
				TxLock: lsmlite.TxDeferred, CountDeletes: lsmlite.Off}, ""},
		// A parameter of the store may have any name that is none of ours, and need no value.
		{"far://host?password=p&flag", lsmlite.Config{Path: "far://host?password=p&flag"}, ""},
		// A file: name is one of a file, whatever it looks like.
		{"file:near://host/db?mode=rw", lsmlite.Config{Path: "./near://host/db", Mode: lsmlite.ModeReadWrite}, "./near://host/db?mode=rw"},
		{"file:far://u:p@host/db", lsmlite.Config{Path: "./far://u:p@host/db"}, ""},
		{"file:%20far:x@y", lsmlite.Config{Path: "./ far:x@y"}, ""},
		{"file:postgres://u:p@host/a%3Fb", lsmlite.Config{Path: "./postgres://u:p@host/a?b"}, "file:./postgres://u:p@host/a%3Fb"},
		{"a://b", lsmlite.Config{Path: "a://b"}, ""},
		{"./far://host", lsmlite.Config{Path: "./far://host"}, ""},
		// So are drives, and names that only have something of a URL.
		{`C:\a@b`, lsmlite.Config{Path: `C:\a@b`}, ""},
		{"C:/a@b:c@d", lsmlite.Config{Path: "C:/a@b:c@d"}, ""},
		{"/near://host/a@b", lsmlite.Config{Path: "/near://host/a@b"}, ""},
		{"backup:2026/me@home", lsmlite.Config{Path: "backup:2026/me@home"}, ""},
		{"notes:/a", lsmlite.Config{Path: "notes:/a"}, ""},
		{" a b@c", lsmlite.Config{Path: " a b@c"}, ""},
	} {
		got, err := lsmlite.ParseDSN(tt.dsn)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s\n got %#v, %v\nwant %#v", tt.dsn, got.FormatDSN(), err, tt.want.FormatDSN())
			continue
		}
		if back := got.FormatDSN(); tt.back != "" && back != tt.back {
			t.Errorf("%s is formatted as %s", tt.dsn, back)
		}
		again, err := lsmlite.ParseDSN(got.FormatDSN())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s formatted as %s is %s, %v", tt.dsn, got.FormatDSN(), again.FormatDSN(), err)
		}
	}
}

func TestStoreDSNErrors(t *testing.T) {
	for dsn, text := range map[string]string{
		"postgres://u:hunter2@h/db?table=kv":                      `add import _ "github.com/lsmlite/lsmlite-go/stores/pgstore"`,
		"postgresql://u:hunter2@h":                                `add import _ "github.com/lsmlite/lsmlite-go/stores/pgstore"`,
		"TiKV://u:hunter2@h":                                      `add import _ "github.com/lsmlite/lsmlite-go/stores/tikvstore"`,
		"far://u:hunter2@h?page_size=4096":                        "page_size is a setting of files, and a store at far:// is none; allowed: mode, safety, busy_timeout",
		"far://u:hunter2@h?preset=default":                        "preset is a setting of files",
		"far://u:hunter2@h?key_env=hunter2":                       "key_env is a setting of files",
		"far://u:hunter2@h?multiple_processes=0&password=hunter2": "multiple_processes is a setting of files",
		"far://u:hunter2@h?mode=memory":                           "mode=memory is for files",
		"far://u:hunter2@h?safety=full&safety=full":               "safety is set twice",
		"far://u:hunter2@h?safety":                                "safety has no value",
		"near://u:hunter2@h/db":                                   "no package in this program has stores at near://",
		"postgress://u:hunter2@h":                                 "no package in this program has stores at postgress://",
		" far://u:hunter2@h":                                      "a blank or a quotation mark stands before far:",
		"\tfar:u:hunter2@h":                                       "a blank or a quotation mark stands before far:",
		`"near://u:hunter2@h"`:                                    "a blank or a quotation mark stands before near:",
		" near:/u:hunter2@h":                                      "a blank or a quotation mark stands before near:",
		"postgres:u:hunter2@h":                                    "begins with postgres://",
		"FAR:/u:hunter2@h/db":                                     "begins with far://",
		"near:/u:hunter2@h/db":                                    "looks like a URL at near:",
		"jdbc:postgresql://u:hunter2@h/db":                        "looks like a URL at jdbc:",
		"host=h user=u password=hunter2 dbname=x":                 "password= is in the name of a file",
		"file://u:hunter2@h/db":                                   "file://…@h names another host",
		"far://u:hunter2%zz@h":                                    "is no URL",
		"far://u:hunter2@h#x":                                     "%23",
		"far://u:hunter2@h?%zz=hunter2":                           "bad escape in the name of a setting",
	} {
		_, err := lsmlite.ParseDSN(dsn)
		checkError(t, dsn, err, text, lsmlite.ErrMisuse)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: shows the password: %v", dsn, err)
		}
	}
	for name, c := range map[string]lsmlite.Config{
		"is in the URL of Config.Path":   {Path: "far://h?mode=rw"},
		"Config.Perm is for files":       {Path: "far://h", Perm: 0o600},
		"Config.Observer is for files":   {Path: "far://h", Observer: &engine.Observer{}},
		"cache_size is a setting":        {Path: "far://h", CacheSize: 1 << 20},
		"for postgres:// is not in this": {Path: "postgres://h"},
		"has stores at near://":          {Path: "near://u:hunter2@h?x"},
		"begins with tikv://":            {Path: "tikv:hunter2@h"},
		"looks like a URL at near:":      {Path: "near:/u:hunter2@h"},
		"password= is in":                {Path: "user=u password=hunter2"},
	} {
		_, err := lsmlite.NewConnector(c)
		checkError(t, name, err, name, lsmlite.ErrMisuse)
		_, err = lsmlite.OpenStore(context.Background(), c)
		checkError(t, name, err, name, lsmlite.ErrMisuse)
		if shown := fmt.Sprint(c, err); strings.Contains(shown, "hunter2") {
			t.Error(shown)
		}
	}
}

// A file: name makes a file, also where it looks like the URL of a store.
func TestFileNamedLikeAStore(t *testing.T) {
	resetFar(t)
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("far:/host", 0o700); err != nil {
		t.Skip(err) // a system without such names
	}
	exec(t, openDSN(t, "file:far://host/db"), "INSERT INTO kv VALUES ('a', 'b')")
	if _, err := os.Stat("far:/host/db"); err != nil || len(far.urls) > 0 {
		t.Errorf("%v; stores: %q", err, far.urls)
	}
	exec(t, openDSN(t, "./far://host/db"), "INSERT INTO kv VALUES ('b', 'c')")
	wantRows(t, openDSN(t, "file:far:/host/db"), "2", "SELECT count(*) FROM kv")
}

// What is printed of a configuration, a connector, a connection, an error and a PRAGMA has no password.
func TestStoresShowNoPassword(t *testing.T) {
	resetFar(t)
	const dsn = "far://user:hunter2@host/db?sslpassword=hunter2&busy_timeout=0"
	cfg, err := lsmlite.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	connector, err := lsmlite.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := closeLater(t, sql.OpenDB(connector))
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(h).Info("open", "value", cfg, "pointer", &cfg, "inside", struct{ C lsmlite.Config }{cfg}, "connector", connector)
	}
	text, err := json.Marshal(map[string]any{"c": cfg, "p": &cfg})
	if want := `{"c":"far://user@host/db?busy_timeout=0","p":"far://user@host/db?busy_timeout=0"}`; err != nil || string(text) != want {
		t.Errorf("JSON: %s, %v, want %s", text, err, want)
	}
	shown := log.String() + fmt.Sprintf("%v %+v %#v %v %+v %#v", cfg, cfg, cfg, connector, connector, connector)
	conn := connect(t, db)
	if err := conn.Raw(func(dc any) error { shown += fmt.Sprintf(" %+v", dc); return nil }); err != nil {
		t.Fatal(err)
	}
	list, err := ask(db, "PRAGMA database_list")
	if err != nil {
		t.Fatal(err)
	}
	tx := begin(t, db, nil)
	_, busy := db.Exec("INSERT INTO kv VALUES ('a', 'b')")
	checkError(t, "with a writer", busy, "far://user@host/db", lsmlite.ErrBusy)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	_, disagree := sqlOpen(t, dsn+"&safety=full").Exec("SELECT 1")
	checkError(t, "other settings", disagree, "far://user@host/db", lsmlite.ErrMisuse)
	far.Lock()
	far.err = errors.New("no route")
	far.Unlock()
	_, down := sqlOpen(t, "far://user:hunter2@other/db").Exec("SELECT 1")
	checkError(t, "no route", down, "far://user@other/db", lsmlite.ErrCantOpen)
	shown += list + fmt.Sprint(busy, disagree, down)
	if strings.Contains(shown, "hunter2") || !strings.Contains(shown, "user@host") {
		t.Error(shown)
	}
}

// sqlOpen opens a pool, and closes it with the test.
func sqlOpen(t *testing.T, dsn string) *sql.DB { return openDSN(t, dsn) }

// TestStoreOfAScheme: the driver gets the URL without our settings, and those that it honours; pools with the
// same URL share a store; statements work, and what is about files is refused.
func TestStoreOfAScheme(t *testing.T) {
	resetFar(t)
	a := openDSN(t, "far://u:p@host/db?table=kv&safety=1&mode=rw&key_type=text")
	b := openDSN(t, "far://u:p@host/db?mode=rw&table=kv&value_type=text")
	other := openDSN(t, "far://u:q@host/db?table=kv")
	exec(t, a, "INSERT INTO kv VALUES ('a', 'x'), ('b', 'y')")
	wantRows(t, b, "2", "SELECT count(*) FROM kv")
	wantRows(t, other, "0", "SELECT count(*) FROM kv")
	far.Lock()
	urls, settings := strings.Join(far.urls, " "), far.settings
	far.Unlock()
	if want := "far://u:p@host/db?table=kv far://u:q@host/db?table=kv"; urls != want {
		t.Errorf("opened %s, want %s", urls, want)
	}
	want := []store.Settings{{Values: map[string]string{"safety": "normal"}}, {Create: true, Values: map[string]string{}}}
	if !reflect.DeepEqual(settings, want) {
		t.Errorf("settings %+v, want %+v", settings, want)
	}
	wantRows(t, a, "normal", "PRAGMA safety")
	for _, text := range []string{"PRAGMA page_size", "PRAGMA autoflush = 1024", "PRAGMA preset", "PRAGMA key_env"} {
		_, err := ask(a, text)
		checkError(t, text, err, "is a setting of files, and a store at far:// is none", lsmlite.ErrMisuse)
	}
	_, err := ask(a, "PRAGMA safety = full")
	checkError(t, "PRAGMA safety", err, "cannot be changed", lsmlite.ErrMisuse)
	for _, text := range []string{"PRAGMA stats", "PRAGMA flush", "PRAGMA backup('x')", "PRAGMA page_info(1)", "PRAGMA integrity_check"} {
		_, err := ask(a, text)
		checkError(t, text, err, "this store does not offer it", lsmlite.ErrMisuse)
	}
	exec(t, connect(t, a), "PRAGMA busy_timeout = 10")
	checkError(t, "ping", a.Ping(), "", nil)
	far.Lock()
	far.ping = &lsmlite.Error{Code: lsmlite.CodeIO, Op: "ping", Detail: "far is out of reach"}
	far.Unlock()
	checkError(t, "ping", a.Ping(), "out of reach", lsmlite.ErrIO)
}

func TestOpenStore(t *testing.T) {
	resetFar(t)
	ctx := context.Background()
	for _, dsn := range []string{"far://host/open", t.TempDir() + "/db"} {
		cfg, err := lsmlite.ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		st, err := lsmlite.OpenStore(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		db := openDSN(t, dsn)
		exec(t, db, "INSERT INTO kv VALUES ('a', 'x')")
		value, found, err := st.Get(ctx, nil, []byte("a"))
		if err != nil || !found || string(value) != "x" {
			t.Errorf("%s: %q, %v, %v: the pool has another store", dsn, value, found, err)
		}
		if err := errors.Join(st.Close(), st.Close()); err != nil {
			t.Error(err)
		}
		wantRows(t, db, "1", "SELECT count(*) FROM kv")
	}
	if _, err := lsmlite.OpenStore(ctx, lsmlite.Config{Path: "tikv://h"}); !errors.Is(err, lsmlite.ErrMisuse) {
		t.Error(err)
	}
}

// A store that is opened with mode=ro is never written, although the driver of far does not look at that.
func TestOpenStoreReadOnly(t *testing.T) {
	resetFar(t)
	ctx := context.Background()
	file := t.TempDir() + "/db"
	for _, name := range []string{"far://u:hunter2@host/readonly", file} {
		exec(t, openDSN(t, name), "INSERT INTO kv VALUES ('a', 'x')")
		st, err := lsmlite.OpenStore(ctx, lsmlite.Config{Path: name, Mode: lsmlite.ModeReadOnly})
		if err != nil {
			t.Fatal(err)
		}
		value, found, err := st.Get(ctx, nil, []byte("a"))
		if err != nil || !found || string(value) != "x" {
			t.Errorf("%q, %v, %v", value, found, err)
		}
		snap, err := st.Snapshot(ctx, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range []store.Snapshot{nil, snap} {
			_, err := st.Begin(ctx, from)
			checkError(t, name, err, "mode=ro", lsmlite.ErrReadOnly)
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error(err)
			}
		}
		if err := errors.Join(snap.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestIsolationOfManyWriters: what the store cannot promise is refused, whatever else is allowed.
func TestIsolationOfManyWriters(t *testing.T) {
	resetFar(t)
	db := openDSN(t, "far://host/levels")
	for _, tt := range []struct {
		caps    store.Caps
		refused []sql.IsolationLevel
	}{
		{store.Caps{MaxKey: 100, SingleWriter: true}, nil},
		{store.Caps{MaxKey: 100, CommitConflicts: true}, []sql.IsolationLevel{sql.LevelLinearizable}},
		{store.Caps{MaxKey: 100, CommitConflicts: true, WriteSkew: true}, []sql.IsolationLevel{sql.LevelSerializable, sql.LevelLinearizable}},
	} {
		far.Lock()
		far.caps = &tt.caps
		far.Unlock()
		for level := sql.LevelDefault; level <= sql.LevelLinearizable; level++ {
			for _, readOnly := range []bool{false, true} {
				tx, err := db.BeginTx(context.Background(), &sql.TxOptions{Isolation: level, ReadOnly: readOnly})
				refused := false
				for _, r := range tt.refused {
					refused = refused || r == level
				}
				if refused {
					checkError(t, level.String(), err, "above that of this store", lsmlite.ErrMisuse)
				} else if err != nil {
					t.Errorf("%+v: %v: %v", tt.caps, level, err)
				}
				if err == nil {
					err = tx.Rollback()
				}
				if err != nil && !refused {
					t.Error(err)
				}
			}
		}
	}
}

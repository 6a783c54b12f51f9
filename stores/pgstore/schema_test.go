// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// The tables are made with mode=rwc only, once, however many programs do it at the same time.
func TestTablesAreMadeOnce(t *testing.T) {
	shared.start(t)
	name := table(t)
	if _, err := tryOpen(shared.url(name, nil), store.Settings{}); !errors.Is(err, errs.ErrCantOpen) || !strings.Contains(err.Error(), "mode=rwc") {
		t.Errorf("without mode=rwc: %v", err)
	}
	var wg sync.WaitGroup
	failed := make([]error, 12)
	for i := range failed {
		wg.Go(func() {
			s, err := tryOpen(shared.url(name, map[string]string{"pool_max_conns": "1"}), rwc)
			if err == nil {
				err = s.Close()
			}
			failed[i] = err
		})
	}
	wg.Wait()
	ok(t, errors.Join(failed...))
	put(t, openStore(t, shared.url(name, nil), store.Settings{}), "a", "1")
}

// A table is for the number of writers that it was made for: one program that does not take the lock would break the
// promise of all others.
func TestWritersMustAgree(t *testing.T) {
	shared.start(t)
	for _, pair := range [][2]string{{"one", "many"}, {"many", "one"}} {
		name := table(t)
		openStore(t, shared.url(name, map[string]string{"writers": pair[0]}), rwc)
		_, err := tryOpen(shared.url(name, map[string]string{"writers": pair[1]}), rwc)
		if !errors.Is(err, errs.ErrMismatch) || !strings.Contains(err.Error(), "writers="+pair[0]) {
			t.Errorf("%v: %v", pair, err)
		}
	}
}

// The order of the columns, and others that another program has added, do not matter.
func TestOrderOfColumns(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	name := table(t)
	s := openRemote(t, shared.url(name, nil), rwc)
	_, err := s.pool.Exec(ctx, `DROP TABLE `+name)
	ok(t, err)
	_, err = s.pool.Exec(ctx, `CREATE TABLE `+name+` (note text, value bytea NOT NULL, key bytea PRIMARY KEY)`)
	ok(t, err)
	d := openStore(t, shared.url(name, nil), store.Settings{})
	put(t, d, "a", "1")
	put(t, d, "b", "2", "c", "3")
	if got := keys(t, d); got != "a b c" {
		t.Errorf("keys %s", got)
	}
}

// Tables of other programs are left alone.
func TestOtherTablesAreRefused(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	helper := openRemote(t, shared.url(table(t), nil), rwc)
	for what, text := range map[string]string{
		"only the rows":       `CREATE TABLE "NAME" (key bytea PRIMARY KEY, value bytea NOT NULL)`,
		"only the other one":  `CREATE TABLE "NAME_lsmlite" (id int)`,
		"text":                `CREATE TABLE "NAME" (key text PRIMARY KEY, value bytea NOT NULL); ` + smallTable,
		"values may be NULL":  `CREATE TABLE "NAME" (key bytea PRIMARY KEY, value bytea); ` + smallTable,
		"no primary key":      `CREATE TABLE "NAME" (key bytea NOT NULL, value bytea NOT NULL); ` + smallTable,
		"another primary key": `CREATE TABLE "NAME" (key bytea NOT NULL, value bytea, PRIMARY KEY (key, value)); ` + smallTable,
		"an empty row":        `CREATE TABLE "NAME" (key bytea PRIMARY KEY, value bytea NOT NULL); CREATE TABLE "NAME_lsmlite" (id int, format int, writers text)`,
	} {
		name := table(t)
		_, err := helper.pool.Exec(ctx, strings.ReplaceAll(text, "NAME", name)) // several statements
		if err != nil {
			for _, one := range strings.Split(text, "; ") {
				_, err := helper.pool.Exec(ctx, strings.ReplaceAll(one, "NAME", name))
				ok(t, err)
			}
		}
		_, err = tryOpen(shared.url(name, nil), rwc)
		if !errors.Is(err, errs.ErrCantOpen) || !strings.Contains(err.Error(), "name another table") {
			t.Errorf("%s: %v", what, err)
		}
	}
	name := table(t)
	openStore(t, shared.url(name, nil), rwc)
	_, err := helper.pool.Exec(ctx, `UPDATE `+quoted(name+suffix)+` SET format = 2`)
	ok(t, err)
	if _, err := tryOpen(shared.url(name, nil), rwc); !errors.Is(err, errs.ErrMismatch) {
		t.Errorf("a later format: %v", err)
	}
}

const smallTable = `CREATE TABLE "NAME_lsmlite" (id int, format int, writers text); INSERT INTO "NAME_lsmlite" VALUES (1, 1, 'one')`

// A table that is dropped while it is open is an error that says so, and the store can still be closed.
func TestDroppedTable(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	s := openStore(t, shared.url(table(t), nil), rwc)
	r := s.(turns)
	put(t, s, "a", "1")
	_, err := r.pool.Exec(ctx, `DROP TABLE `+quoted(r.o.table))
	ok(t, err)
	_, _, err = s.Get(ctx, nil, []byte("a"))
	is(t, err, errs.ErrCantOpen)
	tx := begin(t, s, nil)
	ok(t, tx.Put(ctx, []byte("b"), nil))
	is(t, tx.Commit(ctx), errs.ErrCantOpen)
}

// safety is synchronous_commit of each transaction; without it the server decides.
func TestSafety(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	for safety, want := range map[string]string{"": "on", "full": "on", "normal": "off"} {
		set := rwc
		if safety != "" {
			set.Values = map[string]string{"safety": safety}
		}
		s := openRemote(t, shared.url(table(t), nil), set)
		tx, err := s.begin(ctx, nil, false)
		ok(t, err)
		var got string
		ok(t, tx.pin.conn.QueryRow(ctx, `SHOW synchronous_commit`).Scan(&got))
		if got != want {
			t.Errorf("safety=%s: synchronous_commit=%s", safety, got)
		}
		tx.rollback(ctx)
	}
}

// After a restore on another server the number of the last transaction is one that is still to come. Snapshots can
// become transactions again from the next opening on, and only if nothing was committed since.
func TestRestoredOnAnotherServer(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	for _, name := range []string{table(t), `it's \"` + table(t)} {
		s := openStore(t, shared.url(name, nil), rwc)
		put(t, s, "a", "1")
		_, err := s.(turns).pool.Exec(ctx, `SELECT setval($1::text::regclass, 1000000000000)`, quoted(name+lastSuffix))
		ok(t, err)
		snap, err := s.Snapshot(ctx, true)
		ok(t, err)
		_, err = s.Begin(ctx, snap)
		is(t, err, errs.ErrBusySnapshot) // and none is wrongly treated as the newest
		ok(t, snap.Close())
		again := openStore(t, shared.url(name, map[string]string{"pool_max_conns": "3"}), rwc)
		snap, err = again.Snapshot(ctx, true)
		ok(t, err)
		ok(t, begin(t, again, snap).Rollback(ctx))
		put(t, s, "b", "2")
		_, err = again.Begin(ctx, snap)
		is(t, err, errs.ErrBusySnapshot)
		ok(t, snap.Close())
	}
}

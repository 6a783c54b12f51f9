// SPDX-License-Identifier: Apache-2.0

// Sessions keeps sessions that end when they have not been used for a while.
//
//	go run -C examples/recipes ./sessions
//
// Each session has two keys: its own, whose value begins with the time at which it ends,
// and one by which those that have ended are found without a look at the others:
//
//	session/t0k3n                       2026-01-02T15:34:05Z Ada
//	ends/2026-01-02T15:34:05Z/t0k3n
package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/lsmlite/lsmlite-go"
)

const (
	ttl   = 30 * time.Minute
	stamp = "2006-01-02T15:04:05Z"
)

var errNoSession = errors.New("no such session, or it has ended")

// start makes a session and returns its token.
func start(ctx context.Context, db *sql.DB, user string, now time.Time) (token string, err error) {
	token = rand.Text()
	ends := now.Add(ttl).UTC().Format(stamp)
	_, err = db.ExecContext(ctx, "INSERT INTO kv VALUES (?, ?), (?, '')", // one statement: both or none
		"session/"+token, ends+" "+user, "ends/"+ends+"/"+token)
	return token, err
}

// use returns whose session it is, and lets it last for another ttl.
func use(ctx context.Context, db *sql.DB, token string, now time.Time) (user string, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return "", err
	}
	defer tx.Rollback() // does nothing after Commit
	var value string
	err = tx.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = ?", "session/"+token).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errNoSession
	} else if err != nil {
		return "", err
	}
	ended, user, _ := strings.Cut(value, " ")
	if ended <= now.UTC().Format(stamp) { // it has ended, but was not removed yet
		return "", errNoSession
	}
	ends := now.Add(ttl).UTC().Format(stamp)
	if ends != ended { // at most one write a second
		_, err = tx.ExecContext(ctx, "DELETE FROM kv WHERE key = ?; INSERT INTO kv VALUES (?, ?), (?, '')",
			"ends/"+ended+"/"+token, "session/"+token, ends+" "+user, "ends/"+ends+"/"+token)
		if err != nil {
			return "", err
		}
	}
	return user, tx.Commit()
}

// sweep removes the sessions that have ended. Call it by a timer; it reads nothing of the
// others.
func sweep(ctx context.Context, db *sql.DB, now time.Time) (n int, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()                              // does nothing after Commit
	until := "ends/" + now.UTC().Format(stamp) + "0" // '0' is the byte after '/'
	rows, err := tx.QueryContext(ctx, "SELECT key FROM kv WHERE key >= 'ends/' AND key < ?", until)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return 0, err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM kv WHERE key = ?", "session/"+path.Base(key)); err != nil {
			return 0, err
		}
		n++
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM kv WHERE key >= 'ends/' AND key < ?", until); err != nil {
		return 0, err
	}
	return n, tx.Commit()
}

func run(ctx context.Context, dir string, out io.Writer) error {
	db, err := sql.Open("lsmlite", filepath.Join(dir, "sessions.lsm"))
	if err != nil {
		return err
	}
	defer db.Close()
	now := time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)
	ada, err := start(ctx, db, "Ada", now)
	if err != nil {
		return err
	}
	grace, err := start(ctx, db, "Grace", now)
	if err != nil {
		return err
	}

	now = now.Add(20 * time.Minute)
	user, err := use(ctx, db, ada, now)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "after 20 minutes:", user, "is still there")

	now = now.Add(20 * time.Minute)
	if _, err := use(ctx, db, grace, now); !errors.Is(err, errNoSession) {
		return fmt.Errorf("the session of Grace: got %v", err)
	}
	fmt.Fprintln(out, "after 40 minutes: Grace's session has ended")
	n, err := sweep(ctx, db, now)
	if err != nil {
		return err
	}
	if user, err = use(ctx, db, ada, now); err != nil {
		return err
	}
	var keys int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM kv").Scan(&keys); err != nil {
		return err
	}
	fmt.Fprintf(out, "swept %d; %s is still there, with %d keys\n", n, user, keys)
	return nil
}

func main() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), dir, os.Stdout)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
)

// A cache that forgets what others change. The watch begins before the first read, so nothing is missed in between.
func ExampleConn_watch() {
	path, remove := tempFile()
	defer remove()
	db, err := sql.Open("lsmlite", path+"?changes=1024")
	check(err)
	defer db.Close()
	_, err = db.Exec("INSERT INTO kv VALUES ('user/ann', 'admin'), ('user/bob', 'guest')")
	check(err)

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	conn, err := db.Conn(ctx)
	check(err)
	defer conn.Close()
	err = conn.Raw(func(dc any) error {
		events := dc.(lsmlite.Conn).Engine().Watch(ctx, engine.PrefixRange([]byte("user/")), 1000)
		cache := map[string]string{"user/ann": "admin", "user/bob": "guest"} // as read after Watch

		// Other connections write meanwhile.
		_, err := db.Exec("INSERT OR REPLACE INTO kv VALUES ('user/ann', 'owner'), ('order/1', 'paid')")
		check(err)
		_, err = db.Exec("DELETE FROM kv WHERE key > 'user/b'")
		check(err)

		for e := range events {
			switch {
			case e.Resync: // events were missed
				clear(cache)
			case e.Kind == engine.OpDeleteRange:
				for key := range cache {
					if e.Deleted.Contains([]byte(key)) {
						delete(cache, key)
						fmt.Println("forget", key)
					}
				}
			default:
				delete(cache, string(e.Key))
				fmt.Println("forget", string(e.Key))
			}
			if len(cache) == 0 {
				return nil
			}
		}
		return ctx.Err()
	})
	check(err)
	// Output:
	// forget user/ann
	// forget user/bob
}

// What was committed after a position, which a program keeps as text until it runs again.
func ExampleConn_changes() {
	path, remove := tempFile()
	defer remove()
	db, err := sql.Open("lsmlite", path+"?changes=1024")
	check(err)
	defer db.Close()
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	check(err)
	defer conn.Close()
	err = conn.Raw(func(dc any) error {
		e := dc.(lsmlite.Conn).Engine()
		snapshot, err := e.Snapshot(ctx)
		if err != nil {
			return err
		}
		kept := snapshot.Position().String() // use the rows of the snapshot, then go on from here
		if err := snapshot.Close(); err != nil {
			return err
		}

		_, err = db.Exec("INSERT INTO kv VALUES ('a', '1'), ('b', '2')")
		check(err)
		_, err = db.Exec("DELETE FROM kv WHERE key = 'a'")
		check(err)

		position, err := engine.ParsePosition(kept)
		if err != nil {
			return err
		}
		for change, err := range e.Changes(ctx, position, engine.ChangeOptions{NoWait: true}) {
			if errors.Is(err, engine.ErrGap) {
				fmt.Println("start again with a snapshot")
			}
			if err != nil {
				return err
			}
			for op, err := range change.Ops {
				if err != nil {
					return err
				}
				fmt.Printf("%v %q %q\n", op.Kind, op.Key, op.Value)
			}
			fmt.Println("committed")
			kept = change.Position.String()
		}
		return nil
	})
	check(err)
	// Output:
	// put "a" "1"
	// put "b" "2"
	// committed
	// delete "a" ""
	// committed
}

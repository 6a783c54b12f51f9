// SPDX-License-Identifier: Apache-2.0

// Frombbolt copies a bbolt database, nested buckets and all, into a new lsmlite database.
//
//	go run -C examples/recipes ./frombbolt            # of an example
//	go run -C examples/recipes ./frombbolt OLD NEW    # of a file of yours, given as an absolute path
//
// The path of a bucket becomes the prefix of its keys:
//
//	/users/2026=ada     the key "ada" of the bucket "2026" in the bucket "users"
//	/users#             the sequence of the bucket "users", if NextSequence was used
//
// In a bucket's name the bytes "/", "=", "#" and "%" are written as "%2F" and so on, so no two
// keys become one. A key stays as it is, so the keys of a bucket keep their order.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/lsmlite/lsmlite-go/engine"
)

var escape = strings.NewReplacer("%", "%25", "/", "%2F", "=", "%3D", "#", "%23")

// batch is how many bytes are copied in one transaction: it is in memory until it commits.
const batch = 4 << 20

// copier puts rows into a database, in as many transactions as it takes.
type copier struct {
	ctx   context.Context
	to    *engine.DB
	tx    *engine.Tx
	bytes int
	rows  int
}

func (c *copier) put(key, value []byte) (err error) {
	if c.tx == nil {
		if c.tx, err = c.to.Begin(c.ctx); err != nil {
			return err
		}
	}
	if err := c.tx.Put(key, value); err != nil {
		return err
	}
	c.rows++
	if c.bytes += len(key) + len(value); c.bytes >= batch {
		return c.commit()
	}
	return nil
}

func (c *copier) commit() error {
	tx := c.tx
	if c.tx, c.bytes = nil, 0; tx == nil {
		return nil
	}
	return tx.Commit(c.ctx)
}

// bucket copies a bucket and those in it.
func (c *copier) bucket(path string, b *bolt.Bucket) error {
	if n := b.Sequence(); n > 0 {
		if err := c.put([]byte(path+"#"), strconv.AppendUint(nil, n, 10)); err != nil {
			return err
		}
	}
	return b.ForEach(func(key, value []byte) error {
		if value == nil {
			return c.bucket(path+"/"+escape.Replace(string(key)), b.Bucket(key))
		}
		return c.put(append([]byte(path+"="), key...), value)
	})
}

// move copies all of one database, as it is when the copy begins, and returns how many rows
// that makes. Programs that read the old file meanwhile are not held up.
func move(ctx context.Context, from *bolt.DB, to *engine.DB) (int, error) {
	c := &copier{ctx: ctx, to: to}
	err := from.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			return c.bucket("/"+escape.Replace(string(name)), b)
		})
	})
	if err != nil {
		if c.tx != nil {
			err = errors.Join(err, c.tx.Rollback())
		}
		return c.rows, err
	}
	return c.rows, c.commit()
}

// moveFile copies the file at one path into a new one at another, as small as it can be.
func moveFile(ctx context.Context, oldPath, newPath string) (rows int, err error) {
	if _, err := os.Stat(newPath); !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%s exists, or cannot be looked at: %v", newPath, err)
	}
	from, err := bolt.Open(oldPath, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return 0, err
	}
	defer from.Close()
	to, err := engine.Open(ctx, newPath, engine.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if rows, err = move(ctx, from, to); err != nil {
		return rows, err
	}
	return rows, to.Optimize(ctx)
}

// example makes a bbolt database.
func example(path string) error {
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	return errors.Join(db.Update(func(tx *bolt.Tx) error {
		users, err := tx.CreateBucket([]byte("users"))
		if err != nil {
			return err
		}
		if _, err := users.NextSequence(); err != nil {
			return err
		}
		year, err := users.CreateBucket([]byte("2026"))
		if err != nil {
			return err
		}
		odd, err := tx.CreateBucket([]byte("50%/year"))
		if err != nil {
			return err
		}
		return errors.Join(
			year.Put([]byte("ada"), []byte("Ada")),
			year.Put([]byte("grace"), []byte("Grace")),
			users.Put([]byte("2026=ada"), []byte("a key that looks like a path")),
			odd.Put([]byte("a/b"), []byte("an odd bucket")),
		)
	}), db.Close())
}

func run(ctx context.Context, dir string, out io.Writer) error {
	oldPath, newPath := filepath.Join(dir, "old.bolt"), filepath.Join(dir, "new.lsm")
	if err := example(oldPath); err != nil {
		return err
	}
	rows, err := moveFile(ctx, oldPath, newPath)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "rows:", rows)

	db, err := engine.Open(ctx, newPath, engine.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(ctx, func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
			value, err := c.Value()
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%s  %s\n", c.Key(), value)
		}
		return c.Err()
	})
}

func main() {
	if len(os.Args) == 3 {
		rows, err := moveFile(context.Background(), os.Args[1], os.Args[2])
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("rows:", rows)
		return
	}
	dir, err := os.MkdirTemp("", "frombbolt")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), dir, os.Stdout)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}

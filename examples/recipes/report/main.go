// SPDX-License-Identifier: Apache-2.0

// Report counts what a service has written, from another process, while the service goes on.
//
//	go run -C examples/recipes ./report
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/lsmlite/lsmlite-go"
)

// service is the one process that writes. readers=on lets others read meanwhile.
func service(path string) (*sql.DB, error) {
	return sql.Open("lsmlite", path+"?readers=on")
}

// report is what another process does: it opens the file with mode=ro, and counts in one transaction, so that all of
// it is of one moment. Each report sees what was committed before it began.
func report(ctx context.Context, path string, out io.Writer) error {
	db, err := sql.Open("lsmlite", path+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	var orders, paid int
	opts := lsmlite.RetryOptions{Tx: &sql.TxOptions{ReadOnly: true}}
	if err := lsmlite.Retry(ctx, db, &opts, func(tx *sql.Tx) error {
		return errors.Join(
			tx.QueryRowContext(ctx, "SELECT count(*) FROM kv WHERE key GLOB 'order/*'").Scan(&orders),
			tx.QueryRowContext(ctx, "SELECT count(*) FROM kv WHERE key GLOB 'paid/*'").Scan(&paid))
	}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d orders, %d of them paid\n", orders, paid)
	return err
}

func run(ctx context.Context, dir string, out io.Writer) error {
	path := filepath.Join(dir, "shop.lsm")
	db, err := service(path)
	if err != nil {
		return err
	}
	defer db.Close()
	for n := range 3 {
		for i := range 10 {
			if _, err := db.ExecContext(ctx, "INSERT INTO kv VALUES ('order/' || ?, 'tea')", 10*n+i); err != nil {
				return err
			}
		}
		if _, err := db.ExecContext(ctx, "INSERT INTO kv VALUES ('paid/' || ?, 'cash')", n); err != nil {
			return err
		}
		other := exec.CommandContext(ctx, os.Args[0], "report", path) // this program, as another process
		other.Stdout, other.Stderr = out, os.Stderr
		if err := other.Run(); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	ctx := context.Background()
	if len(os.Args) == 3 && os.Args[1] == "report" {
		if err := report(ctx, os.Args[2], os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		log.Fatal(err)
	}
	err = run(ctx, dir, os.Stdout)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}

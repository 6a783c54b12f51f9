// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// crashes is how often the server of TestServerCrashes crashes.
const crashes = 4

// One of the server's processes is killed, again and again, while transactions run. The server starts again by itself
// and gives out again the numbers of transactions that were lost. What was reported as committed is there, and what
// was reported as failed is not, also where the answer to COMMIT was lost and the server was asked about the number.
func TestServerCrashes(t *testing.T) {
	for _, writers := range []string{"one", "many"} {
		t.Run(writers, func(t *testing.T) {
			t.Parallel()
			s := server{settings: []string{"-c", "fsync=on"}}
			s.start(t)
			t.Cleanup(s.stop)
			d := openStore(t, s.url("kv", map[string]string{"writers": writers, "pool_max_conns": "20"}), rwc)
			ctx, stop := context.WithCancel(context.Background())
			var wg sync.WaitGroup
			var mu sync.Mutex
			said := map[string]error{}
			for w := range 8 {
				wg.Go(func() {
					for i := 0; ctx.Err() == nil; i++ {
						key := fmt.Sprintf("%d-%d", w, i)
						err := putOne(d, key)
						mu.Lock()
						said[key] = err
						mu.Unlock()
					}
				})
			}
			for range crashes {
				time.Sleep(400 * time.Millisecond)
				ok(t, s.crash())
			}
			stop()
			wg.Wait()
			there := map[string]bool{}
			for _, key := range strings.Fields(keys(t, d)) {
				there[key] = true
			}
			count := map[string]int{}
			for key, err := range said {
				switch {
				case errors.Is(err, errs.ErrUndetermined):
					count["unknown"]++
				case err == nil && there[key]:
					count["committed"]++
				case errors.Is(err, errs.ErrBusy) && !there[key]:
					count["failed"]++
				default:
					t.Errorf("%s is there: %v, and the error was %v", key, there[key], err)
				}
			}
			if count["committed"] == 0 {
				t.Errorf("the test shows nothing: %v", count)
			}
			t.Log(count)
		})
	}
}

func putOne(d store.Store, key string) error {
	ctx := context.Background()
	tx, err := d.Begin(ctx, nil)
	if err != nil {
		return err
	}
	if err := tx.Put(ctx, []byte(key), make([]byte, 100)); err != nil {
		return errors.Join(err, tx.Rollback(ctx))
	}
	return tx.Commit(ctx)
}

// crash kills a process of the server, which ends all others and recovers, and waits until it has.
func (s *server) crash() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, s.url("", nil))
	if err != nil {
		return err
	}
	before, err := s.since()
	if err != nil {
		return err
	}
	p, err := os.FindProcess(int(c.PgConn().PID()))
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		return err
	}
	_, _ = c.Exec(ctx, `SELECT 1`) // it fails when the process is gone
	_ = c.Close(ctx)
	for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if after, err := s.since(); err == nil {
			if after != before {
				return errors.New("the main process of the server was started again")
			}
			return nil
		}
	}
	return ctx.Err()
}

// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// The pool's numbers in a Prometheus registry.
func Example_prometheus() {
	db, err := sql.Open("lsmlite", ":memory:")
	check(err)
	defer db.Close()
	registry := prometheus.NewRegistry()
	check(registry.Register(collectors.NewDBStatsCollector(db, "kv")))

	check(db.Ping())
	families, err := registry.Gather()
	check(err)
	for _, f := range families {
		if f.GetName() == "go_sql_open_connections" {
			fmt.Println(f.GetName(), f.GetMetric()[0].GetGauge().GetValue())
		}
	}
	// Output: go_sql_open_connections 1
}

func TestPrometheusDBStats(t *testing.T) {
	db := open(t, newFile(t))
	db.SetMaxOpenConns(2)
	registry := prometheus.NewPedanticRegistry()
	must(t, registry.Register(collectors.NewDBStatsCollector(db, "kv")))
	numbers := func(when string, open, inUse, idle, waits int) {
		t.Helper()
		var want strings.Builder
		for _, m := range []struct {
			name, kind, help string
			value            int
		}{
			{"idle_connections", "gauge", "The number of idle connections.", idle},
			{"in_use_connections", "gauge", "The number of connections currently in use.", inUse},
			{"max_open_connections", "gauge", "Maximum number of open connections to the database.", 2},
			{"open_connections", "gauge", "The number of established connections both in use and idle.", open},
			{"wait_count_total", "counter", "The total number of connections waited for.", waits},
		} {
			fmt.Fprintf(&want, "# HELP go_sql_%[1]s %[2]s\n# TYPE go_sql_%[1]s %[3]s\ngo_sql_%[1]s{db_name=\"kv\"} %[4]d\n",
				m.name, m.help, m.kind, m.value)
		}
		err := testutil.GatherAndCompare(registry, strings.NewReader(want.String()),
			"go_sql_idle_connections", "go_sql_in_use_connections", "go_sql_max_open_connections",
			"go_sql_open_connections", "go_sql_wait_count_total")
		if err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}

	numbers("before the first connection", 0, 0, 0, 0)
	tx, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	put(t, tx, "INSERT INTO kv VALUES ('a', 1)")
	numbers("in a transaction", 1, 1, 0, 0)

	rows, err := db.QueryContext(t.Context(), "SELECT key FROM kv")
	must(t, err)
	numbers("and with open rows", 2, 2, 0, 0)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := db.PingContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third connection of two: got %v, want the context's error", err)
	}
	numbers("after a wait for a third", 2, 2, 0, 1)

	must(t, rows.Close())
	numbers("after the rows", 2, 1, 1, 1)

	// Waiting for the writer's turn is done in a connection.
	written := make(chan error, 1)
	go func() {
		_, err := db.ExecContext(context.Background(), "INSERT INTO kv VALUES ('b', 2)")
		written <- err
	}()
	for ctx := soon(t); db.Stats().InUse < 2 && ctx.Err() == nil; {
		time.Sleep(time.Millisecond)
	}
	numbers("with another writer waiting", 2, 2, 0, 1)
	must(t, tx.Commit())
	must(t, <-written)
	numbers("at rest", 2, 0, 2, 1)
}

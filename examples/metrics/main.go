// SPDX-License-Identifier: Apache-2.0

// Metrics serves the metrics of a database over HTTP while it writes to it and reads from
// it for a while, then ends.
//
//	go run -C examples/metrics .                       # for ten seconds, on a free port
//	go run -C examples/metrics . -listen 127.0.0.1:9464 -duration 10m
//	curl http://127.0.0.1:9464/metrics
//
// dashboard.json, in this folder, shows the metrics in Grafana: import it and choose the
// Prometheus server that scrapes them. docs/metrics.md explains each of them.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine/prom"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to serve /metrics on; port 0 is a free one")
	path := flag.String("db", "", "database file to create or use, and keep; a temporary one if empty")
	duration := flag.Duration("duration", 10*time.Second, "how long to go on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *listen, *path, *duration); err != nil {
		fmt.Fprintln(os.Stderr, "metrics:", err)
		os.Exit(1)
	}
}

// run serves metrics and puts load on a database until the duration is over or ctx is
// done.
func run(ctx context.Context, out io.Writer, listen, path string, duration time.Duration) error {
	if path == "" {
		dir, err := os.MkdirTemp("", "lsmlite-metrics-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		path = filepath.Join(dir, "metrics.lsm")
	}
	registry := prometheus.NewRegistry()
	db, err := openWithMetrics(registry, path, slog.New(slog.NewTextHandler(out, nil)))
	if err != nil {
		return err
	}
	addr, stopServing, err := serve(registry, listen)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	fmt.Fprintf(out, "Serving http://%s/metrics for %v\n", addr, duration)

	loadCtx, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	commits, err := load(loadCtx, db)
	fmt.Fprintf(out, "%d transactions were committed\n", commits)
	// The metrics of a database end with it, so it is closed after the last scrape.
	return errors.Join(err, stopServing(), db.Close())
}

// openWithMetrics opens a database whose metrics are in the registry: one collector, whose
// observer is given to each database that it reports on.
func openWithMetrics(registry prometheus.Registerer, path string, logger *slog.Logger) (*sql.DB, error) {
	metrics := prom.New(prom.Options{Name: filepath.Base})
	if err := registry.Register(metrics); err != nil {
		return nil, err
	}
	connector, err := lsmlite.NewConnector(lsmlite.Config{
		Path:       path,
		Background: lsmlite.BackgroundBoth,
		AutoFlush:  1 << 20, // small, so that there is something to see soon
		Observer:   metrics.Observer(),
		Logger:     logger,
	})
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	if err := db.Ping(); err != nil { // the file is opened by the first connection
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// serve serves /metrics until stop is called.
func serve(registry *prometheus.Registry, listen string) (addr string, stop func() error, err error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	return l.Addr().String(), func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := server.Shutdown(ctx)
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

// load writes and reads until ctx is done, and returns how many transactions were
// committed.
func load(ctx context.Context, db *sql.DB) (commits int, err error) {
	const keys = 100_000
	value := strings.Repeat("some text that fills the value ", 8)
	for ctx.Err() == nil {
		if err := writeSome(ctx, db, keys, value); err != nil {
			return commits, unlessDone(ctx, err)
		}
		commits++
		for range 10 {
			var n int
			key := fmt.Sprintf("user/%06d", rand.IntN(keys))
			err := db.QueryRowContext(ctx, "SELECT count(*) FROM kv WHERE key BETWEEN ? AND ? || '~'", key[:9], key[:9]).Scan(&n)
			if err != nil {
				return commits, unlessDone(ctx, err)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
	return commits, nil
}

// unlessDone is err, unless it is due to the end of ctx.
func unlessDone(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// writeSome writes some rows in one transaction.
func writeSome(ctx context.Context, db *sql.DB, keys int, value string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	for range 1 + rand.IntN(100) {
		_, err := tx.ExecContext(ctx, "INSERT INTO kv VALUES (?, ?)", fmt.Sprintf("user/%06d", rand.IntN(keys)), value)
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

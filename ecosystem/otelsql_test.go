// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/XSAM/otelsql"
	lsmlite "github.com/lsmlite/lsmlite-go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// A span for each statement.
func Example_otelsql() {
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))

	db, err := otelsql.Open("lsmlite", ":memory:",
		otelsql.WithTracerProvider(provider),
		otelsql.WithAttributes(attribute.String("db.system.name", "lsmlite")))
	check(err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), "INSERT INTO kv VALUES (?, ?)", "greeting", "hello")
	check(err)

	for _, span := range spans.GetSpans() {
		fmt.Println(span.Name)
	}
	// Output:
	// sql.connector.connect
	// sql.conn.exec
}

// A traced is a pool whose spans and metrics are kept.
type traced struct {
	spans    *tracetest.InMemoryExporter
	provider *sdktrace.TracerProvider
	reader   *sdkmetric.ManualReader
	meters   *sdkmetric.MeterProvider
}

func newTraced() *traced {
	tr := &traced{spans: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader()}
	tr.provider = sdktrace.NewTracerProvider(sdktrace.WithSyncer(tr.spans))
	tr.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(tr.reader))
	return tr
}

func (tr *traced) options() []otelsql.Option {
	return []otelsql.Option{
		otelsql.WithTracerProvider(tr.provider),
		otelsql.WithMeterProvider(tr.meters),
		otelsql.WithSpanOptions(otelsql.SpanOptions{Ping: true, OmitConnResetSession: true, RowsChildOfQuery: true}),
	}
}

// names returns the spans that have ended since the last call.
func (tr *traced) names() []string {
	var names []string
	for _, s := range tr.spans.GetSpans() {
		names = append(names, s.Name)
	}
	tr.spans.Reset()
	return names
}

// metric returns the data of the metric of that name.
func (tr *traced) metric(t *testing.T, name string) metricdata.Aggregation {
	t.Helper()
	var all metricdata.ResourceMetrics
	must(t, tr.reader.Collect(t.Context(), &all))
	var names []string
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name == name {
				return m.Data
			}
			names = append(names, m.Name)
		}
	}
	t.Fatalf("no metric %s among %v", name, names)
	return nil
}

func TestOtelsqlSpans(t *testing.T) {
	tr := newTraced()
	db, err := otelsql.Open("lsmlite", newFile(t), tr.options()...)
	must(t, err)
	defer db.Close()
	expect := func(what string, want ...string) {
		t.Helper()
		if got := tr.names(); !slices.Equal(got, want) {
			t.Errorf("%s: spans %q, want %q", what, got, want)
		}
	}

	must(t, db.PingContext(t.Context()))
	expect("Ping", "sql.connector.connect", "sql.conn.ping")

	ctx, parent := tr.provider.Tracer("test").Start(t.Context(), "parent")
	const insert = "INSERT INTO kv VALUES (?, ?), (?, ?)"
	res, err := db.ExecContext(ctx, insert, "a", 1, "b", 2)
	must(t, err)
	n, err := res.RowsAffected()
	must(t, err)
	equal(t, "rows written", n, 2)
	parent.End()
	spans := tr.spans.GetSpans()
	if len(spans) != 2 {
		t.Fatalf("Exec with a parent: %d spans, want 2", len(spans))
	}
	equal(t, "parent", spans[0].Parent.SpanID(), parent.SpanContext().SpanID())
	equal(t, "kind", spans[0].SpanKind, trace.SpanKindClient)
	equal(t, "text", attributeOf(spans[0].Attributes, "db.query.text"), insert)
	expect("Exec with a parent", "sql.conn.exec", "parent")

	equal(t, "value", get(t, db, "SELECT value FROM kv WHERE key = ?", "b"), "2")
	expect("QueryRow", "sql.conn.query", "sql.rows")

	tx, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	put(t, tx, "DELETE FROM kv")
	must(t, tx.Rollback())
	expect("transaction", "sql.conn.begin_tx", "sql.conn.exec", "sql.tx.rollback")
	tx, err = db.BeginTx(t.Context(), nil)
	must(t, err)
	must(t, tx.Commit())
	expect("transaction", "sql.conn.begin_tx", "sql.tx.commit")

	stmt, err := db.PrepareContext(t.Context(), "SELECT count(*) FROM kv WHERE key >= :from")
	must(t, err)
	var rows int
	must(t, stmt.QueryRowContext(t.Context(), "b").Scan(&rows))
	equal(t, "rows", rows, 1)
	must(t, stmt.Close())
	expect("prepared statement", "sql.conn.prepare", "sql.stmt.query", "sql.rows")
}

func TestOtelsqlRecordsErrors(t *testing.T) {
	tr := newTraced()
	db, err := otelsql.Open("lsmlite", newFile(t), tr.options()...)
	must(t, err)
	defer db.Close()
	put(t, db, "INSERT INTO kv VALUES ('a', 1)")
	tr.spans.Reset()

	_, err = db.ExecContext(t.Context(), "INSERT OR ABORT INTO kv VALUES ('a', 2)")
	if !errors.Is(err, lsmlite.ErrConstraint) {
		t.Errorf("the driver's error did not pass: %v", err)
	}
	spans := tr.spans.GetSpans()
	if len(spans) != 1 || len(spans[0].Events) != 1 {
		t.Fatalf("want one span with one event, got %+v", spans)
	}
	equal(t, "status", spans[0].Status.Code, codes.Error)
	equal(t, "event", spans[0].Events[0].Name, "exception")
	equal(t, "message", attributeOf(spans[0].Events[0].Attributes, "exception.message"), err.Error())
}

func TestOtelsqlMetrics(t *testing.T) {
	tr := newTraced()
	db, err := otelsql.Open("lsmlite", newFile(t), tr.options()...)
	must(t, err)
	defer db.Close()
	registration, err := otelsql.RegisterDBStatsMetrics(db, tr.options()...)
	must(t, err)
	defer registration.Unregister()

	for i := range 5 {
		put(t, db, "INSERT INTO kv VALUES (?, ?)", fmt.Sprint("key/", i), i)
	}
	durations, ok := tr.metric(t, "db.client.operation.duration").(metricdata.Histogram[float64])
	if !ok {
		t.Fatal("the durations are not a histogram of float64")
	}
	counts := map[string]uint64{}
	for _, p := range durations.DataPoints {
		name, _ := p.Attributes.Value("db.operation.name")
		counts[name.AsString()] += p.Count
	}
	equal(t, "statements that were timed", counts["sql.conn.exec"], 5)
	equal(t, "connections that were timed", counts["sql.connector.connect"], 1)

	conn, err := db.Conn(t.Context())
	must(t, err)
	open, ok := tr.metric(t, "db.sql.connection.open").(metricdata.Gauge[int64])
	if !ok {
		t.Fatal("the open connections are not a gauge of int64")
	}
	states := map[string]int64{}
	for _, p := range open.DataPoints {
		status, _ := p.Attributes.Value("status")
		states[status.AsString()] = p.Value
	}
	equal(t, "connections in use", states["inuse"], 1)
	equal(t, "idle connections", states["idle"], 0)
	must(t, conn.Close())
}

// A context that ends reaches the driver through the wrapper.
func TestOtelsqlPassesCancellation(t *testing.T) {
	tr := newTraced()
	db, err := otelsql.Open("lsmlite", newFile(t), tr.options()...)
	must(t, err)
	defer db.Close()
	holder, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	defer holder.Rollback()
	tr.spans.Reset()

	// The statement waits for the writer's turn, which only the driver knows about.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = db.ExecContext(ctx, "INSERT INTO kv VALUES ('a', 1)")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
	spans := tr.spans.GetSpans()
	last := spans[len(spans)-1]
	equal(t, "last span", last.Name, "sql.conn.exec")
	equal(t, "its status", last.Status.Code, codes.Error)

	must(t, holder.Rollback())
	put(t, db, "INSERT INTO kv VALUES ('a', 2)")
	equal(t, "value", get(t, db, "SELECT value WHERE key = 'a'"), "2")
}

// A connection that is given back in the middle of a BEGIN is rolled back, through the
// wrapper, too.
func TestOtelsqlGivesUpTransactions(t *testing.T) {
	db, err := otelsql.Open("lsmlite", newFile(t), newTraced().options()...)
	must(t, err)
	defer db.Close()
	conn, err := db.Conn(t.Context())
	must(t, err)
	put(t, conn, "BEGIN; INSERT INTO kv VALUES ('a', 1)")
	must(t, conn.Close())
	_, err = db.ExecContext(soon(t), "INSERT INTO kv VALUES ('b', 2)")
	must(t, err)
	equal(t, "rows", get(t, db, "SELECT count(*) FROM kv"), "1")
}

// With a Connector, settings that are no text can be used as well.
func TestOtelsqlOpenDB(t *testing.T) {
	tr := newTraced()
	connector, err := lsmlite.NewConnector(lsmlite.Config{Path: newFile(t), BusyTimeout: time.Second})
	must(t, err)
	db := otelsql.OpenDB(connector, tr.options()...)
	put(t, db, "INSERT INTO kv VALUES ('a', 1)")
	if got, want := tr.names(), []string{"sql.connector.connect", "sql.conn.exec"}; !slices.Equal(got, want) {
		t.Errorf("spans %q, want %q", got, want)
	}
	must(t, db.Close())
	if _, err := connector.Connect(t.Context()); !errors.Is(err, lsmlite.ErrMisuse) {
		t.Errorf("closing the pool did not close the connector: Connect returned %v", err)
	}
}

func attributeOf(attributes []attribute.KeyValue, name string) string {
	for _, a := range attributes {
		if string(a.Key) == name {
			return a.Value.AsString()
		}
	}
	return ""
}

// For what takes the name of a driver and a DSN, the wrapped driver gets a name.
func TestOtelsqlWrapDriver(t *testing.T) {
	tr := newTraced()
	sql.Register("lsmlite-traced", otelsql.WrapDriver(&lsmlite.Driver{}, tr.options()...))
	db, err := sql.Open("lsmlite-traced", newFile(t))
	must(t, err)
	defer db.Close()
	put(t, db, "INSERT INTO kv VALUES ('a', 1)")
	if got, want := tr.names(), []string{"sql.connector.connect", "sql.conn.exec"}; !slices.Equal(got, want) {
		t.Errorf("spans %q, want %q", got, want)
	}
}

// otelsql.Register learns the driver by opening the empty name.
func TestOtelsqlRegister(t *testing.T) {
	name, err := otelsql.Register("lsmlite", newTraced().options()...)
	must(t, err)
	db, err := sql.Open(name, newFile(t))
	must(t, err)
	defer db.Close()
	put(t, db, "INSERT INTO kv VALUES ('a', 1)")
	equal(t, "rows", get(t, db, "SELECT count(*) FROM kv"), "1")
}

// The names of column types pass. Go types do not: otelsql does not hand them on.
func TestOtelsqlColumnTypes(t *testing.T) {
	db, err := otelsql.Open("lsmlite", newFile(t), newTraced().options()...)
	must(t, err)
	defer db.Close()
	rows, err := db.Query("SELECT count(*) FROM kv")
	must(t, err)
	defer rows.Close()
	types, err := rows.ColumnTypes()
	must(t, err)
	equal(t, "database type", types[0].DatabaseTypeName(), "INTEGER")
	equal(t, "Go type", types[0].ScanType(), reflect.TypeFor[any]())
}

// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// ofTests are methods that export_test.go and others add.
var ofTests = []string{"Indexed"}

// everyMethod calls each exported method of a value with arguments of its types, and hands over the error that it
// returns, or that its sequence ends with; nil if there is none.
func everyMethod(t *testing.T, value any, args map[reflect.Type]any, skip []string, got func(method string, takesContext bool, err error)) {
	t.Helper()
	v := reflect.ValueOf(value)
	for i := range v.NumMethod() {
		m := v.Type().Method(i)
		if slices.Contains(skip, m.Name) || slices.Contains(ofTests, m.Name) {
			continue
		}
		f := v.Method(i)
		var in []reflect.Value
		takesContext := false
		for j := range f.Type().NumIn() {
			want := f.Type().In(j)
			takesContext = takesContext || want == reflect.TypeFor[context.Context]()
			a, known := args[want]
			switch {
			case known:
				in = append(in, reflect.ValueOf(a))
			case want.Kind() == reflect.Func:
				in = append(in, reflect.MakeFunc(want, func([]reflect.Value) (out []reflect.Value) {
					for k := range want.NumOut() {
						out = append(out, reflect.Zero(want.Out(k)))
					}
					return out
				}))
			case want.Kind() == reflect.Slice && want.Elem().Kind() == reflect.Uint8:
				in = append(in, reflect.ValueOf([]byte("key")))
			case want.Kind() == reflect.Interface || want.Kind() == reflect.Pointer:
				t.Fatalf("%s takes a %v: give one", m.Name, want)
			default:
				in = append(in, reflect.Zero(want))
			}
		}
		got(m.Name, takesContext, errorOf(f, in))
	}
}

// errorOf calls a function, goes through the sequence that it returns, if it does, and returns the error of all that.
func errorOf(f reflect.Value, in []reflect.Value) error {
	call := f.Call
	if f.Type().IsVariadic() {
		call = f.CallSlice
	}
	for _, out := range call(in) {
		switch handle := out.Interface().(type) {
		case *engine.Tx:
			if handle != nil {
				defer func() { _ = handle.Rollback() }()
			}
		case io.Closer:
			if !out.IsNil() {
				defer func() { _ = handle.Close() }()
			}
		}
		if err, ok := out.Interface().(error); ok {
			return err
		}
		if out.Kind() != reflect.Func || out.IsNil() || !out.Type().CanSeq2() {
			continue
		}
		for _, err := range out.Seq2() {
			if err, ok := err.Interface().(error); ok {
				return err
			}
		}
	}
	return nil
}

// methodArgs are arguments for the methods of a database and what it hands out.
func methodArgs(ctx context.Context, s *engine.Snapshot) map[reflect.Type]any {
	return map[reflect.Type]any{
		reflect.TypeFor[context.Context]():       ctx,
		reflect.TypeFor[*engine.Snapshot]():      s,
		reflect.TypeFor[string]():                "/copy.lsm",
		reflect.TypeFor[io.Writer]():             io.Discard,
		reflect.TypeFor[io.Reader]():             bytes.NewReader(nil),
		reflect.TypeFor[keys.Source]():           key1,
		reflect.TypeFor[time.Duration]():         time.Millisecond,
		reflect.TypeFor[engine.ChangeOptions]():  engine.ChangeOptions{NoWait: true},
		reflect.TypeFor[engine.LogRecordKind]():  engine.LogWrite,
		reflect.TypeFor[*engine.Row]():           new(engine.Row),
		reflect.TypeFor[func() bool]():           func() bool { return true },
		reflect.TypeFor[engine.BackupOptions]():  engine.BackupOptions{},
		reflect.TypeFor[func(*engine.Options)](): func(o *engine.Options) { o.AutoFlush += 4096 },
	}
}

// withoutError are methods that answer without an error after Close.
var withoutError = map[string][]string{
	"DB":       {"Close", "Path", "Stats", "Poisoned", "Skipped", "Encryption", "Options", "Moved"},
	"Snapshot": {"Close"},
	"Cursor":   {"Close", "First", "Last", "Next", "Prev", "Seek", "Err", "Fill", "NextRow"},
	"Tx":       {},
}

// TestEveryMethodAfterClose calls all methods of what is closed: each that has an error to return says so, and none
// panics.
func TestEveryMethodAfterClose(t *testing.T) {
	ctx := context.Background()
	db := mustOpen(t, "/x.lsm", engine.Options{FS: memfs.New(), Changes: engine.MinChanges})
	putN(t, db, 0, 10, 10)
	tx, err := db.Begin(ctx)
	ok(t, err)
	ok(t, tx.Rollback())
	c, err := db.Cursor(ctx)
	ok(t, err)
	c.First()
	ok(t, c.Close())
	s, err := db.Snapshot(ctx)
	ok(t, err)
	ok(t, s.Close())
	closed := func(what string, value any) {
		t.Helper()
		returns := 0
		everyMethod(t, value, methodArgs(ctx, s), nil, func(method string, _ bool, err error) {
			if err != nil {
				returns++
			}
			f, _ := reflect.TypeOf(value).MethodByName(method)
			hasError := f.Type.NumOut() > 0 && f.Type.Out(f.Type.NumOut()-1) == reflect.TypeFor[error]()
			switch {
			case err != nil && !errors.Is(err, engine.ErrMisuse):
				t.Errorf("%s.%s: error %v", what, method, err)
			case err == nil && hasError && !slices.Contains(withoutError[what], method):
				t.Errorf("%s.%s returns no error", what, method)
			}
		})
		if returns < 3 {
			t.Errorf("%d methods of a %s return errors", returns, what)
		}
	}
	closed("Snapshot", s)
	closed("Tx", tx)
	closed("Cursor", c)
	ok(t, db.Close())
	closed("DB", db)
	closed("Snapshot", s)
	closed("Tx", tx)
	closed("Cursor", c)
}

// TestEveryMethodWithAContextThatHasEnded: each method does its work, or returns the context's error, and the database
// goes on.
func TestEveryMethodWithAContextThatHasEnded(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, o := range map[string]engine.Options{
		"plain": {}, "encrypted": {Key: key1}, "changes": {Changes: engine.MinChanges}, "read-only": {ReadOnly: true},
	} {
		mem := memfs.New()
		first := mustOpen(t, "/x.lsm", engine.Options{FS: mem, Key: o.Key, AutoFlush: 16 << 10})
		putN(t, first, 0, 200, 100)
		ok(t, first.Close())
		o.FS = mem
		db := mustOpen(t, "/x.lsm", o)
		s, err := db.Snapshot(context.Background())
		ok(t, err)
		tried := 0
		everyMethod(t, db, methodArgs(ended, s), []string{"Close"}, func(method string, takesContext bool, err error) {
			if !takesContext {
				return
			}
			tried++
			if err == nil || errors.Is(err, context.Canceled) {
				return
			}
			var e *engine.Error // what can be said without waiting comes first
			if !errors.As(err, &e) || e.Code == engine.CodeIO || e.Code == engine.CodeCorrupt {
				t.Errorf("%s, %s: error %v", name, method, err)
			}
		})
		ok(t, s.Close())
		if tried < 10 {
			t.Errorf("%s: %d methods", name, tried)
		}
		if n := rows(t, db); n != 200 {
			t.Errorf("%s: %d rows", name, n)
		}
		expectSound(t, db)
		ok(t, db.Close())
	}
}

// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func openForSet(t *testing.T, o engine.Options) *engine.DB {
	t.Helper()
	if o.FS == nil {
		o.FS = memfs.New()
	}
	db, err := engine.Open(context.Background(), "/x.lsm", o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// changeableTo has another value for each option that Set changes.
var changeableTo = map[string]any{
	"Safety": engine.SafetyOff, "AutoFlush": 1 << 20, "AutoCheckpoint": -1, "MaxLog": 3 << 20, "Changes": int64(1 << 20), "AutoMerge": 9, "MaxGarbage": 30,
	"MaxFreelist": 7, "NoAutoWork": true, "NoLog": true, "SkipDamaged": true,
}

// otherValue returns a value that is not v, of the same type.
func otherValue(v reflect.Value) reflect.Value {
	other := reflect.New(v.Type()).Elem()
	switch {
	case v.Kind() == reflect.Bool:
		other.SetBool(!v.Bool())
	case v.CanInt():
		other.SetInt(v.Int() + 1)
	case v.CanUint():
		other.SetUint(v.Uint() + 1)
	case v.Kind() == reflect.String:
		other.SetString(v.String() + "x")
	case v.Kind() == reflect.Slice:
		other.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case v.Kind() == reflect.Pointer:
		other.Set(reflect.New(v.Type().Elem()))
	case v.Type() == reflect.TypeFor[engine.StateToken]():
		other.Set(reflect.ValueOf(engine.StateToken{Commits: 1}))
	case v.Type() == reflect.TypeFor[keys.Source]():
		other.Set(reflect.ValueOf(keys.None))
	case v.Kind() == reflect.Interface:
		other.Set(reflect.ValueOf(memfs.New()))
	}
	return other
}

// TestSetEveryOption gives every field of Options another value: those that can be changed are
// then in force, alone, and every other one is refused by its name and left as it was.
func TestSetEveryOption(t *testing.T) {
	fields := reflect.TypeFor[engine.Options]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		t.Run(name, func(t *testing.T) {
			db := openForSet(t, engine.Options{})
			defer db.Close()
			before := db.Options()
			want := before
			field := reflect.ValueOf(&want).Elem().Field(i)
			to, can := changeableTo[name]
			if can {
				field.Set(reflect.ValueOf(to))
			} else {
				field.Set(otherValue(field))
			}
			if reflect.DeepEqual(want, before) {
				t.Fatalf("the test does not change %s", name)
			}
			err := db.Set(func(o *engine.Options) { reflect.ValueOf(o).Elem().Field(i).Set(field) })
			if name == "AutoFlush" {
				want.MaxLog = engine.DefaultMaxLogFactor * want.AutoFlush // follows it
			}
			refusal := "set /x.lsm: " + name + " cannot be changed"
			switch got := db.Options(); {
			case can && (err != nil || !reflect.DeepEqual(got, want)):
				t.Errorf("%v, in force: %+v\nwant: %+v", err, got, want)
			case !can && (!errors.Is(err, engine.ErrMisuse) || !strings.Contains(err.Error(), refusal)):
				t.Errorf("the error is %v", err)
			case !can && !reflect.DeepEqual(got, before):
				t.Errorf("refused, but in force: %+v\nwant: %+v", got, before)
			}
		})
	}
}

// TestSetIsAllOrNothing: one option that cannot be keeps the others from being changed; without
// it they are changed together, and zero is the default.
func TestSetIsAllOrNothing(t *testing.T) {
	db := openForSet(t, engine.Options{AutoMerge: 5})
	defer db.Close()
	for _, bad := range []struct {
		change func(*engine.Options)
		text   string
	}{
		{func(o *engine.Options) { o.MaxFreelist = 25 }, "max_freelist 25; want 2 to 24"},
		{func(o *engine.Options) { o.PageSize = 8192 }, "PageSize cannot be changed"},
		{func(o *engine.Options) { o.NoLog, o.Safety = true, engine.SafetyFull }, "use another of the two"},
	} {
		err := db.Set(func(o *engine.Options) {
			o.AutoMerge = 7
			bad.change(o)
		})
		misuse := errors.Is(err, engine.ErrMisuse) && !errors.Is(err, engine.ErrCorrupt)
		if !misuse || !strings.Contains(err.Error(), bad.text) {
			t.Errorf("%v; want %q", err, bad.text)
		}
		if got := db.Options().AutoMerge; got != 5 {
			t.Errorf("%s: automerge is %d", bad.text, got)
		}
	}
	if err := db.Set(func(o *engine.Options) { o.AutoMerge, o.AutoFlush = 0, 1<<20 }); err != nil {
		t.Fatal(err)
	}
	if o := db.Options(); o.AutoMerge != engine.DefaultAutoMerge || o.AutoFlush != 1<<20 {
		t.Errorf("automerge %d, autoflush %d", o.AutoMerge, o.AutoFlush)
	}
}

// TestSetFromManySides changes different options at once: none of the changes is lost.
func TestSetFromManySides(t *testing.T) {
	db := openForSet(t, engine.Options{})
	defer db.Close()
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for side, change := range []func(o *engine.Options, n int){
		func(o *engine.Options, n int) { o.AutoFlush = n << 10 },
		func(o *engine.Options, n int) { o.AutoCheckpoint = n << 10 },
		func(o *engine.Options, n int) { o.MaxLog = n << 10 },
		func(o *engine.Options, n int) { o.AutoMerge = n },
	} {
		wg.Go(func() {
			for n := 2; n <= 1000; n++ {
				errs[side] = errors.Join(errs[side], db.Set(func(o *engine.Options) { change(o, n) }))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	o := db.Options()
	got := [4]int{o.AutoFlush, o.AutoCheckpoint, o.MaxLog, o.AutoMerge}
	if want := [4]int{1000 << 10, 1000 << 10, 1000 << 10, 1000}; got != want {
		t.Errorf("in force are %v; want %v", got, want)
	}
}

// TestSetUndoesWhatCannotBeSynced: a Set of several options that fails at the sync leaves all of
// them as they were, so that the level never promises what was not synced.
func TestSetUndoesWhatCannotBeSynced(t *testing.T) {
	ctx := context.Background()
	ffs := faultfs.Wrap(memfs.New())
	db := openForSet(t, engine.Options{FS: ffs, Safety: engine.SafetyOff})
	if err := putRange(ctx, db, 0, 10, 1); err != nil {
		t.Fatal(err)
	}
	ffs.Add(faultfs.Rule{On: faultfs.Sync, Err: syscall.EIO})
	err := db.Set(func(o *engine.Options) { o.Safety, o.AutoMerge = engine.SafetyFull, 9 })
	if !errors.Is(err, engine.ErrIO) {
		t.Errorf("the error is %v", err)
	}
	if o := db.Options(); o.Safety != engine.SafetyOff || o.AutoMerge != engine.DefaultAutoMerge {
		t.Errorf("safety %v, automerge %d", o.Safety, o.AutoMerge)
	}
	_ = db.Close()
}

func TestSetOnClosedDatabase(t *testing.T) {
	db := openForSet(t, engine.Options{})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Set(func(o *engine.Options) { o.AutoMerge = 9 }); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("the error is %v", err)
	}
}

// TestBadBackupOptionsAreMisuse: sizes that a caller gives are not a damaged file's.
func TestBadBackupOptionsAreMisuse(t *testing.T) {
	db := openForSet(t, engine.Options{})
	defer db.Close()
	err := db.Backup(context.Background(), "/copy.lsm", engine.BackupOptions{PageSize: 100})
	if !errors.Is(err, engine.ErrMisuse) || errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("the error is %v", err)
	}
	if want := "page size 100; want a power of two from 256 to 65536"; !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("the error is %v; want %q", err, want)
	}
}

// TestChangeableOptionsAreReadInForce looks at the source: what Set changes is never read from
// the options that the database was opened with.
func TestChangeableOptionsAreReadInForce(t *testing.T) {
	names := make([]string, 0, len(changeableTo))
	for name := range changeableTo {
		names = append(names, name)
	}
	slices.Sort(names)
	stale := regexp.MustCompile(`opts\.(Options\.)?(` + strings.Join(names, "|") + `)\b`)
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range stale.FindAllString(string(text), -1) {
			t.Errorf("%s: %s; write opts.now() for it", name, use)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package target_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lsmlite/lsmlite-go/replicate/target"
	"github.com/lsmlite/lsmlite-go/replicate/target/targettest"
)

// TestMain fails the package if any of its tests leaves a goroutine running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) { targettest.Test(t, &target.Memory{}) }

func TestDir(t *testing.T) {
	root := filepath.Join(t.TempDir(), "a", "b")
	d, err := target.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	targettest.Test(t, d)
	left, err := os.ReadDir(filepath.Join(root, ".unfinished"))
	if err != nil || len(left) != 0 {
		t.Errorf("files without a name are left: %v, %v", left, err)
	}
}

// TestDirKeepsToItself: a name never leads out of the folder.
func TestDirKeepsToItself(t *testing.T) {
	d, err := target.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../x", "/x", "a/../../x", "", ".", "a//b", ".unfinished/x"} {
		if err := d.Create(t.Context(), name, nil); err == nil || errors.Is(err, target.ErrExists) {
			t.Errorf("create %q: %v", name, err)
		}
		if _, err := d.Get(t.Context(), name); err == nil || errors.Is(err, target.ErrNotFound) {
			t.Errorf("get %q: %v", name, err)
		}
		if err := d.Delete(t.Context(), name); err == nil {
			t.Errorf("delete %q succeeds", name)
		}
	}
}

// TestDirRemovesWhatIsUnfinished: files of writers that were killed go after a day, and not before.
func TestDirRemovesWhatIsUnfinished(t *testing.T) {
	root := t.TempDir()
	if _, err := target.OpenDir(root); err != nil {
		t.Fatal(err)
	}
	old, fresh := filepath.Join(root, ".unfinished", "old"), filepath.Join(root, ".unfinished", "fresh")
	for _, name := range []string{old, fresh} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-target.UnfinishedAge - time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	if _, err := target.OpenDir(root); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an old one is left: %v", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Errorf("a fresh one is gone: %v", err)
	}
}

// overwriting accepts a second object of a name, and forgetful answers ErrExists only later.
type overwriting struct{ *target.Memory }

func (o overwriting) Create(_ context.Context, name string, data []byte) error {
	o.Put(name, data)
	return nil
}

type swallowing struct{ *target.Memory }

func (s swallowing) Create(ctx context.Context, name string, data []byte) error {
	err := s.Memory.Create(ctx, name, data)
	if errors.Is(err, target.ErrExists) {
		s.Put(name, data) // says so, and overwrites it
	}
	return err
}

// TestProbeRefusesWhatOverwrites: each way to break the promise is noticed.
func TestProbeRefusesWhatOverwrites(t *testing.T) {
	for name, tg := range map[string]target.Target{
		"it overwrites": overwriting{&target.Memory{}}, "it reports ErrExists and overwrites": swallowing{&target.Memory{}},
	} {
		if err := target.Probe(t.Context(), tg); !errors.Is(err, target.ErrNotExclusive) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

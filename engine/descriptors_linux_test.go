// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// descriptorsMost is how many descriptors the process of TestSixteenDescriptors may have. Those of the Go runtime and
// the standard streams are among them.
const descriptorsMost = 16

// descriptorsWork is set to a folder in that process.
const descriptorsWork = "LSMLITE_TEST_SIXTEEN"

// A descriptorJob is something that opens files, or works with those that are open.
type descriptorJob struct {
	name string
	most int                                             // descriptors that it needs, beyond those that are open
	do   func(ctx context.Context, d *descriptors) error // afterwards a database that it has opened is closed
}

// descriptors are the files of a job.
type descriptors struct {
	path   string     // of a database that is open, with rows in the file, in the tree and in the log
	db     *engine.DB // of it
	dir    string     // of the other files
	closed string     // a database that was closed
	killed string     // a database whose process was killed
}

var descriptorJobs = []descriptorJob{
	{"making a database", 3, func(ctx context.Context, d *descriptors) error {
		return openAndClose(ctx, filepath.Join(d.dir, "new"), engine.Options{Safety: engine.SafetyFull}, true)
	}},
	{"making a database for readers", 3, func(ctx context.Context, d *descriptors) error {
		return openAndClose(ctx, filepath.Join(d.dir, "new"), sharing(engine.Options{}), true)
	}},
	{"opening a database", 2, func(ctx context.Context, d *descriptors) error {
		return openAndClose(ctx, d.closed, engine.Options{Safety: engine.SafetyFull}, false)
	}},
	{"reading a database at rest", 2, func(ctx context.Context, d *descriptors) error {
		return openAndClose(ctx, d.closed, engine.Options{ReadOnly: true}, false)
	}},
	{"replaying a log", 3, func(ctx context.Context, d *descriptors) error {
		return openAndClose(ctx, d.killed, engine.Options{Safety: engine.SafetyFull}, false)
	}},
	{"reading what another process writes", 4, func(ctx context.Context, d *descriptors) error {
		return openAndClose(ctx, d.path, engine.Options{FS: asProcess(vfs.OS), ReadOnly: true}, false)
	}},
	{"a second handle", 0, func(ctx context.Context, d *descriptors) error {
		return openAndClose(ctx, d.path, engine.Options{ReadOnly: true}, false)
	}},
	{"building a file", 1, func(ctx context.Context, d *descriptors) error {
		b, err := engine.NewBuilder(filepath.Join(d.dir, "new"), engine.Options{})
		if err != nil {
			return err
		}
		if err := b.Add([]byte("k"), []byte("v")); err != nil {
			return err
		}
		defer b.Discard()
		return b.Finish(ctx)
	}},
	{"a backup", 1, func(ctx context.Context, d *descriptors) error {
		return d.db.Backup(ctx, filepath.Join(d.dir, "new"), engine.BackupOptions{})
	}},
	{"a copy", 1, func(ctx context.Context, d *descriptors) error {
		return d.db.CopyCheckpoint(ctx, filepath.Join(d.dir, "new"), engine.BackupOptions{})
	}},
	{"a rescue", 3, func(ctx context.Context, d *descriptors) error {
		_, err := engine.Recover(ctx, d.killed, filepath.Join(d.dir, "new"), engine.RecoverOptions{Memory: engine.MinRecoverMemory})
		return err
	}},
	{"a commit", 0, func(ctx context.Context, d *descriptors) error { return putRange(ctx, d.db, 1000, 1100, 7) }},
	{"reading", 0, func(_ context.Context, d *descriptors) error {
		c, err := d.db.Cursor(context.Background())
		if err != nil {
			return err
		}
		for more := c.First(); more; more = c.Next() {
			if _, err := c.Value(); err != nil {
				return err
			}
		}
		return errors.Join(c.Err(), c.Close())
	}},
	{"a flush", 0, func(ctx context.Context, d *descriptors) error { return d.db.Flush(ctx) }},
	{"a checkpoint", 0, func(ctx context.Context, d *descriptors) error { _, err := d.db.Checkpoint(ctx); return err }},
	{"a merge", 0, func(ctx context.Context, d *descriptors) error {
		_, err := d.db.Work(ctx, engine.WorkOptions{Merge: 1})
		return err
	}},
	{"optimizing", 0, func(ctx context.Context, d *descriptors) error { return d.db.Optimize(ctx) }},
	{"closing", 0, func(ctx context.Context, d *descriptors) (err error) {
		err = d.db.Close()
		if err == nil {
			d.db = nil
		}
		return err
	}},
	{"a check", 0, func(ctx context.Context, d *descriptors) error {
		for p := range d.db.Check(ctx) {
			return errors.New(p.String())
		}
		return nil
	}},
}

// openAndClose opens a database, with a write and a read in between.
func openAndClose(ctx context.Context, path string, o engine.Options, writes bool) error {
	db, err := engine.Open(ctx, path, o)
	if err != nil {
		return err
	}
	if writes {
		err = putRange(ctx, db, 0, 10, 1)
	}
	_, _, getErr := db.Get(nil, appendKey(nil, 3))
	return errors.Join(err, getErr, db.Close())
}

// TestSixteenDescriptors runs this test again as a process that has 16 descriptors, and takes away all but a few of
// them before each job: what lacks one fails with an error that has a code and says so, leaves no file, no descriptor
// and no goroutine, and loses nothing. With as many as the list says it succeeds.
func TestSixteenDescriptors(t *testing.T) {
	if dir := os.Getenv(descriptorsWork); dir != "" {
		workWithSixteen(t, dir)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestSixteenDescriptors$", "-test.v")
	cmd.Env = append(os.Environ(), descriptorsWork+"="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, line := range strings.Split(string(out), "\n") {
		if strings.Contains(line, "needs") || strings.Contains(line, "at once") {
			t.Log(strings.TrimSpace(line))
		}
	}
}

func workWithSixteen(t *testing.T, dir string) {
	ctx := context.Background()
	limit := syscall.Rlimit{Cur: descriptorsMost, Max: descriptorsMost}
	ok(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	t.Logf("the process itself needs %d", openDescriptors())
	for n, job := range descriptorJobs {
		d := newDescriptors(t, filepath.Join(dir, fmt.Sprint(n)))
		rows, before, names := len(rowsOf(t, d.db)), openDescriptors(), namesOf(t, d)
		for left := range job.most + 1 {
			taken := takeDescriptors(t, left)
			err := job.do(ctx, d)
			open := openDescriptors()
			for _, f := range taken {
				ok(t, f.Close())
			}
			if left == job.most {
				if err != nil {
					t.Errorf("%s fails with %d descriptors: %v", job.name, left, err)
				}
				break
			}
			if open != before+len(taken) {
				t.Errorf("%s, %d left: %d descriptors are open afterwards, %d before", job.name, left, open-len(taken), before)
			}
			var coded *engine.Error
			if !errors.As(err, &coded) || !errors.Is(err, syscall.EMFILE) {
				t.Errorf("%s, %d left: the error is %v", job.name, left, err)
			}
			if after := namesOf(t, d); !slices.Equal(names, after) {
				t.Errorf("%s, %d left: it failed, and there are %v instead of %v", job.name, left, after, names)
			}
			if got := len(rowsOf(t, d.db)); got != rows {
				t.Errorf("%s, %d left: %d rows instead of %d", job.name, left, got, rows)
			}
		}
		if d.db != nil {
			ok(t, d.db.Close())
		}
		for _, path := range []string{d.path, d.closed, d.killed} {
			db := mustOpen(t, path, engine.Options{})
			if got := len(rowsOf(t, db)); got < 300 {
				t.Errorf("%s: %d rows are left in %s", job.name, got, path)
			}
			ok(t, db.Close())
		}
	}
	manyHandles(t, filepath.Join(dir, "many"))
}

// manyHandles opens databases until there are no descriptors left. All that are open work, and so does one more once
// another is closed.
func manyHandles(t *testing.T, dir string) {
	ctx := context.Background()
	ok(t, os.Mkdir(dir, 0o700))
	path := func(i int) string { return filepath.Join(dir, fmt.Sprint(i)) }
	var handles []*engine.DB
	for {
		db, err := engine.Open(ctx, path(len(handles)), engine.Options{Safety: engine.SafetyFull})
		if err != nil {
			if !errors.Is(err, engine.ErrIO) && !errors.Is(err, engine.ErrCantOpen) || !errors.Is(err, syscall.EMFILE) {
				t.Errorf("the handle that is too many: %v", err)
			}
			break
		}
		handles = append(handles, db)
	}
	if len(handles) < 2 { // with the two or three that a program may inherit
		t.Errorf("only %d databases could be opened", len(handles))
	}
	for i, db := range handles {
		ok(t, putRange(ctx, db, 0, 100+i, 1))
		ok(t, db.Optimize(ctx))
	}
	ok(t, handles[0].Close())
	handles[0] = mustOpen(t, path(0), engine.Options{})
	for i, db := range handles {
		if got := len(rowsOf(t, db)); got != 100+i {
			t.Errorf("database %d has %d rows", i, got)
		}
		ok(t, db.Close())
	}
	t.Logf("%d databases can be open at once", len(handles))
}

// newDescriptors makes the files of a job.
func newDescriptors(t *testing.T, dir string) *descriptors {
	t.Helper()
	ctx := context.Background()
	d := &descriptors{path: filepath.Join(dir, "open"), dir: filepath.Join(dir, "new"), closed: filepath.Join(dir, "closed"), killed: filepath.Join(dir, "killed")}
	ok(t, os.MkdirAll(d.dir, 0o700))
	d.db = mustOpen(t, d.path, sharing(engine.Options{Safety: engine.SafetyFull}))
	ok(t, putRange(ctx, d.db, 0, 200, 1))
	ok(t, d.db.Flush(ctx))
	ok(t, putRange(ctx, d.db, 200, 300, 1))
	for name, ends := range map[string]bool{d.closed: true, d.killed: false} {
		db := mustOpen(t, name+"-it", engine.Options{})
		ok(t, putRange(ctx, db, 0, 300, 1))
		if ends {
			ok(t, db.Close())
		}
		copied(t, name+"-it", name)
		if !ends {
			copied(t, name+"-it-log", name+"-log")
			ok(t, db.Close())
		}
		ok(t, os.Remove(name+"-it"))
	}
	return d
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	ok(t, err)
	ok(t, os.WriteFile(to, data, 0o600))
}

// namesOf returns the names of the files of a job.
func namesOf(t *testing.T, d *descriptors) []string {
	t.Helper()
	var names []string
	for _, dir := range []string{filepath.Dir(d.path), d.dir} {
		entries, err := os.ReadDir(dir)
		ok(t, err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	return names
}

// takeDescriptors opens files until only so many more can be opened.
func takeDescriptors(t *testing.T, left int) (taken []*os.File) {
	t.Helper()
	for {
		f, err := os.Open("/dev/null")
		if errors.Is(err, syscall.EMFILE) {
			break
		}
		ok(t, err)
		taken = append(taken, f)
	}
	if len(taken) < left {
		t.Fatalf("there are only %d descriptors left, not %d", len(taken), left)
	}
	for _, f := range taken[:left] {
		ok(t, f.Close())
	}
	return taken[left:]
}

// openDescriptors counts the descriptors of this process.
func openDescriptors() (n int) {
	for fd := range descriptorsMost {
		var st syscall.Stat_t
		if syscall.Fstat(fd, &st) == nil {
			n++
		}
	}
	return n
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/app"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// TestDamaged damages a database at random. Whatever is damaged, no subcommand that reads it ends with a fault of its
// own; check does not call it sound unless it reads as before; and recover brings back rows that were there.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.lsm")
	layers(t, whole)
	content, err := os.ReadFile(whole)
	check(t, err)
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 7))
		d := damagedFile{t: t, seed: seed, whole: whole, path: filepath.Join(dir, fmt.Sprintf("%d.lsm", seed))}
		check(t, os.WriteFile(d.path, damage(content, rng), 0o600))
		d.look()
		d.recover()
	}
}

// layers makes a database with several segments, some of whose rows are overwritten or deleted.
func layers(t *testing.T, path string) {
	t.Helper()
	db, err := engine.Open(t.Context(), path, engine.Options{PageSize: 512, BlockSize: 1 << 16, NoAutoWork: true, Safety: engine.SafetyOff})
	check(t, err)
	for n := range 4 {
		check(t, db.Update(t.Context(), func(tx *engine.Tx) error {
			for i := n; i < 600; i += 1 + n {
				if err := tx.Put(fmt.Appendf(nil, "key/%04d", i), fmt.Appendf(nil, "%d of %d %s", i, n, strings.Repeat("v", i%90))); err != nil {
					return err
				}
			}
			return tx.DeleteRange(fmt.Appendf(nil, "key/%04d", 100*n), fmt.Appendf(nil, "key/%04d", 100*n+20))
		}))
		check(t, db.Flush(t.Context()))
	}
	check(t, db.Close())
}

// damage changes some bytes, cuts the file, or puts zeros or another part of the file in the place of a part.
func damage(content []byte, rng *rand.Rand) []byte {
	b := bytes.Clone(content)
	for range 1 + rng.IntN(4) {
		at, n := rng.IntN(len(b)), 1+rng.IntN(1000)
		part := b[at:min(at+n, len(b))]
		switch rng.IntN(6) {
		case 0:
			clear(part)
		case 1:
			copy(part, b[rng.IntN(len(b)):])
		case 2:
			if rng.IntN(4) == 0 {
				b = b[:max(at, 9000)]
			}
		default:
			part[0] ^= byte(1 << rng.IntN(8))
		}
	}
	return b
}

type damagedFile struct {
	t           *testing.T
	seed        uint64
	whole, path string
}

// run runs a subcommand, which has to end with one of the exit codes.
func (d *damagedFile) run(codes []env.Code, args ...string) (code env.Code, out string) {
	d.t.Helper()
	var stdout, stderr bytes.Buffer
	code = env.Code(app.Main(args, strings.NewReader(""), &stdout, &stderr))
	for _, c := range codes {
		if c == code {
			return code, stdout.String()
		}
	}
	d.t.Fatalf("seed %d: lsmlite %q: exit code %d\n%s%s", d.seed, args, code, &stdout, &stderr)
	return 0, ""
}

// look reads the file with each of the subcommands.
func (d *damagedFile) look() {
	any := []env.Code{env.Done, env.No, env.CannotOpen, env.Damaged}
	d.run(any, "identify", "--json", d.path)
	d.run(any, "stats", d.path)
	d.run(any, "log", d.path)
	d.run(any, "page", d.path, fmt.Sprint(16+d.seed))
	d.run(any, "backup", d.path, d.path+".copy")
	if code, _ := d.run(any, "check", d.path); code == env.Done {
		d.run([]env.Code{env.Done}, "diff", d.whole, d.path)
	}
}

// recover brings the rows into a new file, and compares them with those that were there.
func (d *damagedFile) recover() {
	to := d.path + ".new"
	code, out := d.run([]env.Code{env.Done, env.No, env.Damaged}, "recover", "--json", d.path, to)
	if code == env.Damaged {
		return
	}
	var report struct {
		Rows  int64
		Stale struct{ Rows int64 }
		Older bool `json:"older_checkpoint"`
	}
	check(d.t, json.Unmarshal([]byte(out), &report))
	d.run([]env.Code{env.Done}, "check", to)
	same, out := d.run([]env.Code{env.Done, env.No}, "diff", "--json", "--summary", d.whole, to)
	if code == env.Done && same != env.Done {
		d.t.Errorf("seed %d: recover reports no loss, and the rows differ: %s", d.seed, out)
	}
	var diff struct {
		Summary struct {
			Equal int64
			More  int64 `json:"only_in_second"`
			Other int64 `json:"different_values"`
		}
	}
	check(d.t, json.Unmarshal([]byte(out), &diff))
	s := diff.Summary
	if s.Equal+s.More+s.Other != report.Rows {
		d.t.Errorf("seed %d: %d rows are reported, %+v are there", d.seed, report.Rows, s)
	}
	if s.More+s.Other > report.Stale.Rows && !report.Older {
		d.t.Errorf("seed %d: %+v, and only %d rows may be stale", d.seed, s, report.Stale.Rows)
	}
}

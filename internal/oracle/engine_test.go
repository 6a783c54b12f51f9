// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// envKeep names a folder that the files of a failed test are copied to.
const envKeep = "LSMLITE_ORACLE_KEEP"

// hurry bounds a step of either side in tests of files that this module wrote: with a
// damaged file C may loop for ever.
const hurry = 20 * time.Second

// engineRows reads everything, forward and backward, and insists that both agree.
func engineRows(db *engine.DB) ([]oracle.Row, error) {
	var forward, backward []oracle.Row
	err := db.View(context.Background(), func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		read := func(ok bool, step func() bool) (rows []oracle.Row, err error) {
			for ; ok; ok = step() {
				v, err := c.Value()
				if err != nil {
					return rows, err
				}
				rows = append(rows, oracle.Row{Key: bytes.Clone(c.Key()), Value: bytes.Clone(v)})
			}
			return rows, c.Err()
		}
		if forward, err = read(c.First(), c.Next); err != nil {
			return fmt.Errorf("forward scan: %w", err)
		}
		if backward, err = read(c.Last(), c.Prev); err != nil {
			return fmt.Errorf("backward scan: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(backward)
	if d := oracle.Diff(backward, forward); d != "" {
		return nil, fmt.Errorf("the backward scan differs from the forward scan: %s", d)
	}
	return forward, nil
}

// engineProblems reads everything, compares it with want, looks up and seeks the keys
// given, and runs the engine's own check. It returns the first thing that is wrong.
func engineProblems(db *engine.DB, want []oracle.Row, probes [][]byte) error {
	rows, err := engineRows(db)
	if err != nil {
		return err
	}
	if d := oracle.Diff(rows, want); d != "" {
		return fmt.Errorf("scan: %s", d)
	}
	if err := engineLookups(db, want, probes); err != nil {
		return err
	}
	for p := range db.Check(context.Background()) {
		return fmt.Errorf("check: %s", p)
	}
	return nil
}

// engineLookups compares Get and Seek in all modes with a sorted list of rows.
func engineLookups(db *engine.DB, want []oracle.Row, probes [][]byte) error {
	return db.View(context.Background(), func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		for _, key := range probes {
			i, found := find(want, key)
			v, ok, err := s.Get(nil, key)
			switch {
			case err != nil:
				return fmt.Errorf("get %.60q: %w", key, err)
			case ok != found:
				return fmt.Errorf("get %.60q: found is %v, want %v", key, ok, found)
			case ok && !bytes.Equal(v, want[i].Value):
				return fmt.Errorf("get %.60q: wrong value of %d bytes", key, len(v))
			}
			for _, mode := range []engine.SeekMode{engine.SeekLE, engine.SeekEQ, engine.SeekGE} {
				at := i
				switch {
				case found:
				case mode == engine.SeekLE:
					at = i - 1
				case mode == engine.SeekEQ:
					at = -1
				}
				ok := c.Seek(key, mode)
				if err := c.Err(); err != nil {
					return fmt.Errorf("seek %.60q mode %d: %w", key, mode, err)
				}
				if want := at >= 0 && at < len(want); ok != want {
					return fmt.Errorf("seek %.60q mode %d: valid is %v, want %v", key, mode, ok, want)
				}
				if ok && !bytes.Equal(c.Key(), want[at].Key) {
					return fmt.Errorf("seek %.60q mode %d: at %.60q, want %.60q", key, mode, c.Key(), want[at].Key)
				}
			}
		}
		return nil
	})
}

// find returns the place of a key in sorted rows.
func find(rows []oracle.Row, key []byte) (int, bool) {
	return slices.BinarySearchFunc(rows, key, func(r oracle.Row, k []byte) int { return bytes.Compare(r.Key, k) })
}

// probesOf returns up to n existing keys, spread evenly, each with a neighbour on either
// side that does not exist.
func probesOf(rows []oracle.Row, n int) [][]byte {
	probes := [][]byte{{}, {0}, bytes.Repeat([]byte{0xff}, 9)}
	step := max(1, len(rows)/n)
	for i := 0; i < len(rows); i += step {
		k := rows[i].Key
		probes = append(probes, k, append(slices.Clone(k), 0))
		if len(k) > 0 {
			probes = append(probes, k[:len(k)-1])
		}
	}
	return probes
}

// recoverWithC opens a copy with C, reads it and lets C check it. A C with assertions
// does the same again if there is one, and goes on with the merges it finds.
func recoverWithC(t *testing.T, path string) ([]oracle.Row, error) {
	t.Helper()
	binary, _ := oracle.Binary()
	rows, err := recoverWith(t, binary, path, nil)
	if err != nil {
		return nil, err
	}
	if debug, ok := oracle.DebugBinary(); ok {
		checked, err := recoverWith(t, debug, path, rows)
		if err != nil {
			return nil, fmt.Errorf("C with assertions: %w", err)
		}
		if d := oracle.Diff(checked, rows); d != "" {
			return nil, fmt.Errorf("C with assertions, after a merge: %s", d)
		}
	}
	return rows, nil
}

// recoverWith opens a copy, and merges a little if it is given the rows that must be there.
func recoverWith(t *testing.T, binary, path string, before []oracle.Row) ([]oracle.Row, error) {
	t.Helper()
	merge := before != nil
	c, err := oracle.Start(binary)
	if err != nil {
		return nil, err
	}
	defer c.Abandon()
	c.Timeout = hurry
	copied := copyDB(t, path, filepath.Join(t.TempDir(), "recover.db"))
	if err := c.Open(copied, oracle.AutoWork(false), oracle.Safety(1), oracle.Compression("auto")); err != nil {
		return nil, err
	}
	if merge {
		if _, err := c.Work(2, 8); err != nil {
			return nil, err
		}
	}
	rows, err := cRows(c)
	if err != nil {
		return nil, err
	}
	if merge && oracle.Diff(rows, before) != "" && cHolds(c, before) == nil {
		// Only C's scan is wrong: it has half merged a moved segment, see the package
		// comment. It has freed blocks that it still needs, so that is the end of it.
		return before, nil
	}
	if err := c.Integrity(); err != nil {
		return nil, err
	}
	if merge {
		// The flush and the checkpoint of a close are checked by assertions as well.
		return rows, c.Close()
	}
	return rows, nil
}

// cRows scans with C. A scan of C may miss the right-hand side of a level under merge
// (only the scan does); rows that are missing forward but are there backward or by
// lookup would be that bug, so the fuller of the two scans is believed.
func cRows(c *oracle.Client) ([]oracle.Row, error) {
	forward, err := c.Dump()
	if err != nil {
		return nil, err
	}
	backward, err := c.DumpReverse()
	if err != nil {
		return nil, err
	}
	slices.Reverse(backward)
	if d := oracle.Diff(backward, forward); d != "" {
		info, err := c.Info()
		if err != nil {
			return nil, err
		}
		if !strings.Contains(info["structure"], "} {") {
			return nil, fmt.Errorf("C's backward scan differs from its forward scan: %s", d)
		}
		if len(backward) > len(forward) {
			return backward, nil
		}
	}
	return forward, nil
}

// cHolds looks every row up with C.
func cHolds(c *oracle.Client, rows []oracle.Row) error {
	for _, r := range rows {
		v, ok, err := c.Get(r.Key)
		if err != nil {
			return err
		}
		if !ok || !bytes.Equal(v, r.Value) {
			return fmt.Errorf("C's get %.60q: found is %v, or the value differs", r.Key, ok)
		}
	}
	return nil
}

// cLookups compares C's Get and Seek with sorted rows. noGE tells of keys at which C's
// GE seek is known to be wrong.
func cLookups(c *oracle.Client, want []oracle.Row, probes [][]byte, noGE func(key []byte) bool) error {
	for _, key := range probes {
		i, found := find(want, key)
		v, ok, err := c.Get(key)
		if err != nil {
			return err
		}
		if ok != found || ok && !bytes.Equal(v, want[i].Value) {
			return fmt.Errorf("C's get %.60q: found is %v, want %v, or the value differs", key, ok, found)
		}
		for _, mode := range []oracle.Mode{oracle.SeekLE, oracle.SeekGE} {
			at := i
			if mode == oracle.SeekLE && !found {
				at--
			}
			if mode == oracle.SeekGE && noGE != nil && noGE(key) {
				continue
			}
			row, ok, err := c.Seek(key, mode)
			if err != nil {
				return err
			}
			if want := at >= 0 && at < len(want); ok != want {
				return fmt.Errorf("C's seek %.60q %s: valid is %v, want %v", key, mode, ok, want)
			}
			if ok && !bytes.Equal(row.Key, want[at].Key) {
				return fmt.Errorf("C's seek %.60q %s: at %.60q, want %.60q", key, mode, row.Key, want[at].Key)
			}
		}
	}
	return nil
}

// keepFiles copies a database to the folder for failed tests, if there is one, and says
// where it went.
func keepFiles(t *testing.T, path, name string) string {
	t.Helper()
	folder := os.Getenv(envKeep)
	if folder == "" {
		return "nowhere; set " + envKeep
	}
	to := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err.Error()
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "nowhere; there is no file"
	}
	return copyDB(t, path, to)
}

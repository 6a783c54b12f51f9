// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
)

// damage is one of them.
type damage struct {
	place  DamagePlace
	caught bool // the sums notice it for sure
	forged bool // the sums were made to fit
	name   string
	what   string            // was done
	before map[string][]byte // the damaged files
}

// try damages a copy, in the i-th of many ways, and opens it.
func (d *damagedDB) try(rng *rand.Rand, place DamagePlace, i int, stats *DamageStats) (what string, err error) {
	dm := damage{place: place}
	name, file, what := d.change(rng, &dm, i)
	if what == "" {
		return "", fmt.Errorf("no damage changes anything")
	}
	what = fmt.Sprintf("%v: %s: %s", place, dm.name, what)
	dm.what = what
	stats.Damages++
	stats.Kinds[fmt.Sprintf("%v: %s", place, dm.name)]++
	fs := d.fs.Clone()
	if err := fs.WriteFile(name, file); err != nil {
		return what, err
	}
	dm.before = maps.Clone(d.files)
	dm.before[name] = file
	m := startMeter(fs)
	err = d.look(m, dm, i, stats)
	return what, errors.Join(err, m.stop(d.size()))
}

// change damages a copy of the file of a place. Damages that change nothing are replaced by others.
func (d *damagedDB) change(rng *rand.Rand, dm *damage, i int) (name string, file []byte, what string) {
	const tries = 200
	for range tries {
		name, t := d.damaged(dm.place)
		dm.forged, dm.caught = i%8 == 7, false
		if dm.forged { // one of eight is on purpose
			file, what = d.forge(rng, t)
			dm.name = "wrong bytes, with sums that fit"
			i++ // maybe nothing can be forged
		} else {
			kind := damageKinds[rng.IntN(len(damageKinds))]
			file, what = kind.do(d, rng, t)
			dm.name = kind.name
			dm.caught = kind.caught && (d.options.Compression == "none" || d.key != nil)
		}
		if what != "" && !bytes.Equal(file, d.files[name]) {
			return name, file, what
		}
	}
	return "", nil, ""
}

// typed reports whether an error is one that damage may lead to.
func typed(err error) bool {
	return errors.Is(err, engine.ErrCorrupt) || errors.Is(err, engine.ErrCantOpen) || errors.Is(err, engine.ErrMismatch)
}

// look opens a damaged database, reads it and uses it in several ways.
func (d *damagedDB) look(m *meter, dm damage, i int, stats *DamageStats) error {
	ctx := context.Background()
	own := m.clone()
	db, err := d.open(own, func(o *engine.Options) { o.ReadOnly = i%2 == 0 })
	if err != nil {
		if !typed(err) {
			return fmt.Errorf("open: not a typed error: %w", err)
		}
		if changed := dm.untouched(own); changed != nil {
			return fmt.Errorf("open fails with %w, and %w", err, changed)
		}
		stats.count("refused when it is opened")
		return d.rescue(m, dm, i, stats)
	}
	got, readErr := enginetest.Rows(db)
	problems := 0
	for p := range db.Check(ctx) {
		problems++
		_ = p.String()
	}
	switch {
	case readErr != nil && !typed(readErr):
		err = fmt.Errorf("read: not a typed error: %w", readErr)
	case readErr != nil && problems == 0:
		err = fmt.Errorf("reading fails with %w, and Check finds nothing", readErr)
	case readErr != nil:
		stats.count("an error when it is read, and found by Check")
	default:
		if problems > 0 {
			stats.count("all is read, and found by Check")
		}
		err = d.judge(got, dm, stats)
	}
	if err == nil && i%16 == 1 && readErr == nil && !dm.forged {
		err = d.optimize(db, got)
	}
	if closed := db.Close(); err == nil && closed != nil && !typed(closed) {
		err = fmt.Errorf("close: %w", closed)
	}
	if err != nil || readErr == nil {
		return err
	}
	return d.rescue(m, dm, i, stats)
}

// open opens a database with the key, if it has one.
func (d *damagedDB) open(fs *metered, change func(o *engine.Options)) (*engine.DB, error) {
	o := engine.Options{FS: fs.fs, Key: d.options.Key}
	change(&o)
	return engine.Open(context.Background(), path, o)
}

// untouched wants the files to be as they were.
func (dm *damage) untouched(fs *metered) error {
	after := filesOf(fs.inner)
	if len(after) != len(dm.before) {
		return fmt.Errorf("there are %d files, not %d", len(after), len(dm.before))
	}
	for name, data := range dm.before {
		if !bytes.Equal(after[name], data) {
			return fmt.Errorf("%s was changed", name)
		}
	}
	return nil
}

// judge compares what a damaged database shows, without an error, with what was committed:
//
//   - Without a log that counts it shows the newest state. Of a log the end may be missing, as after a loss of power.
//   - Of a database in clear, what the sums cannot notice may be wrong: pages whose 13 bits fit by chance, unless
//     their bytes are damaged within 13 bits, and forged ones. Encrypted ones are never wrong.
func (d *damagedDB) judge(got map[string]string, dm damage, stats *DamageStats) error {
	newest := len(d.states) - 1
	if maps.Equal(got, d.states[newest]) {
		stats.count("all is there")
		return nil
	}
	if dm.place == DamageLog {
		for i := range newest {
			if maps.Equal(got, d.states[i]) {
				stats.count("the log's end is missing")
				return nil
			}
		}
	}
	switch {
	case d.key != nil || dm.caught || dm.place == DamageMeta && !dm.forged:
		return fmt.Errorf("it shows %d rows, not the %d that were committed, and no error", len(got), len(d.states[newest]))
	case dm.forged:
		stats.count("wrong rows, with sums that were made to fit")
	default:
		stats.wrong(dm.what)
	}
	return nil
}

// optimize writes everything again, which changes nothing or is an error.
func (d *damagedDB) optimize(db *engine.DB, got map[string]string) error {
	if err := db.Optimize(context.Background()); err != nil {
		if !typed(err) && !errors.Is(err, engine.ErrReadOnly) {
			return fmt.Errorf("optimize: not a typed error: %w", err)
		}
		return nil
	}
	again, err := enginetest.Rows(db)
	if err != nil {
		return fmt.Errorf("after an optimize: %w", err)
	}
	if !maps.Equal(got, again) {
		return fmt.Errorf("after an optimize there are %d rows, not the %d of before, or others", len(again), len(got))
	}
	return nil
}

// rescue reads what can be read: by skipping what is damaged, and by Recover.
func (d *damagedDB) rescue(m *meter, dm damage, i int, stats *DamageStats) error {
	if err := d.skip(m.clone(), dm, stats); err != nil {
		return fmt.Errorf("skipping what is damaged: %w", err)
	}
	if i%4 > 0 {
		return nil
	}
	own := m.clone()
	to := "/data/rescued"
	report, err := engine.Recover(context.Background(), path, to, engine.RecoverOptions{FS: own.fs, Key: d.options.Key})
	if err != nil {
		if !typed(err) && !errors.Is(err, engine.ErrTampered) && !errors.Is(err, engine.ErrKey) {
			return fmt.Errorf("recover: not a typed error: %w", err)
		}
		stats.count("recover finds nothing")
		return dm.untouched(own)
	}
	stats.count("recover")
	db, err := engine.Open(context.Background(), to, engine.Options{FS: own.fs, Key: d.options.Key, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("what was recovered: %w", err)
	}
	defer db.Close()
	got, err := enginetest.Rows(db)
	if err != nil {
		return fmt.Errorf("what was recovered: %w", err)
	}
	if int64(len(got)) != report.Rows {
		return fmt.Errorf("%d rows were recovered, and there are %d", report.Rows, len(got))
	}
	for p := range db.Check(context.Background()) {
		return fmt.Errorf("what was recovered: %v", p)
	}
	return d.invented(got, dm, stats)
}

// invented wants each row to be one that was committed at some time.
func (d *damagedDB) invented(got map[string]string, dm damage, stats *DamageStats) error {
	for k, v := range got {
		if d.ever[k][v] {
			continue
		}
		switch {
		case d.key != nil || dm.caught:
			return fmt.Errorf("recover invents the row %q", k)
		case !dm.forged:
			stats.wrong(dm.what)
		}
		break
	}
	return nil
}

// skip reads a damaged database without the pages that cannot be read: outside of the ranges that are reported all is
// right.
func (d *damagedDB) skip(fs *metered, dm damage, stats *DamageStats) error {
	db, err := d.open(fs, func(o *engine.Options) { o.ReadOnly, o.SkipDamaged = true, true })
	if err != nil {
		if !typed(err) {
			return fmt.Errorf("not a typed error: %w", err)
		}
		return dm.untouched(fs)
	}
	defer db.Close()
	got, err := enginetest.Rows(db)
	if err != nil {
		if !typed(err) {
			return fmt.Errorf("not a typed error: %w", err)
		}
		return nil
	}
	stats.count("read without what is damaged")
	if dm.place != DamageData {
		return nil
	}
	if k, bad := outside(db.Skipped(), got, d.newest()); bad {
		switch {
		case d.key != nil || dm.caught:
			return fmt.Errorf("row %q is wrong, and outside of what was skipped", k)
		case !dm.forged:
			stats.wrong(dm.what)
		}
	}
	return nil
}

// outside returns a key outside of the ranges whose row is not the one that is wanted.
func outside(skipped []engine.DamagedRange, got, want map[string]string) (key string, bad bool) {
	in := func(k string) bool {
		for _, r := range skipped {
			if k >= string(r.From) && (r.To == nil || k < string(r.To)) {
				return true
			}
		}
		return false
	}
	for k, v := range want {
		if g, ok := got[k]; (!ok || g != v) && !in(k) {
			return k, true
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok && !in(k) {
			return k, true
		}
	}
	return "", false
}

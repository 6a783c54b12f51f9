// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

var changesSeed = flag.Uint64("changes.seed", 0, "run the model of the change stream with this seed only")

// changesModel is a database beside the list of its transactions, and consumers that read its changes at speeds of
// their own, through every way in which a session can end.
type changesModel struct {
	t     *testing.T
	rng   *rand.Rand
	o     engine.Options
	fs    *memfs.FS
	db    *engine.DB
	stats *changesModelStats

	history []string          // of all transactions
	bytes   []int64           // what each of them takes of the log
	at      []engine.Position // at[i] is after i transactions
	tip     engine.Position   // of the consumer that is always at the end
	session int
	durable int // transactions that were handed over as durable

	consumers []*changesConsumer
}

type changesConsumer struct {
	next     int // the number of transactions that it has seen
	position engine.Position
	session  int // in which it got the position
}

type changesModelStats struct {
	read, cut, lost, undone, foundAfterKill, foundAfterPower, gapsAfterCrash int
}

func (m *changesModel) open() {
	m.t.Helper()
	db, err := engine.Open(context.Background(), "/db", m.o)
	if err != nil {
		m.t.Fatal(err)
	}
	m.db = db
	m.session++
}

// commit makes a random transaction.
func (m *changesModel) commit() {
	m.t.Helper()
	var want strings.Builder
	err := m.db.Update(context.Background(), func(tx *engine.Tx) error {
		for range 1 + m.rng.IntN(1<<m.rng.IntN(6)) {
			if m.rng.IntN(12) == 0 { // a level that is rolled back
				level, err := tx.Begin()
				if err != nil {
					return err
				}
				if err := tx.Put([]byte("never"), make([]byte, m.rng.IntN(3000))); err != nil {
					return err
				}
				if err := tx.RollbackTo(level); err != nil {
					return err
				}
				if err := tx.CommitTo(level - 1); err != nil {
					return err
				}
			}
			key := fmt.Append(nil, "k", m.rng.IntN(300))
			var err error
			switch m.rng.IntN(6) {
			case 0:
				err = tx.Delete(key)
				fmt.Fprintf(&want, "delete %s ", key)
			case 1:
				before := append([]byte("k"), '9'+1)
				err = tx.DeleteRange(key, before)
				fmt.Fprintf(&want, "delete range %s %s ", key, before)
			default:
				n := m.rng.IntN(1 << m.rng.IntN(13))
				if m.rng.IntN(400) == 0 {
					n = engine.MaxOpValue + m.rng.IntN(1000)
				}
				value := longValue(n)
				err = tx.Put(key, value)
				fmt.Fprintf(&want, "put %s %d:%.20s ", key, n, value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.history = append(m.history, want.String())
	// The consumer that is at the end says how long the transaction is.
	n := 0
	for c, err := range m.db.Changes(context.Background(), m.tip, engine.ChangeOptions{NoWait: true}) {
		if err != nil {
			m.t.Fatal(err)
		}
		m.bytes, m.at, m.tip = append(m.bytes, c.Bytes), append(m.at, c.Position), c.Position
		n++
	}
	if now := positionNow(m.t, m.db); n != 1 || !now.Same(m.tip) {
		m.t.Fatalf("%d changes, up to %v; the snapshot is at %v", n, m.tip, now)
	}
}

// read has a consumer read some of what it has not.
func (m *changesModel) read(c *changesConsumer) {
	m.t.Helper()
	most := 1 + m.rng.IntN(20)
	text, err := c.position.MarshalText()
	if err != nil {
		m.t.Fatal(err)
	}
	var from engine.Position
	if err := from.UnmarshalText(text); err != nil {
		m.t.Fatal(err)
	}
	o := engine.ChangeOptions{NoWait: true, Durable: m.rng.IntN(3) == 0, OnLag: engine.OnLag(m.rng.IntN(2))}
	for change, err := range m.db.Changes(context.Background(), from, o) {
		var got string
		if err == nil {
			got, err = render(change)
		}
		if errors.Is(err, engine.ErrGap) {
			m.gap(c)
			return
		}
		if err != nil {
			m.t.Fatal(err)
		}
		if c.next >= len(m.history) || got != m.history[c.next] {
			m.t.Fatalf("transaction %d of %d differs", c.next, len(m.history))
		}
		c.next++
		if change.Seq != from.Seq+1 || !change.Same(m.at[c.next]) {
			m.t.Fatalf("transaction %d is at %v, want %v", c.next, change.Position, m.at[c.next])
		}
		from, c.position, c.session = change.Position, change.Position, m.session
		m.stats.read++
		if o.Durable {
			m.durable = max(m.durable, c.next)
		}
		if most--; most == 0 {
			return
		}
	}
	if c.next != len(m.history) {
		m.t.Fatalf("%d of %d transactions were read", c.next, len(m.history))
	}
	c.session = m.session
}

// gap has a consumer begin again, if it may have lost its place.
func (m *changesModel) gap(c *changesConsumer) {
	m.t.Helper()
	lag := int64(0)
	for i := c.next; i < len(m.bytes); i++ {
		lag += m.bytes[i]
	}
	undone := c.next > len(m.history) || !c.position.Same(m.at[c.next])
	if !undone && c.session == m.session && lag <= m.o.Changes {
		m.t.Fatalf("a gap after transaction %d of %d, %d bytes of %d before the end", c.next, len(m.history), lag, m.o.Changes)
	}
	switch {
	case undone:
		m.stats.undone++
	case c.session == m.session:
		m.stats.cut++
	default:
		m.stats.lost++
	}
	c.next, c.position, c.session = len(m.history), positionNow(m.t, m.db), m.session
}

// crash ends the session without a close. The consumers find their places again, or know that they have not.
func (m *changesModel) crash() {
	m.t.Helper()
	old, kill := m.db, m.rng.IntN(2) == 0
	if kill {
		m.fs = m.fs.Clone()
	} else {
		m.fs = m.fs.Crash(m.rng, memfs.CrashMode(m.rng.IntN(3)))
	}
	m.o.FS = m.fs
	m.open()
	_ = old.Close()
	now, left := positionNow(m.t, m.db), -1
	for i := range m.at {
		if m.at[i].Same(now) {
			left = i
		}
	}
	if left < 0 || kill && left < len(m.history) {
		m.t.Fatalf("after a crash the position is %v, that of transaction %d of %d", now, left, len(m.history))
	}
	if left < m.durable {
		m.t.Fatalf("after a crash there are %d of %d transactions, and %d were handed over as durable", left, len(m.history), m.durable)
	}
	m.history, m.bytes, m.at = m.history[:left], m.bytes[:left], m.at[:left+1]
	m.tip = now
	for _, c := range m.consumers {
		was := m.stats.lost
		next := c.next
		m.read(c)
		switch found := m.stats.lost == was && next < left; {
		case found && kill:
			m.stats.foundAfterKill++
		case found:
			m.stats.foundAfterPower++
		case m.stats.lost > was:
			m.stats.gapsAfterCrash++
		}
	}
}

func (m *changesModel) closeAndOpen() {
	m.t.Helper()
	mustClose(m.t, m.db)
	m.open()
	now := positionNow(m.t, m.db)
	if !now.Same(m.tip) {
		m.t.Fatalf("closed at %v, opened at %v", m.tip, now)
	}
	m.tip = now
}

func (m *changesModel) run() {
	ctx := context.Background()
	m.o.FS = m.fs
	m.open()
	m.tip = positionNow(m.t, m.db)
	m.at = []engine.Position{m.tip}
	for range 3 {
		m.consumers = append(m.consumers, &changesConsumer{position: m.tip, session: m.session})
	}
	for range 250 {
		var err error
		switch m.rng.IntN(30) {
		case 0:
			err = m.db.Flush(ctx)
		case 1:
			_, err = m.db.Checkpoint(ctx)
		case 2:
			if m.rng.IntN(3) == 0 {
				m.closeAndOpen()
			}
		case 3:
			if m.rng.IntN(3) == 0 {
				m.crash()
			}
		case 4, 5, 6:
			m.read(m.consumers[0])
		case 7:
			m.read(m.consumers[1])
		case 8:
			if m.rng.IntN(8) == 0 {
				m.read(m.consumers[2])
			}
		default:
			m.commit()
		}
		if err != nil {
			m.t.Fatal(err)
		}
	}
	for _, c := range m.consumers {
		for c.next < len(m.history) {
			m.read(c)
		}
	}
	mustClose(m.t, m.db)
}

// TestChangesModel: what consumers read is what was committed, in order, nothing twice and nothing left out.
func TestChangesModel(t *testing.T) { // not next to other tests: it sets how long all streams wait
	defer engine.SetChangesSyncAfter(time.Microsecond)()
	var stats changesModelStats
	seeds := uint64(60)
	if testing.Short() || engine.RaceDetector {
		seeds = 8
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		if *changesSeed != 0 {
			seed, seeds = *changesSeed, *changesSeed
		}
		rng := rand.New(rand.NewPCG(seed, 7))
		m := &changesModel{t: t, rng: rng, fs: memfs.New(), stats: &stats}
		m.o = engine.Options{
			Changes: []int64{8 << 10, 64 << 10, 512 << 10}[rng.IntN(3)], PageSize: 1024, BlockSize: 64 << 10,
			AutoFlush: []int{4 << 10, 32 << 10, 256 << 10}[rng.IntN(3)], AutoCheckpoint: []int{16 << 10, 256 << 10}[rng.IntN(2)],
			MaxLog: []int{16 << 10, 128 << 10, 0}[rng.IntN(3)], Safety: engine.Safety(1 + rng.IntN(3)),
			Background: engine.Background(rng.IntN(4)), CacheSize: 1 << 20,
		}
		if m.o.Safety == engine.SafetyOff { // which may lose all of it together with the machine
			m.o.Safety = engine.SafetyNormal
		}
		if rng.IntN(4) == 0 {
			m.o.Key = key1
		}
		if rng.IntN(4) == 0 {
			m.o.Compression = "lz4"
		}
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			m.t = t
			m.run()
		})
		if t.Failed() {
			t.Fatalf("again: go test ./engine -run TestChangesModel -changes.seed=%d", seed)
		}
	}
	t.Logf("%+v", stats)
	if *changesSeed == 0 && seeds > 8 && (stats.read < 5000 || stats.cut < 10 || stats.lost < 10 || stats.undone < 5 ||
		stats.foundAfterKill < 10 || stats.foundAfterPower < 10) {
		t.Errorf("the model did not reach what it is for: %+v", stats)
	}
}

// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pingcap/kvproto/pkg/kvrpcpb"
	"github.com/tikv/client-go/v2/tikv"
	"github.com/tikv/client-go/v2/tikvrpc"

	"github.com/lsmlite/lsmlite-go/store"
)

// scans notes how many rows and bytes each answer to a scan had.
type scans struct {
	mu    sync.Mutex
	bytes []int
	rows  []int
}

type counting struct {
	tikv.Client
	seen *scans
}

func (c counting) SendRequest(ctx context.Context, addr string, req *tikvrpc.Request, timeout time.Duration) (*tikvrpc.Response, error) {
	resp, err := c.Client.SendRequest(ctx, addr, req, timeout)
	if err == nil && req.Type == tikvrpc.CmdScan {
		n := 0
		pairs := resp.Resp.(*kvrpcpb.ScanResponse).GetPairs()
		for _, p := range pairs {
			n += len(p.GetKey()) + len(p.GetValue())
		}
		c.seen.mu.Lock()
		c.seen.bytes, c.seen.rows = append(c.seen.bytes, n), append(c.seen.rows, len(pairs))
		c.seen.mu.Unlock()
	}
	return resp, err
}

// take returns what was noted, and forgets it.
func (s *scans) take() (bytes, rows []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bytes, rows = s.bytes, s.rows
	s.bytes, s.rows = nil, nil
	return bytes, rows
}

// A walk over long values requests a few at a time, and no page holds many of them, also where short rows come before.
func TestPagesAreBoundedInBytes(t *testing.T) {
	ctx := context.Background()
	c, seen := newCluster(t), new(scans)
	c.wrap = func(inner tikv.Client) tikv.Client { return counting{inner, seen} }
	st, err := c.open("kv", store.Settings{Create: true})
	must(t, err)
	const short, long, length = 1000, 40, 700_000
	tx := begin(t, st, nil)
	for i := range short {
		must(t, tx.Put(ctx, []byte{'s', byte(i >> 8), byte(i)}, []byte("v")))
	}
	for i := range long {
		must(t, tx.Put(ctx, []byte{'t', byte(i)}, make([]byte, length)))
	}
	must(t, tx.Commit(ctx))
	seen.take()
	for _, reverse := range []bool{false, true} {
		cur, err := st.Cursor(ctx)
		must(t, err)
		n, pages := 0, 0
		for ok := cur.Seek(ctx, &store.Range{Reverse: reverse}); ok; ok = cur.Next(ctx) {
			n++
			p := &cur.(*cursor).page
			if size := pageSize(p); size > fullPage+length+MaxKey {
				t.Fatalf("a page has %d bytes", size)
			}
			if cur.(*cursor).at == 0 {
				pages++
			}
		}
		must(t, cur.Err(), cur.Close())
		if n != short+long {
			t.Errorf("reverse=%v: %d rows", reverse, n)
		}
		bytes, rows := seen.take()
		// Lengths change once; only the answer that was requested before that may be greater than some long rows.
		much := 0
		for _, size := range bytes {
			if size > pageBytes+2*length {
				much++
			}
		}
		if much > 1 || slices.Max(rows) > mostRows {
			t.Errorf("reverse=%v: %d answers are great; bytes %v, rows %v", reverse, much, bytes, rows)
		}
		if pages > 60 || slices.Max(rows) < mostRows {
			t.Errorf("reverse=%v: short rows come in few pages: %d, rows %v", reverse, pages, rows)
		}
	}
	// One row is not requested with 255 others.
	cur, err := st.Cursor(ctx)
	must(t, err)
	if !cur.Seek(ctx, &store.Range{Lo: []byte("t"), HasLo: true, Limit: 1}) || cur.Next(ctx) {
		t.Errorf("not one row: %v", cur.Err())
	}
	must(t, cur.Err(), cur.Close(), st.Close())
	if _, rows := seen.take(); len(rows) != 1 || rows[0] > leastBatch {
		t.Errorf("for one row: answers of %v rows", rows)
	}
}

func pageSize(p *page) (n int) {
	for _, r := range p.rows {
		n += len(r.key) + len(r.value)
	}
	return n
}

// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// pieceBytes is how much of what a transaction has written is sent at a time.
const pieceBytes = 4 << 20

// pieces sends what a transaction has written: first ranges to be deleted, then keys, then rows. The order of
// the calls is that of the writes on the server.
type pieces struct {
	s     *conns
	conn  *pgx.Conn
	batch *pgx.Batch

	deleted      [][]byte
	keys, values [][]byte
	bytes        int
	slow         bool // the batch deletes a range, which may take long
}

// deleteRange deletes what lies between after and before.
func (p *pieces) deleteRange(ctx context.Context, after, before []byte) error {
	p.collect()
	p.batch.Queue(p.s.sql.delRange, full(after), full(before))
	p.slow = true
	return p.add(ctx, len(after)+len(before))
}

func (p *pieces) delete(ctx context.Context, key []byte) error {
	if p.keys != nil {
		p.collect()
	}
	p.deleted = append(p.deleted, full(key))
	return p.add(ctx, len(key))
}

func (p *pieces) put(ctx context.Context, key, value []byte) error {
	if p.deleted != nil {
		p.collect()
	}
	p.keys, p.values = append(p.keys, full(key)), append(p.values, full(value))
	return p.add(ctx, len(key)+len(value))
}

// add counts what was added, and sends the piece if it is full.
func (p *pieces) add(ctx context.Context, n int) error {
	const perRow = 16
	if p.bytes += n + perRow; p.bytes < pieceBytes {
		return nil
	}
	return p.send(ctx)
}

// collect makes statements of the keys and rows that wait. One alone has a text of its own, which the server
// plans in less time.
func (p *pieces) collect() {
	if len(p.deleted) > 0 {
		p.queue(p.s.sql.del, p.s.sql.dels, p.deleted)
	}
	if p.s.o.many && len(p.keys) > 0 {
		// A row of the snapshot that another transaction has deleted since is no obstacle to INSERT, but it is one
		// to this.
		p.queue(p.s.sql.hold, p.s.sql.holds, p.keys)
	}
	switch len(p.keys) {
	case 0:
	case 1:
		p.batch.Queue(p.s.sql.put, p.keys[0], p.values[0])
	default:
		p.batch.Queue(p.s.sql.puts, byteas(p.keys), byteas(p.values))
	}
	p.deleted, p.keys, p.values = nil, nil, nil
}

// queue adds the statement for one key, or that for several.
func (p *pieces) queue(one, several string, keys [][]byte) {
	if len(keys) == 1 {
		p.batch.Queue(one, keys[0])
	} else {
		p.batch.Queue(several, byteas(keys))
	}
}

// send sends what waits, and waits until the server has done it.
func (p *pieces) send(ctx context.Context) error {
	p.collect()
	if p.batch.Len() == 0 {
		return nil
	}
	_, _, err := run(ctx, p.conn, p.batch)
	p.batch, p.bytes, p.slow = &pgx.Batch{}, 0, false
	return err
}

// run sends a batch and returns the answer to its last statement, and how many were done. A statement that fails keeps
// those after it from being run.
func run(ctx context.Context, c *pgx.Conn, b *pgx.Batch) (tag pgconn.CommandTag, done int, err error) {
	return answers(c.SendBatch(ctx, b), b.Len())
}

// answers reads the answers to a batch of n statements that was sent, as run does.
func answers(results pgx.BatchResults, n int) (tag pgconn.CommandTag, done int, err error) {
	for done < n {
		if tag, err = results.Exec(); err != nil {
			break
		}
		done++
	}
	if ended := results.Close(); err == nil {
		err = ended
	}
	return tag, done, err
}

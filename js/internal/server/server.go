// SPDX-License-Identifier: Apache-2.0

// Package server does what messages of index.js request, on one database.
//
// It owns the meaning of messages and the lives of what they name by numbers: transactions, scans, queries and
// backups. It knows neither JavaScript nor WebAssembly: it is given bytes, and gives bytes back, so that its
// tests run anywhere. The program in WebAssembly is its only user.
//
// What always holds: each message is answered once, by its number, also if it makes no sense or a panic was
// caught. Messages of one transaction are done in the order in which they came, and so are those that write
// outside of transactions. Everything else is done at once, next to what is still going on.
package server

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/js/internal/wire"
	"github.com/lsmlite/lsmlite-go/store"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// Server serves one database.
type Server struct {
	fsys  vfs.FS
	reply func(message []byte)
	lane  lane // what writes outside of transactions
	crew  crew // does all of it

	underWay sync.WaitGroup // messages that are not answered yet, except opClose

	mu        sync.Mutex
	closing   bool
	connector *lsmlite.Connector
	hold      lsmlite.Conn // keeps the database open, and is never used otherwise
	db        store.Engine
	limit     time.Duration // busy_timeout: 0 is none, less is not to wait
	idle      []*conn
	last      uint32 // the newest number of what follows
	txs       map[uint32]*tx
	batches   map[uint32]*batches
	running   map[uint32]*request // by number of the message
}

// conn is what a connection of the driver can do.
type conn struct {
	lsmlite.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Validator
}

// maxIdle is how many connections are kept for later.
const maxIdle = 4

// New returns a Server of databases on a file system. reply is given the answers, from any goroutine, and
// owns them.
func New(fsys vfs.FS, reply func(message []byte)) *Server {
	return &Server{
		fsys: fsys, reply: reply,
		txs: map[uint32]*tx{}, batches: map[uint32]*batches{}, running: map[uint32]*request{},
	}
}

// What a message requests: the byte after its number. The numbers are those in index.js.
const (
	opOpen        = 1
	opClose       = 2
	opCancel      = 3
	opGet         = 4
	opPut         = 5
	opDelete      = 6
	opDeleteRange = 7
	opScan        = 8
	opNext        = 9
	opEnd         = 10
	opBegin       = 11
	opCommit      = 12
	opRollback    = 13
	opQuery       = 14
	opExec        = 15
	opBackup      = 16
	opCheckpoint  = 17
	opSavepoint   = 18
	opRelease     = 19
	opRollbackTo  = 20
	opSlots       = 21
	opAddKey      = 22
	opRemoveKey   = 23
)

// request is a message that is being done.
type request struct {
	id    uint32
	op    byte
	in    *wire.Reader
	ctx   context.Context
	end   context.CancelCauseFunc
	begun atomic.Bool // it is being done, or was given up before that
}

// claim reports whether the caller is the one who does the request, and answers it.
func (r *request) claim() bool { return r.begun.CompareAndSwap(false, true) }

// Handle begins to do what a message requests, and does not wait for it. The message is the server's.
func (s *Server) Handle(message []byte) {
	in := wire.Read(message)
	r := &request{id: in.U32(), op: in.Byte(), in: in}
	if r.op == opCancel {
		s.cancel(in.U32())
		return
	}
	r.ctx, r.end = context.WithCancelCause(context.Background())
	s.mu.Lock()
	closing := s.closing
	if !closing {
		s.closing = r.op == opClose
		s.running[r.id] = r
		if r.op != opClose {
			s.underWay.Add(1)
		}
	}
	s.mu.Unlock()
	if closing {
		s.answerClosed(r)
		return
	}

	number := uint32(0) // of the transaction
	if inTx[r.op] {
		number = in.U32()
	}
	switch {
	case number != 0:
		t := s.tx(number)
		if t == nil {
			if r.claim() {
				s.fail(r, s.txEnded())
			}
			return
		}
		t.lane.add(&s.crew, func() { s.do(r, t) })
	case writes[r.op]:
		s.lane.add(&s.crew, func() { s.do(r, nil) })
	default:
		s.crew.run(func() { s.do(r, nil) })
	}
}

// inTx are the messages that begin with the number of a transaction, 0 for none.
var inTx = map[byte]bool{
	opGet: true, opPut: true, opDelete: true, opDeleteRange: true, opScan: true, opQuery: true, opExec: true,
	opCommit: true, opRollback: true, opSavepoint: true, opRelease: true, opRollbackTo: true, opNext: true, opEnd: true,
}

// writes are those that wait for the writer's turn, so that they keep their order.
var writes = map[byte]bool{opPut: true, opDelete: true, opDeleteRange: true, opExec: true, opBegin: true}

// cancel ends a request. One that has not begun, because others come before it, does not wait for them.
func (s *Server) cancel(id uint32) {
	s.mu.Lock()
	r := s.running[id]
	s.mu.Unlock()
	if r == nil {
		return
	}
	r.end(errCancelled)
	if r.claim() {
		s.fail(r, errCancelled)
	}
}

// do does what r requests, and answers, unless it was cancelled before.
func (s *Server) do(r *request, t *tx) {
	if !r.claim() {
		return
	}
	var out wire.Writer
	out.U32(r.id)
	out.Byte(0)
	if err := s.try(r, t, &out); err != nil {
		s.fail(r, err)
		return
	}
	s.finish(r, out)
}

// try is do with every error, and a panic, as an error.
func (s *Server) try(r *request, t *tx, out *wire.Writer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &engine.Error{Op: "request", Detail: fmt.Sprintf("internal error: %v; please report it", p)}
		}
	}()
	if t != nil && t.ended {
		return s.txEnded()
	}
	if s.database() == nil && r.op != opOpen {
		return errNotOpen
	}
	do := operations[r.op]
	if do == nil {
		return misuse("unknown request %d", r.op)
	}
	return do(s, r, t, out)
}

var operations map[byte]func(s *Server, r *request, t *tx, out *wire.Writer) error

func init() {
	operations = map[byte]func(s *Server, r *request, t *tx, out *wire.Writer) error{
		opOpen: (*Server).open, opClose: (*Server).close,
		opGet: (*Server).get, opPut: (*Server).put, opDelete: (*Server).delete, opDeleteRange: (*Server).deleteRange,
		opScan: (*Server).scan, opNext: (*Server).next, opEnd: (*Server).end,
		opBegin: (*Server).begin, opCommit: (*Server).commit, opRollback: (*Server).rollback,
		opSavepoint: (*Server).savepoint, opRelease: (*Server).savepoint, opRollbackTo: (*Server).savepoint,
		opQuery: (*Server).query, opExec: (*Server).exec, opBackup: (*Server).backup, opCheckpoint: (*Server).checkpoint,
		opSlots: (*Server).slots, opAddKey: (*Server).addKey, opRemoveKey: (*Server).removeKey,
	}
}

func (s *Server) fail(r *request, err error) {
	var out wire.Writer
	out.U32(r.id)
	out.Byte(1)
	writeError(&out, s.reason(r, err))
	s.finish(r, out)
}

func (s *Server) finish(r *request, out wire.Writer) {
	s.mu.Lock()
	delete(s.running, r.id)
	s.mu.Unlock()
	r.end(nil)
	s.reply(out)
	if r.op != opClose {
		s.underWay.Done()
	}
}

// answerClosed answers what comes after a message that closes the database.
func (s *Server) answerClosed(r *request) {
	r.end(nil)
	var out wire.Writer
	out.U32(r.id)
	out.Byte(1)
	writeError(&out, errNotOpen)
	s.reply(out)
}

// database returns the open database, nil if there is none.
func (s *Server) database() *engine.DB {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db.DB
}

// open opens the database: its name, a key if there is one, and pairs of settings as they are in a data source
// name.
func (s *Server) open(r *request, _ *tx, _ *wire.Writer) error {
	name := r.in.Text()
	key, err := keySource(r.in)
	if err != nil {
		return err
	}
	query := url.Values{}
	for n := r.in.U32(); n > 0 && !r.in.Bad(); n-- {
		key := r.in.Text()
		query.Add(key, r.in.Text())
	}
	if !r.in.Done() {
		return badMessage()
	}
	switch {
	case s.database() != nil:
		return misuse("the database is open")
	case query.Has("_txlock"):
		return misuse("_txlock: every transaction begins with the writer's turn here")
	}
	for _, name := range []string{"key_file", "key_env", "passphrase_file", "passphrase_env"} {
		if query.Has(name) {
			return misuse("%s: the program has no files and no environment of its own here; read it, and pass key or passphrase", name)
		}
	}
	cfg, err := lsmlite.ParseDSN("file:" + (&url.URL{Path: name}).EscapedPath() + "?" + query.Encode())
	if err != nil {
		return err
	}
	cfg.Path, cfg.FS = name, s.fsys
	cfg.Key = key
	connector, err := lsmlite.NewConnector(cfg)
	if err != nil {
		return err
	}
	dc, err := connector.Connect(r.ctx)
	if err != nil {
		_ = connector.Close()
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connector, s.hold, s.limit = connector, dc.(lsmlite.Conn), cfg.BusyTimeout
	s.db = store.Engine{DB: s.hold.Engine()}
	return nil
}

// close rolls back the transactions that are open, lets the writes outside of transactions that were requested
// before end, and closes the database. Nothing can be requested after it.
func (s *Server) close(*request, *tx, *wire.Writer) error {
	s.mu.Lock()
	connector, hold, txs := s.connector, s.hold, s.txs
	s.txs = map[uint32]*tx{}
	for _, r := range s.running {
		if !writes[r.op] || r.op == opBegin {
			r.end(errClosed)
		}
	}
	s.mu.Unlock()
	for _, t := range txs { // 1. Their turns come to those who wait.
		ended := make(chan struct{})
		t.lane.add(&s.crew, func() {
			defer close(ended)
			t.abandon()
		})
		<-ended
	}
	s.underWay.Wait() // 2. What reads has been cancelled, and what writes is done.

	s.mu.Lock()
	all, idle := s.batches, s.idle
	s.batches, s.idle = map[uint32]*batches{}, nil
	s.connector, s.hold, s.db = nil, nil, store.Engine{}
	s.mu.Unlock()
	for _, b := range all { // 3. What was left open.
		_ = b.close()
	}
	for _, c := range idle {
		_ = c.Close()
	}
	s.crew.dismiss()
	err := hold.Close() // 4. The last connection closes the database.
	if closing := connector.Close(); err == nil {
		err = closing
	}
	return err
}

// conn returns a connection, which is given back by release.
func (s *Server) conn(ctx context.Context) (*conn, error) {
	s.mu.Lock()
	connector := s.connector
	if n := len(s.idle); n > 0 {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return c, nil
	}
	s.mu.Unlock()
	if connector == nil {
		return nil, errNotOpen
	}
	dc, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{dc.(lsmlite.Conn), dc.(driver.ConnBeginTx), dc.(driver.ExecerContext), dc.(driver.QueryerContext),
		dc.(driver.NamedValueChecker), dc.(driver.Validator)}, nil
}

// release keeps a connection for later, or closes it. A transaction that is open in it is rolled back.
func (s *Server) release(c *conn) {
	valid := c.IsValid()
	s.mu.Lock()
	if valid && len(s.idle) < maxIdle && s.connector != nil {
		s.idle = append(s.idle, c)
		c = nil
	}
	s.mu.Unlock()
	if c != nil {
		_ = c.Close()
	}
}

// number returns a number for something that lives longer than a message. The caller holds mu.
func (s *Server) number() uint32 {
	s.last++
	return s.last
}

// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/inspect"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// checkLines reads the lines of a check.
func checkLines(t *testing.T, text string) (lines []wire.CheckLine) {
	t.Helper()
	for line := range strings.Lines(text) {
		var l wire.CheckLine
		must(t, wire.Unmarshal([]byte(line), &l))
		lines = append(lines, l)
	}
	return lines
}

func TestCheck(t *testing.T) {
	files := memfs.New()
	db := openEngine(t, engine.Options{FS: files})
	putMany(t, db, 5000)
	must(t, db.Flush(t.Context()))
	s := serve(t, inspect.Handler(db, inspect.Options{}))
	lines := checkLines(t, s.get(wire.Check).body)
	if len(lines) != 1 || !lines[0].Done || lines[0].Problems != 0 {
		t.Errorf("a sound database: %+v", lines)
	}
	page := db.Structure()[0].Segments[0].First
	info, err := db.Page(page)
	must(t, err)
	damage(t, files, info.Offset+100)
	lines = checkLines(t, s.get(wire.Check).body)
	last := lines[len(lines)-1]
	if len(lines) < 2 || !last.Done || last.Problems != len(lines)-1 || lines[0].Problem.Page != page {
		t.Errorf("a damaged page %d: %+v", page, lines)
	}
	damage(t, files, info.Offset+100) // as it was
}

// damage flips a bit of the file.
func damage(t *testing.T, files vfs.FS, offset int64) {
	t.Helper()
	f, err := files.Open("/data/my.lsm", vfs.ReadWrite, 0)
	must(t, err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], offset)
	must(t, err)
	b[0] ^= 1
	_, err = f.WriteAt(b[:], offset)
	must(t, err)
}

func TestBackup(t *testing.T) {
	db := openEngine(t, engine.Options{})
	putMany(t, db, 5000)
	s := serve(t, inspect.Handler(db, inspect.Options{}))
	a := s.get(wire.Backup)
	if a.status != http.StatusOK || a.header.Get("Content-Disposition") != `attachment; filename=my.lsm` {
		t.Fatalf("%d %v", a.status, a.header)
	}
	files := memfs.New()
	f, err := files.Open("/copy.lsm", vfs.ReadWrite|vfs.Create, 0)
	must(t, err)
	_, err = f.WriteAt([]byte(a.body), 0)
	must(t, err)
	must(t, f.Close())
	copied, err := engine.Open(t.Context(), "/copy.lsm", engine.Options{FS: files})
	must(t, err)
	defer copied.Close()
	for p := range copied.Check(t.Context()) {
		t.Error(p)
	}
	if v, found, err := copied.Get(nil, []byte("key/004999")); string(v) != "value 4999" || !found || err != nil {
		t.Errorf("%q %v %v", v, found, err)
	}
	res, err := s.client.Get(s.base + wire.Backup)
	must(t, err)
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	must(t, err)
	if res.Trailer.Get(wire.TrailerComplete) != "yes" {
		t.Errorf("the trailer of a copy is %v", res.Trailer)
	}
}

// TestBackupThatFails: a client sees that the copy is not whole; and one that fails before its first
// byte is an answer.
func TestBackupThatFails(t *testing.T) {
	files := faultfs.Wrap(memfs.New())
	db := openEngine(t, engine.Options{FS: files, CacheSize: 1 << 20})
	long := repeated("0123456789abcdef", 1<<12)
	for i := range 400 {
		put(t, db, fmt.Sprintf("k%03d", i), long+fmt.Sprint(i))
	}
	must(t, db.Flush(t.Context()))
	s := serve(t, inspect.Handler(db, inspect.Options{}))
	whole := len(s.get(wire.Backup).body)
	answers, cut := 0, 0
	for n := 1; ; n = n*3/2 + 1 {
		fault := files.Add(faultfs.Rule{On: faultfs.Read, Nth: n, Err: errors.New("the disk is broken")})
		res, err := s.client.Get(s.base + wire.Backup)
		must(t, err)
		raw, err := io.ReadAll(res.Body)
		res.Body.Close()
		fired := fault.Hits() > 0
		files.Clear()
		switch {
		case !fired:
			if err != nil || len(raw) != whole {
				t.Errorf("without a fault: %v, %d bytes", err, len(raw))
			}
			if answers == 0 || cut == 0 {
				t.Errorf("%d copies failed before their first byte, and %d after it", answers, cut)
			}
			return
		case res.StatusCode == http.StatusInternalServerError && strings.Contains(string(raw), "disk is broken"):
			answers++
		case errors.Is(err, io.ErrUnexpectedEOF) && res.Trailer.Get(wire.TrailerComplete) == "":
			cut++
		default:
			t.Fatalf("read %d fails: status %d, %d bytes of %d, %v", n, res.StatusCode, len(raw), whole, err)
		}
	}
}

// slowClient takes the head of a response and nothing more until it is closed.
func slowClient(t *testing.T, s *site, resource string) (close func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+resource, nil)
	must(t, err)
	res, err := s.client.Do(r)
	must(t, err)
	_, err = bufio.NewReaderSize(res.Body, 16).Peek(1)
	must(t, err)
	return func() {
		cancel()
		res.Body.Close()
	}
}

func bigDatabase(t *testing.T) *engine.DB {
	db := openEngine(t, engine.Options{})
	long := repeated("0123456789abcdef", 1<<16)
	for i := range 30 {
		put(t, db, fmt.Sprintf("k%03d", i), long)
	}
	must(t, db.Flush(t.Context()))
	return db
}

// TestOneBackupAtATime: a second copy is refused while the first one goes on.
func TestOneBackupAtATime(t *testing.T) {
	s := serve(t, inspect.Handler(bigDatabase(t), inspect.Options{}))
	end := slowClient(t, s, wire.Backup)
	s.want("a second one", s.get(wire.Backup), http.StatusServiceUnavailable, "limit Backups: 1 at a time")
	end()
	eventually(t, "a copy after the first", func() bool { return s.get(wire.Backup).status == http.StatusOK })
}

// TestStall: a client that takes nothing loses the connection, and the database gives up what it
// kept for it.
func TestStall(t *testing.T) {
	db := bigDatabase(t)
	s := serve(t, inspect.Handler(db, inspect.Options{Limits: inspect.Limits{StallTime: 50 * time.Millisecond}}))
	for _, resource := range []string{wire.Backup, wire.Value + "?key=k000&download=1"} {
		end := slowClient(t, s, resource)
		eventually(t, "the end of the pin of "+resource, func() bool {
			pins, err := db.Pins()
			return err == nil && len(pins.Pins) == 0
		})
		end()
	}
	s.want("another request", s.get(wire.Stats), http.StatusOK, "commits")
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s has not come within 10 seconds", what)
		}
	}
}

// TestOneCheckAtATime: a second check is refused while the first one goes on.
func TestOneCheckAtATime(t *testing.T) {
	db := openEngine(t, engine.Options{})
	h := inspect.Handler(db, inspect.Options{})
	w := &heldWriter{ResponseRecorder: httptest.NewRecorder(), held: make(chan struct{}), reached: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(w, local(wire.Check))
	}()
	<-w.reached
	second := httptest.NewRecorder()
	h.ServeHTTP(second, local(wire.Check))
	if second.Code != http.StatusServiceUnavailable || !strings.Contains(second.Body.String(), "limit Checks: 1 at a time") {
		t.Errorf("a second check: %d %s", second.Code, second.Body)
	}
	close(w.held)
	<-done
	third := httptest.NewRecorder()
	h.ServeHTTP(third, local(wire.Check))
	if third.Code != http.StatusOK || !strings.Contains(third.Body.String(), `"done":true`) {
		t.Errorf("a check after the first: %d %s", third.Code, third.Body)
	}
}

// TestStatementsAtATime: one statement more than the limit is refused.
func TestStatementsAtATime(t *testing.T) {
	db := openEngine(t, engine.Options{})
	h := inspect.Handler(db, inspect.Options{Write: true, Limits: inspect.Limits{Statements: 1}})
	s := serve(t, h)
	tx, err := db.Begin(t.Context())
	must(t, err)
	s.visit()
	status := make(chan int)
	go func() { // it waits for the writer's turn
		n := http.StatusServiceUnavailable
		for n == http.StatusServiceUnavailable { // one of the requests below has the turn
			_, n = s.postSQL("INSERT INTO kv VALUES ('k', 'v')")
		}
		status <- n
	}()
	eventually(t, "a refusal", func() bool {
		a := s.get(wire.SQL + "?q=SELECT+2")
		return a.status == http.StatusServiceUnavailable && strings.Contains(a.body, "limit Statements: 1 at a time")
	})
	must(t, tx.Rollback())
	if n := <-status; n != http.StatusOK {
		t.Errorf("the first one: %d", n)
	}
	s.want("the next one", s.get(wire.SQL+"?q=SELECT+2"), http.StatusOK, "2")
}

func local(resource string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/debug/lsmlite/"+resource, nil)
	r.Host, r.RemoteAddr = "localhost", "127.0.0.1:1"
	return r
}

// heldWriter holds its first write until the test says so.
type heldWriter struct {
	*httptest.ResponseRecorder
	held, reached chan struct{}
	n             int
}

func (w *heldWriter) Write(p []byte) (int, error) {
	if w.n++; w.n == 1 {
		close(w.reached)
		<-w.held
	}
	return w.ResponseRecorder.Write(p)
}

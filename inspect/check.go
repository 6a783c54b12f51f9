// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// checkSign is how often a check that has found nothing says that it is running.
const checkSign = 2 * time.Second

// serveCheck reads everything and returns a line for each problem, and one at the end. Lines of
// signs of life, in between, keep connections open that would be closed for silence.
func (in *Inspector) serveCheck(q *request) error {
	leave, err := enter(in.checks, "Checks")
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithCancel(q.r.Context())
	defer cancel()
	q.w.Header().Set("Content-Type", "application/x-ndjson")
	q.begin(http.StatusOK)
	if q.r.Method == http.MethodHead {
		return nil
	}
	l := &checkLines{begun: time.Now(), out: in.stream(q), cancel: cancel}
	defer l.out.end()
	ended := l.signs(ctx)
	defer ended()
	for p := range q.db.Check(ctx) {
		if l.write(wire.CheckLine{Problem: &p}) != nil {
			break
		}
	}
	ended()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return l.write(wire.CheckLine{Done: true})
}

// checkLines writes the lines of a check.
type checkLines struct {
	begun  time.Time
	cancel context.CancelFunc

	mu       sync.Mutex
	out      *stream
	problems int
}

// signs begins to write signs of life. The function that it returns ends that.
func (l *checkLines) signs(ctx context.Context) (end func()) {
	tick := time.NewTicker(checkSign)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-tick.C:
				l.write(wire.CheckLine{})
			case <-stop:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		tick.Stop()
		close(stop)
		<-stopped
	})
}

// write sends a line. If the client takes none any more, the check ends.
func (l *checkLines) write(line wire.CheckLine) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if line.Problem != nil {
		l.problems++
	}
	line.Problems, line.Time = l.problems, time.Since(l.begun)
	raw, err := wire.Marshal(line)
	if err == nil {
		_, err = l.out.Write(append(raw, '\n'))
	}
	if err == nil {
		err = l.out.flush()
	}
	if err != nil {
		l.cancel()
	}
	return err
}

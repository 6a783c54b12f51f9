// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"net/http"
	"time"
)

// stream is a response of any length. Each write has its own time, so a client that takes nothing
// any more does not keep the database's state for longer than that.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
}

func (in *Inspector) stream(q *request) *stream {
	return &stream{w: q.w, control: http.NewResponseController(q.w), stall: in.limits.StallTime}
}

// end leaves the connection without a deadline of the stream for the next request.
func (s *stream) end() { _ = s.control.SetWriteDeadline(time.Time{}) }

// pieceBytes is how much is written with one deadline, so that a slow client that goes on reading
// gets all of it.
const pieceBytes = 64 << 10

// Write implements io.Writer.
func (s *stream) Write(p []byte) (n int, err error) {
	for err == nil && n < len(p) {
		// A ResponseWriter that knows no deadlines, as in tests, is never waited for.
		_ = s.control.SetWriteDeadline(time.Now().Add(s.stall))
		var wrote int
		wrote, err = s.w.Write(p[n:min(n+pieceBytes, len(p))])
		n += wrote
	}
	return n, err
}

// send writes the response of a request that has one which is not a stream. Its errors are those of
// the client.
func (in *Inspector) send(q *request) {
	if q.reply == nil {
		return
	}
	q.begin(q.reply.status)
	if q.r.Method == http.MethodHead {
		return
	}
	out := in.stream(q)
	defer out.end()
	if _, err := out.Write(q.reply.body); err == nil {
		_ = out.flush() // here, where it has a deadline
	}
}

// flush sends what was written.
func (s *stream) flush() error {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.stall))
	return s.control.Flush()
}

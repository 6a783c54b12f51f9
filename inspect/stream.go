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

// Write implements io.Writer.
func (s *stream) Write(p []byte) (int, error) {
	// A ResponseWriter that knows no deadlines, as in tests, is never waited for.
	_ = s.control.SetWriteDeadline(time.Now().Add(s.stall))
	return s.w.Write(p)
}

// flush sends what was written.
func (s *stream) flush() error {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.stall))
	return s.control.Flush()
}

// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// bodyStalls is in how many StallTimes a body has come completely.
const bodyStalls = 10

// body reads the body of a request. It is called before the request has anything of the database, so
// that a slow client holds none of it.
func (in *Inspector) body(q *request) ([]byte, error) {
	slow := in.slowBody(q)
	raw, err := io.ReadAll(http.MaxBytesReader(q.w, slow, int64(in.limits.BodyBytes)))
	if err != nil {
		return nil, in.bodyFailed(q, err)
	}
	slow.end()
	return raw, nil
}

// bodyFailed says why a body was not read.
func (in *Inspector) bodyFailed(q *request, err error) error {
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return refusef(http.StatusRequestEntityTooLarge, "limit BodyBytes: the body is longer than %d bytes", tooLong.Limit)
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return refusef(http.StatusBadRequest, "the body: %s", err)
	}
	// The server takes the request as ended by now, but there is a client to tell.
	q.w.Header().Set("Connection", "close")
	err = refusef(http.StatusRequestTimeout, "limit StallTime: nothing of the body has come for %v, or not all of it in %d times that",
		in.limits.StallTime, bodyStalls)
	if err := q.json(statusOf(err), wire.ErrorMessage{Error: failure(err)}); err != nil {
		return err
	}
	return errAnswered
}

// slowBody is a body of which each read has its own time.
type slowBody struct {
	io.ReadCloser
	control *http.ResponseController
	stall   time.Duration
	last    time.Time // when all of it has come
}

func (in *Inspector) slowBody(q *request) *slowBody {
	stall := in.limits.StallTime
	return &slowBody{ReadCloser: q.r.Body, control: http.NewResponseController(q.w), stall: stall, last: time.Now().Add(bodyStalls * stall)}
}

// Read implements io.Reader.
func (b *slowBody) Read(p []byte) (int, error) {
	end := time.Now().Add(b.stall)
	if end.After(b.last) {
		end = b.last
	}
	// A ResponseWriter that knows no deadlines, as in tests, has the whole body already.
	_ = b.control.SetReadDeadline(end)
	return b.ReadCloser.Read(p)
}

// end leaves the connection without a deadline of the body. After a body that has not come it keeps
// the deadline, so that the server does not wait for the rest.
func (b *slowBody) end() { _ = b.control.SetReadDeadline(time.Time{}) }

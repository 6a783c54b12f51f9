// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/wire"
	"github.com/lsmlite/lsmlite-go/parser"
)

// request is one request while it is served.
type request struct {
	w     http.ResponseWriter
	r     *http.Request
	name  string // of the resource
	query url.Values
	db    database
	// signed is the session of the cookie, "" without one.
	signed string
	// begun says that the response has begun, so that an error can only end it.
	begun bool
	// body is that of the request, if its resource takes one.
	body []byte
	// reply is the response, if it is not a stream. It is written when the database has been given
	// back, so that a client that does not read holds nothing of it.
	reply *reply
}

func newRequest(w http.ResponseWriter, r *http.Request) *request {
	return &request{w: w, r: r, name: nameIn(r.URL.Path), query: r.URL.Query()}
}

// nameIn is the last part of a path, "" for one that ends in a slash.
func nameIn(p string) string {
	if strings.HasSuffix(p, "/") || p == "" {
		return ""
	}
	return path.Base(p)
}

// reply is a response that is whole. Its headers are set already.
type reply struct {
	status int
	body   []byte
}

// refusal is an error that is the fault of the request, or of a limit.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

func refusef(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// errAnswered ends a request that was answered.
var errAnswered = errors.New("the request was answered")

// redirect answers with the address of another resource, relative to this one: http.Redirect would
// make it absolute, and the path that the client knows may begin with what http.StripPrefix has
// taken away.
func (q *request) redirect(to string) {
	q.w.Header().Set("Location", to)
	q.answer(http.StatusSeeOther, nil)
}

// statuses gives errors of the engine a status; the first that fits counts.
var statuses = []struct {
	is     error
	status int
}{
	{context.DeadlineExceeded, http.StatusGatewayTimeout},
	{engine.ErrBusy, http.StatusServiceUnavailable},
	{engine.ErrReadOnly, http.StatusForbidden},
	{engine.ErrSyntax, http.StatusBadRequest},
	{engine.ErrMisuse, http.StatusBadRequest},
	{engine.ErrConstraint, http.StatusConflict},
	{engine.ErrTooBig, http.StatusRequestEntityTooLarge},
	{engine.ErrFull, http.StatusInsufficientStorage},
}

// fail answers with an error, or ends the response if it has begun.
func (q *request) fail(err error) {
	if q.begun {
		panic(http.ErrAbortHandler) // which net/http takes as: the response is not whole
	}
	status := statusOf(err)
	if q.r.Context().Err() != nil { // the server ends, or nobody is there any more: never a success
		status = http.StatusServiceUnavailable
	}
	if status == http.StatusServiceUnavailable {
		q.w.Header().Set("Retry-After", "1")
	}
	q.json(status, wire.ErrorMessage{Error: failure(err)})
}

func statusOf(err error) int {
	var r *refusal
	if errors.As(err, &r) {
		return r.status
	}
	for _, s := range statuses {
		if errors.Is(err, s.is) {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

// failure says what is wrong in the form of a message.
func failure(err error) wire.Failure {
	f := wire.Failure{Message: err.Error(), Offset: -1}
	var e *engine.Error
	if errors.As(err, &e) {
		f.Code = int(e.Code)
	}
	var p *parser.Error
	if errors.As(err, &p) {
		f.Offset = p.Offset
	}
	return f
}

// json answers with a message.
func (q *request) json(status int, message any) error {
	raw, err := wire.Marshal(message)
	if err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", "application/json")
	q.answer(status, append(raw, '\n'))
	return nil
}

// answer is what the response will be.
func (q *request) answer(status int, body []byte) {
	q.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	q.reply = &reply{status, body}
}

func (q *request) begin(status int) {
	q.begun = true
	q.w.WriteHeader(status)
}

// number reads a parameter that is a number from least to most, def if it is missing.
func (q *request) number(name string, def, least, most int64) (int64, error) {
	text := q.query.Get(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, refusef(http.StatusBadRequest, "%s=%.40s: a number from %d to %d is needed", name, text, least, most)
	}
	return n, nil
}

// flag reports whether a parameter is 1.
func (q *request) flag(name string) bool { return q.query.Get(name) == "1" }

// timed returns a context that ends after Limits.StatementTime.
func (in *Inspector) timed(q *request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(q.r.Context(), in.limits.StatementTime)
}

// late names the limit if err is the end of a context of timed, and not of the request itself.
func (in *Inspector) late(q *request, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && q.r.Context().Err() == nil {
		return refusef(http.StatusGatewayTimeout, "limit StatementTime: it has taken %v", in.limits.StatementTime)
	}
	return err
}

// enter takes one of a limited number of turns, or refuses at once.
func enter(turns chan struct{}, limit string) (leave func(), err error) {
	select {
	case turns <- struct{}{}:
		return func() { <-turns }, nil
	default:
		return nil, refusef(http.StatusServiceUnavailable, "limit %s: %d at a time, and as many are running; try again later", limit, cap(turns))
	}
}

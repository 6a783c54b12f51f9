// SPDX-License-Identifier: Apache-2.0

// Package remote asks a program that has a database open, through the handler of package inspect in
// it. It owns the requests and what their errors mean; subcommands decide what to print. A Client
// may be used by any number of goroutines.
//
//	if client, err := remote.Of(e); client != nil || err != nil { … }
package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// TokenVariable is the environment variable with the token of the handler.
const TokenVariable = "LSMLITE_TOKEN"

// maxError is how much of the body of an error is read, and maxMessage of a message.
const (
	maxError   = 64 << 10
	maxMessage = 256 << 20
)

// Client asks one handler.
type Client struct {
	base  *url.URL // ends in a slash
	token string
	http  http.Client
}

// Of returns the client of the flag --remote; nil if it is not set.
func Of(e *env.Env) (*Client, error) {
	if e.Remote == "" {
		return nil, nil
	}
	return New(e.Remote, os.Getenv(TokenVariable))
}

// New returns a client for the handler at an address, such as http://localhost:8080/debug/lsmlite/.
// A token may be empty.
func New(address, token string) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, env.Errorf(env.Usage, "--remote %s: the address of an inspect handler is needed, such as http://localhost:8080/debug/lsmlite/", address)
	}
	u.RawQuery, u.Fragment = "", ""
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &Client{base: u, token: token, http: http.Client{Jar: jar}}
	// A redirection would be to the page to sign in, or to a place that must not get the token.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// Address is that of the handler.
func (c *Client) Address() string { return c.base.String() }

// request is what is sent.
type request struct {
	method, resource string
	query            url.Values
	body             []byte
	header           map[string]string
	missing          bool // that there is no such key is an answer: no response
	errors           bool // a response that is an error has a message of its own
}

// do sends a request. The caller closes the body of the response, which has a status below 300.
func (c *Client) do(ctx context.Context, q request) (*http.Response, error) {
	u := *c.base
	u.Path += q.resource
	u.RawQuery = q.query.Encode()
	r, err := http.NewRequestWithContext(ctx, q.method, u.String(), bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	response, err := c.http.Do(r)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			response.Body.Close()
		}
		return nil, ctx.Err()
	case err != nil:
		return nil, env.Errorf(env.CannotOpen, "%s cannot be reached: %w", c.Address(), cause(err))
	case q.missing && (response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusGone) && isJSON(response):
		return nil, response.Body.Close()
	case q.errors && response.Header.Get(wire.HeaderStatements) != "":
		return response, nil
	case response.StatusCode >= 300:
		defer response.Body.Close()
		return nil, c.failed(response)
	}
	return response, nil
}

func isJSON(r *http.Response) bool { return r.Header.Get("Content-Type") == "application/json" }

// cause leaves out the address, which the message has.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// failed is the error of a response.
func (c *Client) failed(r *http.Response) error {
	raw, _ := io.ReadAll(io.LimitReader(r.Body, maxError)) // what cannot be read is not shown
	var m wire.ErrorMessage
	if err := wire.Unmarshal(raw, &m); err != nil || m.Error.Message == "" {
		return env.Errorf(env.CannotOpen, "%s is not the address of an inspect handler: it answers with %s", c.Address(), r.Status)
	}
	switch r.StatusCode {
	case http.StatusUnauthorized:
		return env.Errorf(env.CannotOpen, "%s: %s; it is taken from the environment variable %s", c.Address(), m.Error.Message, TokenVariable)
	case http.StatusServiceUnavailable:
		return env.Errorf(env.Busy, "%s: %s", c.Address(), m.Error.Message)
	}
	if err := ofFailure(m.Error); err != nil {
		return fmt.Errorf("%s: %w", c.Address(), err)
	}
	return env.Errorf(env.Refused, "%s: %s", c.Address(), m.Error.Message)
}

// ofFailure is the error of the engine that a failure was; nil if it was none.
func ofFailure(f wire.Failure) error {
	if f.Code == 0 {
		return nil
	}
	return &answered{f}
}

// answered is an error that another process had.
type answered struct{ wire.Failure }

func (e *answered) Error() string { return e.Message }

// Is compares the code, as errors of the engine do.
func (e *answered) Is(target error) bool {
	return errors.Is(&engine.Error{Code: engine.Code(e.Code)}, target)
}

// read requests a message.
func read[M any](ctx context.Context, c *Client, resource string, query url.Values) (m M, err error) {
	r, err := c.do(ctx, request{method: http.MethodGet, resource: resource, query: query})
	if err != nil {
		return m, err
	}
	return decode[M](c, r)
}

func decode[M any](c *Client, r *http.Response) (m M, err error) {
	defer r.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxMessage))
	if err != nil {
		return m, env.Errorf(env.IO, "%s: %w", c.Address(), err)
	}
	if err := wire.Unmarshal(raw, &m); err != nil {
		return m, env.Errorf(env.CannotOpen, "%s is not the address of an inspect handler of this version: %w", c.Address(), err)
	}
	return m, nil
}

// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Transport sends requests, of which one in Chance is dropped, answered with an error after it took place, doubled,
// delayed, cut in the middle of its answer, refused because there are too many, or sent again later.
type Transport struct {
	To     http.RoundTripper
	Chance int
	dice   dice
	wg     sync.WaitGroup
	mu     sync.Mutex
	counts map[string]int
}

// NewTransport returns a transport with failures. Close it after use.
func NewTransport(to http.RoundTripper, chance int, rng *rand.Rand) *Transport {
	return &Transport{To: to, Chance: chance, dice: dice{rng: rng}, counts: make(map[string]int)}
}

// Kinds are the failures that there are.
var Kinds = []string{"dropped", "failed after storing", "doubled", "delayed", "cut", "throttled", "late"}

// Counts returns how many failures of each kind there were.
func (t *Transport) Counts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make(map[string]int)
	for k, v := range t.counts {
		out[k] = v
	}
	return out
}

// Close waits for requests that are late.
func (t *Transport) Close() { t.wg.Wait() }

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	send := func(ctx context.Context) (*http.Response, error) {
		again := req.Clone(ctx)
		if req.Body != nil {
			again.Body = io.NopCloser(bytes.NewReader(body))
		}
		return t.To.RoundTrip(again)
	}
	kind := ""
	if t.dice.roll(t.Chance) == 0 {
		kind = Kinds[t.dice.roll(len(Kinds))]
		t.mu.Lock()
		t.counts[kind]++
		t.mu.Unlock()
	}
	switch kind {
	case "dropped":
		return nil, ErrInjected
	case "failed after storing":
		drain(send(req.Context()))
		return nil, ErrInjected
	case "doubled":
		drain(send(req.Context()))
	case "delayed":
		time.Sleep(time.Duration(t.dice.roll(10)) * time.Millisecond)
	case "cut":
		res, err := send(req.Context())
		if err != nil {
			return nil, err
		}
		data, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		res.Body = &short{r: bytes.NewReader(data[:len(data)/2])}
		return res, nil
	case "throttled":
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Status: "503 Slow Down", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(nil)), Request: req}, nil
	case "late":
		t.wg.Go(func() {
			time.Sleep(time.Duration(t.dice.roll(30)) * time.Millisecond)
			drain(send(context.WithoutCancel(req.Context())))
		})
		return nil, ErrInjected
	}
	return send(req.Context())
}

func drain(res *http.Response, err error) {
	if err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
}

// short is an answer whose connection ends too early.
type short struct{ r *bytes.Reader }

func (s *short) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (s *short) Close() error { return nil }

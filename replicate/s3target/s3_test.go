// SPDX-License-Identifier: Apache-2.0

package s3target_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"go.uber.org/goleak"

	"github.com/lsmlite/lsmlite-go/replicate/internal/faults"
	"github.com/lsmlite/lsmlite-go/replicate/s3target"
	"github.com/lsmlite/lsmlite-go/replicate/target"
	"github.com/lsmlite/lsmlite-go/replicate/target/targettest"
)

// TestMain fails the package if any of its tests leaves a goroutine running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is S3 in this process.
func server(t *testing.T, change func(http.Handler) http.Handler) string {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(change(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()))
	t.Cleanup(s.Close)
	return "s3://bucket/some/prefix?region=us-east-1&path_style=1&endpoint=" + s.URL
}

func same(h http.Handler) http.Handler { return h }

func open(t *testing.T, url string, transport http.RoundTripper) *s3target.S3 {
	t.Helper()
	o := s3target.Options{Credentials: credentials.NewStaticV4("key", "secret", ""), Transport: transport}
	if transport != nil {
		o.Attempts = 1
	}
	s, err := s3target.Open(url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestS3(t *testing.T) { targettest.Test(t, open(t, server(t, same), nil)) }

// TestPrefixesAreApart: two prefixes of a bucket see nothing of each other.
func TestPrefixesAreApart(t *testing.T) {
	url := server(t, same)
	a, b := open(t, url, nil), open(t, strings.Replace(url, "some/prefix", "some/prefixed", 1), nil)
	if err := a.Create(t.Context(), "x", []byte("1")); err != nil {
		t.Fatal(err)
	}
	for info, err := range b.List(t.Context(), "", "") {
		t.Errorf("the other prefix has %v, %v", info, err)
	}
	if _, err := b.Get(t.Context(), "x"); !errors.Is(err, target.ErrNotFound) {
		t.Error(err)
	}
}

// TestServerWithoutConditions: a server that does not know the header overwrites, and is refused.
func TestServerWithoutConditions(t *testing.T) {
	s := open(t, server(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("If-None-Match")
			h.ServeHTTP(w, r)
		})
	}), nil)
	if err := target.Probe(t.Context(), s); !errors.Is(err, target.ErrNotExclusive) {
		t.Error(err)
	}
}

// TestOneRequestForEachObject: the largest object is sent as a whole, never in parts.
func TestOneRequestForEachObject(t *testing.T) {
	puts := 0
	s := open(t, server(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				puts++
			}
			if r.Method == http.MethodPost || r.URL.Query().Has("uploadId") || r.Method == http.MethodPut && r.Header.Get("If-None-Match") != "*" {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			h.ServeHTTP(w, r)
		})
	}), nil)
	if err := s.Create(t.Context(), "big", make([]byte, target.MaxObject)); err != nil || puts != 1 {
		t.Errorf("%d requests, %v", puts, err)
	}
}

// TestGetNoticesACutAnswer: half an object is an error, not an object.
func TestGetNoticesACutAnswer(t *testing.T) {
	url := server(t, same)
	if err := open(t, url, nil).Create(t.Context(), "x", make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	cut := open(t, url, cutting{})
	if data, err := cut.Get(t.Context(), "x"); err == nil {
		t.Errorf("%d of 1000 bytes are an object", len(data))
	}
}

type cutting struct{}

func (cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && r.Method == http.MethodGet {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, 500), res.Body}
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	return res, err
}

// TestRequestsEndWithTheContext: a server that does not answer holds nobody up.
func TestRequestsEndWithTheContext(t *testing.T) {
	release := make(chan struct{})
	s := open(t, server(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-release })
	}), nil)
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := s.Create(ctx, "x", []byte("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if _, err := s.Get(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestFaultsNeverOverwrite: whatever happens to requests, an object is what one of its writers wrote, and stays so.
func TestFaultsNeverOverwrite(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	url := server(t, same)
	clean := open(t, url, nil)
	plain := &http.Transport{}
	defer plain.CloseIdleConnections()
	tr := faults.NewTransport(plain, 3, rand.New(rand.NewPCG(seed, 1)))
	defer tr.Close()
	s := open(t, url, tr)
	for n := range 150 {
		name := "gen/" + string(rune('a'+n%26)) + "/x"
		before, err := clean.Get(t.Context(), name)
		there := err == nil
		wrote := []byte{byte(n)}
		err = s.Create(t.Context(), name, wrote)
		after, getErr := clean.Get(t.Context(), name)
		switch {
		case there && (err == nil || getErr != nil || string(after) != string(before)):
			t.Fatalf("%s: %q became %q: %v, %v", name, before, after, err, getErr)
		case !there && err == nil && string(after) != string(wrote):
			t.Fatalf("%s: wrote %q, and it is %q", name, wrote, after)
		}
	}
	tr.Close()
	for _, kind := range faults.Kinds {
		if tr.Counts()[kind] == 0 {
			t.Logf("no request was %s", kind)
		}
	}
}

func TestURLs(t *testing.T) {
	for _, bad := range []string{"", "s3://", "s3:///x", "http://x/y", "s3://user:pass@bucket/x", "s3://b/x?what=1", "s3://b/x?path_style=9",
		"s3://b/x?endpoint=https://user:pass@example.org", "s3://b/x?endpoint=https://example.org%3Fa=1",
		"s3://b/x?endpoint=ftp://h", "s3://b/x?endpoint=http://h/path", "s3://b/%zz"} {
		if _, err := s3target.Open(bad, s3target.Options{}); err == nil {
			t.Errorf("%q is accepted", bad)
		} else if strings.Contains(err.Error(), "pass") && strings.Contains(bad, "pass@") {
			t.Errorf("%v shows a secret", err)
		}
	}
	s, err := s3target.Open("s3://bucket/a/b/?endpoint=https://s3.example.org", s3target.Options{})
	if err != nil || s.String() != "s3://bucket/a/b/" {
		t.Errorf("%v, %v", s, err)
	}
	_ = s.Close()
}

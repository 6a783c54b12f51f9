// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/lsmlite/lsmlite-go/replicate/internal/faults"
	"github.com/lsmlite/lsmlite-go/replicate/s3target"
)

// TestObjectStorageWithFaults replicates to a server that speaks S3, through a network that drops, doubles, delays,
// cuts and throttles requests, answers with an error after storing, and delivers late: what was acknowledged is
// there, and nobody is taken for another writer.
func TestObjectStorageWithFaults(t *testing.T) {
	rng := seeded(t)
	backend := s3mem.New()
	ok(t, backend.CreateBucket("bucket"))
	server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	defer server.Close()
	plain := &http.Transport{}
	defer plain.CloseIdleConnections()
	open := func(tr http.RoundTripper) *s3target.S3 {
		s, err := s3target.Open("s3://bucket/db?region=us-east-1&path_style=1&endpoint="+server.URL,
			s3target.Options{Credentials: credentials.NewStaticV4("key", "secret", ""), Transport: tr, Attempts: 1})
		ok(t, err)
		return s
	}
	f := newFakeSource()
	for run := range 3 {
		tr := faults.NewTransport(plain, 5, rand.New(rand.NewPCG(rng.Uint64(), 4)))
		o := quick()
		o.minLog, o.Keep = 3000, time.Hour
		r, err := start(f, open(tr), o)
		ok(t, err)
		for range 15 {
			f.commit(randomTx(rng)...)
			ok(t, r.Sync(t.Context()))
		}
		ok(t, r.Stop(t.Context()))
		tr.Close()
		if s := r.Status(); s.Generation != 1 {
			t.Fatalf("run %d: %+v", run, s)
		}
		if done := restored(t, open(plain), f, RestoreOptions{}); done.Seq != uint64(len(f.txs)) {
			t.Fatalf("run %d: %+v", run, done)
		}
		if run == 0 {
			for _, kind := range faults.Kinds {
				if tr.Counts()[kind] == 0 {
					t.Logf("no request was %s", kind)
				}
			}
		}
	}
	// Restoring has the same network, and patience.
	tr := faults.NewTransport(plain, 5, rand.New(rand.NewPCG(rng.Uint64(), 4)))
	defer tr.Close()
	restored(t, open(tr), f, RestoreOptions{})
}

// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
)

// TestStopEndsStreams: Ctrl-C ends a copy whose client takes nothing, and then the database can be
// closed.
func TestStopEndsStreams(t *testing.T) {
	db, err := engine.Open(t.Context(), filepath.Join(t.TempDir(), "my.lsm"), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), func(tx *engine.Tx) error {
		for i := range 40 {
			if err := tx.Put(fmt.Appendf(nil, "k%d", i), make([]byte, 1<<20)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, io.Discard, listener, inspect.Handler(db, inspect.Options{})) }()
	response, err := http.Get("http://" + listener.Addr().String() + "/backup")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := response.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	stop()
	begun := time.Now()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if took := time.Since(begun); took > closeTime+10*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	if n, err := io.Copy(io.Discard, response.Body); err == nil {
		t.Errorf("a copy of which %d bytes came looks whole", n)
	}
	if err := db.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

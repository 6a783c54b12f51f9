// SPDX-License-Identifier: Apache-2.0

package target

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ProbePrefix is what the names of the objects of a probe begin with. They are removed when it ends.
const ProbePrefix = "probe/"

// ProbeCleanup is how long a probe whose context has ended tries to remove its object. If the target cannot be reached
// by then, or the process is killed, an object of a few bytes stays below ProbePrefix, and may be removed by hand.
const ProbeCleanup = time.Second

// probes is how many writers want one name at the same moment.
const probes = 4

// Probe reports whether a place keeps what Target promises: of several writers of one name exactly one succeeds, also
// at the same moment, the others get ErrExists, and what is read and listed is what that one wrote. Otherwise it
// returns an error that is ErrNotExclusive, or that of a request.
func Probe(ctx context.Context, t Target) (err error) {
	name := ProbePrefix + strings.ToLower(rand.Text())
	defer func() {
		ctx, cancel := outliving(ctx, ProbeCleanup)
		defer cancel()
		if failed := t.Delete(ctx, name); failed != nil && err == nil {
			err = fmt.Errorf("probe %s: remove an object: %w", t, failed)
		}
	}()
	var data [probes][]byte
	results := make(chan error, probes)
	for i := range data {
		data[i] = []byte(fmt.Sprintf("writer %d %s", i, rand.Text()))
		go func() { results <- t.Create(ctx, name, data[i]) }()
	}
	made := 0
	var other error
	for range data {
		switch failed := <-results; {
		case failed == nil:
			made++
		case !errors.Is(failed, ErrExists):
			other = failed
		}
	}
	if made > 1 {
		return fmt.Errorf("probe %s: %d writers at once made %s: %w", t, made, name, ErrNotExclusive)
	}
	if other != nil { // it may have been stored or not
		return fmt.Errorf("probe %s: %w", t, other)
	}
	// None may have succeeded: a request that was sent again, because its answer was lost, meets its own object.
	return probeContent(ctx, t, name, data[:])
}

// outliving returns a context that ends a while after ctx.
func outliving(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}

// probeContent reads and lists the object of a probe, and tries to make it once more.
func probeContent(ctx context.Context, t Target, name string, data [][]byte) error {
	first, err := t.Get(ctx, name)
	if err != nil {
		return fmt.Errorf("probe %s: read what was just written: %w", t, err)
	}
	found := false
	for _, d := range data {
		found = found || bytes.Equal(d, first)
	}
	switch err := t.Create(ctx, name, []byte("once more")); {
	case err == nil:
		return fmt.Errorf("probe %s: %s could be made twice: %w", t, name, ErrNotExclusive)
	case !errors.Is(err, ErrExists):
		return fmt.Errorf("probe %s: %w", t, err)
	}
	again, err := t.Get(ctx, name)
	if err != nil {
		return fmt.Errorf("probe %s: read what was just written: %w", t, err)
	}
	if !found || !bytes.Equal(first, again) {
		return fmt.Errorf("probe %s: %s is not what its writer wrote: %w", t, name, ErrNotExclusive)
	}
	listed := false
	for info, err := range t.List(ctx, name, "") {
		if err != nil {
			return fmt.Errorf("probe %s: list: %w", t, err)
		}
		if info.Name == name {
			listed = info.Size == int64(len(first))
			break
		}
	}
	if !listed {
		return fmt.Errorf("probe %s: %s was written and is not listed: %w", t, name, ErrNotExclusive)
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

// Package targettest tests targets: one suite for what target.Target promises.
package targettest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// Test tests an empty target.
func Test(t *testing.T, tg target.Target) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(target.Probe(ctx, tg))
	if names := list(t, tg, "", ""); len(names) != 0 {
		t.Fatalf("a probe leaves %q", names)
	}
	if _, err := tg.Get(ctx, "gen/00000001/base"); !errors.Is(err, target.ErrNotFound) {
		t.Errorf("an object that is not there: %v", err)
	}
	must(tg.Delete(ctx, "gen/00000001/base"))
	data := bytes.Repeat([]byte("object"), 10_000)
	names := []string{"gen/00000001/base", "gen/00000001/log/00001-0", "gen/00000001/log/00002-0", "gen/00000001/snap/1-a/index",
		"gen/00000001/snap/1-a/part-0", "gen/00000002/base"}
	for _, n := range slices.Backward(names) {
		must(tg.Create(ctx, n, append(data, n...)))
	}
	for _, n := range names {
		got, err := tg.Get(ctx, n)
		must(err)
		if !bytes.Equal(got, append(data, n...)) {
			t.Errorf("%s has %d bytes that were not written", n, len(got))
		}
		if err := tg.Create(ctx, n, []byte("other")); !errors.Is(err, target.ErrExists) {
			t.Errorf("%s once more: %v", n, err)
		}
		if again, err := tg.Get(ctx, n); err != nil || !bytes.Equal(again, got) {
			t.Errorf("%s was changed: %v", n, err)
		}
	}
	must(tg.Create(ctx, "gen/00000003/gone", data))
	must(tg.Delete(ctx, "gen/00000003/gone"))
	for _, c := range []struct {
		prefix, after string
		want          []string
	}{
		{"", "", names}, {"gen/00000001/log/", "", names[1:3]}, {"gen/00000001/log/", "gen/00000001/log/00001~", names[2:3]},
		{"gen/", "gen/000000010", names[5:]}, {"gen/00000001/snap/", "gen/00000001/base", names[3:5]}, {"gen/00000004/", "", nil},
		{"gen/00000001/lo", "gen/00000001/log/00001-0", names[2:3]}, {"", "gen/00000002/base", nil},
	} {
		if got := list(t, tg, c.prefix, c.after); !slices.Equal(got, c.want) {
			t.Errorf("list %q after %q: %q, want %q", c.prefix, c.after, got, c.want)
		}
	}
	for info, err := range tg.List(ctx, "gen/", "") { // ends early
		must(err)
		if info.Size != int64(len(data)+len(info.Name)) {
			t.Errorf("%+v", info)
		}
		break
	}
	if err := tg.Create(ctx, "gen/00000001/huge", make([]byte, target.MaxObject+1)); !errors.Is(err, target.ErrTooBig) {
		t.Errorf("an object above the limit: %v", err)
	}
	race(t, tg)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := tg.Create(ended, "gen/00000009/base", data); !errors.Is(err, context.Canceled) {
		t.Errorf("create after the context has ended: %v", err)
	}
	if _, err := tg.Get(ended, names[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("get after the context has ended: %v", err)
	}
	if err := tg.Delete(ended, names[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("delete after the context has ended: %v", err)
	}
	for _, err := range tg.List(ended, "", "") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("list after the context has ended: %v", err)
		}
	}
}

// race lets writers make the same objects at the same time: each is made once.
func race(t *testing.T, tg target.Target) {
	t.Helper()
	const writers, objects = 6, 20
	made := make([][]int, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range objects {
				err := tg.Create(t.Context(), fmt.Sprintf("race/%02d", n), []byte{byte(w)})
				if err == nil {
					made[w] = append(made[w], n)
				} else if !errors.Is(err, target.ErrExists) {
					t.Errorf("writer %d, object %d: %v", w, n, err)
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for w, list := range made {
		total += len(list)
		for _, n := range list {
			if got, err := tg.Get(t.Context(), fmt.Sprintf("race/%02d", n)); err != nil || len(got) != 1 || got[0] != byte(w) {
				t.Errorf("object %d has %v, %v; writer %d made it", n, got, err, w)
			}
		}
	}
	if total != objects {
		t.Errorf("%d objects were made %d times", objects, total)
	}
}

func list(t *testing.T, tg target.Target, prefix, after string) (names []string) {
	t.Helper()
	for info, err := range tg.List(t.Context(), prefix, after) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, info.Name)
	}
	return names
}

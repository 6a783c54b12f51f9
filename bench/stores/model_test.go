// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"bytes"
	"fmt"
	"slices"
	"sort"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// model is what a store should hold.
type model map[string]string

func (m model) write(ops []kv.Op) {
	for _, op := range ops {
		if op.Delete {
			delete(m, string(op.Key))
		} else {
			m[string(op.Key)] = string(op.Value)
		}
	}
}

func (m model) deleteRange(from, to []byte) {
	for key := range m {
		if key >= string(from) && key < string(to) {
			delete(m, key)
		}
	}
}

func (m model) scan(r kv.Range) (keys []string) {
	for key := range m {
		switch {
		case r.From == nil:
		case r.Reverse && key > string(r.From), !r.Reverse && key < string(r.From):
			continue
		}
		keys = append(keys, key)
	}
	sort.Strings(keys)
	if r.Reverse {
		slices.Reverse(keys)
	}
	if r.Limit > 0 && len(keys) > r.Limit {
		keys = keys[:r.Limit]
	}
	return keys
}

// compare reads a range of the store and compares it with the model's.
func (m model) compare(r kv.Reader, want kv.Range) error {
	keys, n := m.scan(want), 0
	err := r.Scan(want, func(key, value []byte) error {
		if n >= len(keys) {
			return fmt.Errorf("record %d is %q; there are only %d", n, key, len(keys))
		}
		if string(key) != keys[n] || string(value) != m[keys[n]] {
			return fmt.Errorf("record %d is %q, %q; want %q, %q", n, key, value, keys[n], m[keys[n]])
		}
		n++
		return nil
	})
	if err == nil && n != len(keys) {
		err = fmt.Errorf("%d records, want %d", n, len(keys))
	}
	if err != nil {
		return fmt.Errorf("scan from %q, limit %d, reverse %t: %w", want.From, want.Limit, want.Reverse, err)
	}
	return nil
}

// get reads one key and compares it with the model's.
func (m model) get(r kv.Reader, key []byte) error {
	prefix := []byte("prefix")
	got, found, err := r.Get(prefix[:len(prefix):len(prefix)], key)
	want, there := m[string(key)]
	switch {
	case err != nil:
		return err
	case found != there:
		return fmt.Errorf("get %q: found %t, want %t", key, found, there)
	case there && !bytes.Equal(got, []byte("prefix"+want)):
		return fmt.Errorf("get %q: %q, want %q after the prefix", key, got, want)
	}
	return nil
}

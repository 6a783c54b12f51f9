// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
)

// Memory is a target in memory. The zero value is empty and ready.
type Memory struct {
	mu      sync.Mutex
	objects map[string][]byte
}

var _ Target = (*Memory)(nil)

// Create implements Target.
func (m *Memory) Create(ctx context.Context, name string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(data) > MaxObject {
		return fmt.Errorf("create %s: %w", name, ErrTooBig)
	}
	if _, there := m.objects[name]; there {
		return fmt.Errorf("create %s: %w", name, ErrExists)
	}
	if m.objects == nil {
		m.objects = make(map[string][]byte)
	}
	m.objects[name] = slices.Clone(data)
	return nil
}

// Get implements Target.
func (m *Memory) Get(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	data, there := m.objects[name]
	if !there {
		return nil, fmt.Errorf("get %s: %w", name, ErrNotFound)
	}
	return slices.Clone(data), nil
}

// List implements Target.
func (m *Memory) List(ctx context.Context, prefix, after string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		m.mu.Lock()
		var list []Info
		for name, data := range m.objects {
			if strings.HasPrefix(name, prefix) && name > after {
				list = append(list, Info{Name: name, Size: int64(len(data))})
			}
		}
		m.mu.Unlock()
		slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
		for _, info := range list {
			if err := ctx.Err(); err != nil {
				yield(Info{}, err)
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

// Delete implements Target.
func (m *Memory) Delete(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, name)
	return nil
}

// Put sets the bytes of an object, which a Target cannot do: to damage one in a test.
func (m *Memory) Put(name string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.objects == nil {
		m.objects = make(map[string][]byte)
	}
	m.objects[name] = slices.Clone(data)
}

// Close implements Target.
func (m *Memory) Close() error { return nil }

// String implements Target.
func (m *Memory) String() string { return "memory" }

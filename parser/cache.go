package parser

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Limits of a Cache.
const (
	// MaxCachedTexts is how many texts a Cache holds; the next one empties it.
	MaxCachedTexts = 512
	// MaxCachedTextBytes is the length of the longest text that a Cache keeps.
	MaxCachedTextBytes = 16 << 10
	// MaxCachedLiteralBytes is how many bytes of literals a text may hold to be kept.
	// Longer ones are data written into the text, which is not likely to come again, and
	// would drive out the texts that do.
	MaxCachedLiteralBytes = 64
)

// Cache keeps the plans of texts. The zero Cache is ready to use, and any number of
// goroutines may share one. It must not be copied after its first use.
type Cache struct {
	// Keys is what keys are, nil for plain bytes. It must not be changed after the first
	// use.
	Keys *KeyType

	texts atomic.Pointer[map[string][]*Plan] // never changed once it is stored
	mu    sync.Mutex                         // held to replace texts
}

// Get returns the plans of the statements in text, from the cache if it holds them.
// A text that holds no statement yields no plan and no error. The plans are shared: the
// caller must not change them or the slice. An error is never cached.
func (c *Cache) Get(text string) ([]*Plan, error) {
	if m := c.texts.Load(); m != nil {
		if plans, ok := (*m)[text]; ok {
			return plans, nil
		}
	}
	return c.miss(text)
}

func (c *Cache) miss(text string) ([]*Plan, error) {
	plans, literalBytes, err := compileText(text, c.Keys)
	if err != nil || len(text) > MaxCachedTextBytes || literalBytes > MaxCachedLiteralBytes {
		return plans, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := map[string][]*Plan{}
	if old := c.texts.Load(); old != nil && len(*old) < MaxCachedTexts {
		next = maps.Clone(*old)
	}
	next[text] = plans
	c.texts.Store(&next)
	return plans, nil
}

// Len returns the number of texts in the cache.
func (c *Cache) Len() int {
	if m := c.texts.Load(); m != nil {
		return len(*m)
	}
	return 0
}

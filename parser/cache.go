// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"sync"
	"sync/atomic"
)

// Limits of a Cache.
const (
	// MaxCachedTexts is how many texts a Cache holds that came again, and how many that
	// came once.
	MaxCachedTexts = 512
	// MaxCachedBytes is how many bytes of text a Cache holds of either; their plans take
	// some times as much.
	MaxCachedBytes = 1 << 20
	// MaxCachedTextBytes is the length of the longest text that a Cache keeps.
	MaxCachedTextBytes = 16 << 10
	// MaxCachedLiteralBytes is how many bytes of literals a text may hold to be kept.
	// Longer ones are data written into the text, which is not likely to come again.
	MaxCachedLiteralBytes = 64
)

// Cache keeps the plans of texts. The zero Cache is ready to use, and any number of
// goroutines may share one. It must not be copied after its first use.
//
// A text that comes for the first time is on trial; only when it comes again it joins
// those that are kept. So texts with data in them, each of which comes once, drive out one
// another and not the texts that a program uses.
type Cache struct {
	// Keys is what keys are, nil for plain bytes. It must not be changed after the first
	// use.
	Keys *KeyType

	kept atomic.Pointer[cachedTexts] // never changed once it is stored, except for used

	mu         sync.Mutex // guards what follows, and is held to replace kept
	trial      map[string][]*Plan
	trialBytes int
}

// cachedTexts are the texts that are kept.
type cachedTexts struct {
	plans map[string]*cachedPlans
	bytes int
}

type cachedPlans struct {
	plans []*Plan
	used  atomic.Bool // since room was made the last time
}

// Get returns the plans of the statements in text, from the cache if it holds them.
// A text that holds no statement yields no plan and no error. The plans are shared: the
// caller must not change them or the slice. An error is never cached.
func (c *Cache) Get(text string) ([]*Plan, error) {
	if kept := c.kept.Load(); kept != nil {
		if p, ok := kept.plans[text]; ok {
			if !p.used.Load() {
				p.used.Store(true)
			}
			return p.plans, nil
		}
	}
	return c.miss(text)
}

func (c *Cache) miss(text string) ([]*Plan, error) {
	c.mu.Lock()
	if plans, ok := c.trial[text]; ok {
		delete(c.trial, text)
		c.trialBytes -= len(text)
		c.keep(text, plans)
		c.mu.Unlock()
		return plans, nil
	}
	c.mu.Unlock()
	plans, literalBytes, err := compileText(text, c.Keys)
	if err != nil || len(text) > MaxCachedTextBytes || literalBytes > MaxCachedLiteralBytes {
		return plans, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if kept := c.kept.Load(); kept != nil && kept.plans[text] != nil { // by another goroutine, meanwhile
		return plans, nil
	}
	if len(c.trial) >= MaxCachedTexts || c.trialBytes+len(text) > MaxCachedBytes {
		clear(c.trial)
		c.trialBytes = 0
	}
	if c.trial == nil {
		c.trial = map[string][]*Plan{}
	}
	if _, ok := c.trial[text]; !ok {
		c.trialBytes += len(text)
	}
	c.trial[text] = plans
	return plans, nil
}

// keep adds a text to those that are kept. If there is no room, those go that were not
// used since there was none the last time, and then others until half is free. The caller
// holds c.mu.
func (c *Cache) keep(text string, plans []*Plan) {
	next := &cachedTexts{plans: map[string]*cachedPlans{}}
	if old := c.kept.Load(); old != nil {
		full := len(old.plans) >= MaxCachedTexts || old.bytes+len(text) > MaxCachedBytes
		for t, p := range old.plans {
			if full && (!p.used.Swap(false) || len(next.plans) >= MaxCachedTexts/2 || next.bytes+len(t) > MaxCachedBytes/2) {
				continue
			}
			next.plans[t] = p
			next.bytes += len(t)
		}
	}
	p := &cachedPlans{plans: plans}
	p.used.Store(true)
	next.plans[text] = p
	next.bytes += len(text)
	c.kept.Store(next)
}

// Len returns the number of texts in the cache.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.trial)
	if kept := c.kept.Load(); kept != nil {
		n += len(kept.plans)
	}
	return n
}

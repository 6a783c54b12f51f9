// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"time"
)

// Peak samples the anonymous memory of this process: heaps, stacks and private mappings, but not
// pages of files, which the kernel may take back.
type Peak struct {
	read func() (int64, error)
	stop chan struct{}
	done chan sample
}

// sample is what was found so far.
type sample struct {
	peak int64
	err  error // of the first sample that failed
}

// sampling is how often memory is read. Each time costs about 20 µs.
const sampling = 20 * time.Millisecond

// StartPeak begins to sample. Only Linux tells how much memory it is; elsewhere Stop returns ErrUnknown.
func StartPeak() *Peak {
	return startPeak(Anonymous)
}

func startPeak(read func() (int64, error)) *Peak {
	p := &Peak{read, make(chan struct{}), make(chan sample)}
	go p.run()
	return p
}

func (p *Peak) run() {
	tick := time.NewTicker(sampling)
	defer tick.Stop()
	var found sample
	for {
		now, err := p.read()
		if found.peak = max(found.peak, now); found.err == nil {
			found.err = err
		}
		select {
		case <-p.stop:
			p.done <- found
			return
		case <-tick.C:
		}
	}
}

// Stop ends the samples and returns the greatest, in bytes, or the error of one that failed: the others
// may have missed the peak.
func (p *Peak) Stop() (int64, error) {
	close(p.stop)
	found := <-p.done
	if found.err != nil {
		return 0, fmt.Errorf("peak memory: %w", found.err)
	}
	return found.peak, nil
}

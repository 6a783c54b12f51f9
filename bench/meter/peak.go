// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"fmt"
	"os"
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

// StartPeak begins to sample.
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

// Anonymous returns the anonymous memory of this process now, in bytes.
func Anonymous() (int64, error) {
	kib, err := field("/proc/self/status", "RssAnon:")
	return kib << 10, err
}

// DropCache drops the pages of a folder's files from the kernel's page cache, as far as it does so on
// request, and returns how much of them is still there, as a share. Pages that are mapped or not yet
// written to the disk stay, so the files are synced first and should not be open.
func DropCache(dir string) (left float64, err error) {
	var total, resident int64
	err = eachFile(dir, func(f *os.File, size int64) error {
		if err := f.Sync(); err != nil {
			return err
		}
		if err := dontNeed(f); err != nil {
			return err
		}
		n, err := inMemory(f, size)
		total += size
		resident += n
		return err
	})
	if total == 0 {
		return 0, err
	}
	return float64(resident) / float64(total), err
}

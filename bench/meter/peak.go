// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"os"
	"time"
)

// Peak samples the anonymous memory of this process: heaps, stacks and private mappings, but not
// pages of files, which the kernel may take back.
type Peak struct {
	stop chan struct{}
	done chan int64
}

// sampling is how often memory is read. Each time costs about 20 µs.
const sampling = 20 * time.Millisecond

// StartPeak begins to sample.
func StartPeak() *Peak {
	p := &Peak{make(chan struct{}), make(chan int64)}
	go p.run()
	return p
}

func (p *Peak) run() {
	tick := time.NewTicker(sampling)
	defer tick.Stop()
	peak := int64(0)
	for {
		if now, err := Anonymous(); err == nil {
			peak = max(peak, now)
		}
		select {
		case <-p.stop:
			p.done <- peak
			return
		case <-tick.C:
		}
	}
}

// Stop ends the samples and returns the greatest, in bytes.
func (p *Peak) Stop() int64 {
	close(p.stop)
	return <-p.done
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

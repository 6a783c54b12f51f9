// SPDX-License-Identifier: Apache-2.0

//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly || solaris) && !race

package arena

import (
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

const slotBytes = 4352

// fill writes to the first n slots.
func fill(a *Arena, n int) {
	for i := range n {
		s, part := a.Slot(i)
		Load(part)
		for j := 0; j < len(s); j += 512 {
			s[j] = 1
		}
	}
}

// TestChunksAreAligned: a huge page begins at a multiple of its size.
func TestChunksAreAligned(t *testing.T) {
	a := New(slotBytes, 1<<20)
	defer a.Release()
	fill(&a, 20*chunkBytes/slotBytes)
	for i, c := range a.chunks {
		if len(c) != chunkBytes || offset(unsafe.Pointer(&c[0])) != 0 {
			t.Errorf("chunk %d: %d bytes, %d after a multiple of its size", i, len(c), offset(unsafe.Pointer(&c[0])))
		}
	}
}

// TestManySlots: the first slot of an arena for more bytes than an int of 32 bits can count.
func TestManySlots(t *testing.T) {
	a := New(slotBytes, math.MaxInt32)
	fill(&a, 1)
	a.Release()
}

// TestAddressesOfChunks: chunks take no more addresses than they have bytes, also where the system
// does not begin them at multiples of their size by itself.
func TestAddressesOfChunks(t *testing.T) {
	odd := mapMemory(chunkBytes / 2)
	defer unmap(odd, chunkBytes/2)
	const chunks = 40
	before := statusBytes(t, "VmSize:")
	for range chunks {
		p := mapAligned()
		if p == nil || offset(p) != 0 {
			t.Fatalf("a chunk at %x", p)
		}
		defer unmap(p, chunkBytes)
	}
	if n := statusBytes(t, "VmSize:") - before; n > chunks*chunkBytes*5/4 {
		t.Errorf("%d chunks take %d bytes of addresses, want %d", chunks, n, chunks*chunkBytes)
	}
}

// TestHugeChunks: only an arena that has used some chunks gets huge ones, then all are, except for one
// that reaches beyond the last slot; and chunks that are given back are not.
func TestHugeChunks(t *testing.T) {
	per := chunkBytes / slotBytes
	a := New(slotBytes, 8*per+per/2)
	for chunks, want := range []int{0, 0, 0, 0, 0, 5, 6, 7, 8} {
		fill(&a, chunks*per)
		if len(a.chunks) != chunks || a.huge != want {
			t.Errorf("%d chunks: %d are huge, want %d", len(a.chunks), a.huge, want)
		}
	}
	fill(&a, 8*per+per/2)
	if len(a.chunks) != 9 || a.huge != 8 {
		t.Errorf("%d chunks: %d are huge, the last one must not be", len(a.chunks), a.huge)
	}
	a.Release()
	if a.huge != 0 {
		t.Errorf("%d huge chunks after Release", a.huge)
	}
}

// TestMemoryOfArenas: an arena has no more in memory than its slots take, and a small one no more than is
// used, also where it is made of chunks that were huge; and what is given back is gone.
func TestMemoryOfArenas(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what is in memory is read from /proc")
	}
	if mode, _ := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled"); strings.Contains(string(mode), "[always]") {
		t.Skip("this system makes huge pages of the Go heap, too, which counts here")
	}
	const spare = 1 << 20 // of the Go runtime
	per := chunkBytes / slotBytes
	before := anonymous(t)
	for range 3 {
		large := New(slotBytes, 20*per+per/2)
		fill(&large, 20*per+per/2)
		if n, most := anonymous(t)-before, (20*per+per/2)*slotBytes; n > most+most/50+spare {
			t.Errorf("%d bytes in memory, %d are used", n, most)
		}
		large.Release()
		small := New(slotBytes, 20*per)
		fill(&small, 10)
		if n := anonymous(t) - before; n > 10*slotBytes+spare {
			t.Errorf("%d bytes in memory for 10 slots", n)
		}
		small.Release()
	}
}

// TestSlotsAreLoadedInSteps: a slot brings the memory of the next ones with it, in each chunk, but of no
// more slots than the arena has. Slot as such takes no memory: its caller may have others wait for it.
func TestSlotsAreLoadedInSteps(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is taken page by page here")
	}
	for _, slots := range []int{1 << 20, 5, per() + 3} {
		a := New(slotBytes, slots)
		defer a.Release()
		for i := range min(slots, 2*per()) {
			loadSlot(t, &a, i)
		}
		chunks := a.chunks
		a.Release()
		for _, c := range chunks {
			if in := loadedBytes(t, c); in != 0 {
				t.Errorf("%d bytes in memory after Release", in)
			}
		}
	}
}

// loadSlot uses a slot, the next one of its chunk, and looks at what is in memory before and after.
func loadSlot(t *testing.T, a *Arena, i int) {
	t.Helper()
	page := os.Getpagesize()
	s, part := a.Slot(i)
	last := i / per()
	c, used := a.chunks[last], (i%per()+1)*slotBytes
	if from := a.loaded - len(part); len(part) > 0 {
		if in := loadedBytes(t, c); in > (from+page-1)/page*page {
			t.Fatalf("an arena of %d slots: slot %d brings memory before it is loaded: %d bytes, want %d", a.slots, i, in, from)
		}
	}
	Load(part)
	s[0] = 1
	want := min((used+loadBytes-1)/loadBytes*loadBytes, len(c), (a.slots-last*per())*slotBytes)
	if in := loadedBytes(t, c); i == 0 && in == page {
		t.Skip("this kernel takes memory page by page")
	} else if in < want || in > want+page {
		t.Fatalf("an arena of %d slots: %d bytes of chunk %d in memory after slot %d, want %d", a.slots, in, last, i, want)
	}
}

// per is how many slots a chunk has.
func per() int { return chunkBytes / slotBytes }

// anonymous returns how much anonymous memory the process has, in bytes.
func anonymous(t *testing.T) int {
	t.Helper()
	return statusBytes(t, "RssAnon:")
}

// statusBytes returns a size that the system says of the process.
func statusBytes(t *testing.T, name string) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	_, rest, ok := strings.Cut(string(b), name)
	if err != nil || !ok {
		t.Skip("this system does not say what is in memory")
	}
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
)

// RandomOptions returns options under which a database of a few hundred rows flushes,
// merges and checkpoints all the time: small trees, and pages and blocks of all kinds.
func RandomOptions(rng *rand.Rand) engine.Options {
	o := engine.Options{
		PageSize:    256 << rng.IntN(9),
		AutoFlush:   4096 << rng.IntN(5),
		AutoMerge:   2 + rng.IntN(5),
		MaxFreelist: 2 + rng.IntN(23),
		Safety:      engine.SafetyOff + engine.Safety(rng.IntN(3)),
		NoAutoWork:  rng.IntN(6) == 0,
	}
	if rng.IntN(2) == 0 {
		o.PageSize = 256 << rng.IntN(5) // pages of 64 KiB hold too much to be often tried
	}
	o.BlockSize = max(64<<10, 4*o.PageSize) << rng.IntN(2)
	switch rng.IntN(4) {
	case 0:
		o.AutoCheckpoint = -1
	case 1:
		o.AutoCheckpoint = 1
	default:
		o.AutoCheckpoint = 4096 << rng.IntN(6)
	}
	if rng.IntN(3) == 0 {
		o.CacheSize = int64(o.PageSize) << rng.IntN(4)
	}
	// Chosen by what is drawn already, so that a seed draws the same otherwise.
	o.MaxLog = []int{0, -1, 16 << 10, 256 << 10}[(o.PageSize/256+o.AutoFlush/4096+3*o.AutoMerge)%4]
	o.IndexSize = []int{0, -1, 4 << 10, 64 << 10}[(o.PageSize/256+o.AutoFlush/4096+o.MaxFreelist)%4]
	o.Compression = compressions[(o.PageSize/256+o.AutoFlush/4096+o.AutoMerge+o.MaxFreelist)%len(compressions)]
	return o
}

// compressions are what RandomOptions draws from: half of the databases have none.
var compressions = []string{"none", "none", "none", "none", "lz4", "zlib", "zstd", "snappy"}

// Shape is what the keys of a Gen look like.
type Shape uint8

// The shapes.
const (
	Short    Shape = iota // a few letters and a number
	Binary                // eight bytes, in random order
	Prefixed              // a long prefix, the same for all, and a number
	Ragged                // up to several pages long, many beginning alike, one empty
	Dense                 // few letters, many keys the beginning of others, one empty
	Mixed                 // all of the above
	numShapes
)

// Gen makes keys and values. The same Gen makes the same key of the same number.
type Gen struct {
	Shape Shape
	// Keys is how many different keys there are, about.
	Keys int
	// Page is the size of a page in bytes; keys and values are made with a view to it.
	Page int
	// Block is the size of the largest values in bytes.
	Block int
	salt  uint64
}

// NewGen makes a Gen of a random shape for stores with pages and blocks of these sizes.
func NewGen(rng *rand.Rand, page, block int) *Gen {
	return &Gen{
		Shape: Shape(rng.IntN(int(numShapes))),
		Keys:  20 << rng.IntN(6),
		Page:  min(page, 4096),
		Block: block,
		salt:  rng.Uint64(),
	}
}

// Key returns the key of a random number.
func (g *Gen) Key(rng *rand.Rand) string {
	n := rng.IntN(g.Keys)
	if rng.IntN(3) == 0 {
		n = rng.IntN(g.Keys/8 + 1) // some keys are favourites
	}
	return g.KeyOf(n)
}

// KeyOf returns the key of number n.
func (g *Gen) KeyOf(n int) string {
	rng := rand.New(rand.NewPCG(g.salt, uint64(n)))
	shape := g.Shape
	if shape == Mixed {
		shape = Shape(rng.IntN(int(Mixed)))
	}
	switch shape {
	case Short:
		return fmt.Sprintf("key%05d", n)
	case Binary:
		return string(binary.BigEndian.AppendUint64(nil, rng.Uint64()))
	case Prefixed:
		return strings.Repeat("prefix/", int(g.salt%uint64(g.Page/4+1))/7+1) + fmt.Sprintf("%04d", n)
	case Ragged:
		return g.ragged(rng, n)
	default:
		b := make([]byte, rng.IntN(6))
		for i := range b {
			b[i] = "\x00a\xff"[rng.IntN(3)]
		}
		return string(b)
	}
}

func (g *Gen) ragged(rng *rand.Rand, n int) string {
	size := rng.IntN(40)
	switch rng.IntN(12) {
	case 0:
		size = rng.IntN(g.Page + 20)
	case 1:
		size = rng.IntN(3*g.Page + 20)
	}
	if n == 0 || size == 0 {
		return ""
	}
	b := make([]byte, size)
	for i := range b {
		b[i] = 'a' + byte(i/16%3)
	}
	b[rng.IntN(size)] = byte(rng.IntN(256))
	return string(b) + fmt.Sprint(n)
}

// Value returns a random value: mostly short, at times several pages, now and then more
// than a block.
func (g *Gen) Value(rng *rand.Rand) string {
	size := rng.IntN(60)
	switch r := rng.IntN(200); {
	case r < 10:
		size = 0
	case r < 40:
		size = rng.IntN(g.Page)
	case r < 50:
		size = rng.IntN(4*g.Page + 1)
	case r < 51:
		size = rng.IntN(g.Block + g.Block/4)
	}
	b := make([]byte, size)
	x := rng.Uint64()
	for i := range b {
		if i%8 == 0 {
			x = x*6364136223846793005 + 1442695040888963407
		}
		b[i] = byte(x >> (i % 8 * 8))
	}
	return string(b)
}

// SPDX-License-Identifier: Apache-2.0

package secondreader

// The bits of a record's type.
const (
	start    = 0x01
	end      = 0x02
	point    = 0x04
	insert   = 0x08
	system   = 0x20
	typeBits = start | end | point | insert | system
)

type record struct {
	kind       byte
	key, value string
}

const (
	footerSize = 12
	btreePage  = 0x0001
)

// cells returns the records of a segment's leaf pages.
func cells(pages []Page) ([]record, error) {
	var out []record
	var need int // bytes that the record being read still lacks
	var body []byte
	var keyLen int
	finish := func() {
		r := &out[len(out)-1]
		r.key, r.value = string(body[:keyLen]), string(body[keyLen:])
		body = nil
	}
	for _, p := range pages {
		n := len(p.Clear)
		if be.Uint16(p.Clear[n-4:])&btreePage != 0 {
			continue
		}
		count := int(be.Uint16(p.Clear[n-2:]))
		eof := n - footerSize - 2*count
		if eof < 0 {
			return nil, impossible("page %d: %d cells", p.Number, count)
		}
		at := 0
		if need > 0 {
			take := min(need, eof)
			body = append(body, p.Clear[:take]...)
			at = take
			if need -= take; need == 0 {
				finish()
			}
		}
		if need > 0 && count > 0 {
			return nil, impossible("page %d: cells before the end of a record", p.Number)
		}
		for i := range count {
			if o := int(be.Uint16(p.Clear[n-14-2*i:])); o != at || need > 0 {
				return nil, impossible("page %d: cell %d at %d", p.Number, i, o)
			}
			v := varints{b: p.Clear[at:eof]}
			kind := v.byte() & typeBits
			v.number()
			k, val := v.length(), 0
			if kind&insert != 0 {
				val = v.length()
			}
			if v.bad {
				return nil, impossible("page %d: cell %d", p.Number, i)
			}
			out = append(out, record{kind: kind})
			keyLen, need = k, k+val
			take := min(need, len(v.b))
			body = append([]byte(nil), v.b[:take]...)
			at = eof - len(v.b) + take
			if need -= take; need == 0 {
				finish()
			}
		}
	}
	if need > 0 {
		return nil, impossible("the last record is cut")
	}
	return out, nil
}

// varints reads lsm1's numbers.
type varints struct {
	b   []byte
	bad bool
}

func (v *varints) byte() byte {
	if len(v.b) == 0 {
		v.bad = true
		return 0
	}
	c := v.b[0]
	v.b = v.b[1:]
	return c
}

func (v *varints) number() uint64 {
	c := v.byte()
	switch {
	case c <= 240:
		return uint64(c)
	case c <= 248:
		return 240 + 256*uint64(c-241) + uint64(v.byte())
	case c == 249:
		return 2288 + uint64(v.byte())<<8 + uint64(v.byte())
	}
	var n uint64
	for range c - 247 {
		n = n<<8 | uint64(v.byte())
	}
	return n
}

// length is a number that is a length, of at most 2 GiB.
func (v *varints) length() int {
	n := v.number()
	if n > 1<<31-1 {
		v.bad = true
		return 0
	}
	return int(n)
}

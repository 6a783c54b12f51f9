// SPDX-License-Identifier: Apache-2.0

package platforms

import (
	"bytes"
	"encoding/binary"
)

// Where things are in the library that forwarder makes: one section, which begins where the headers end.
const (
	fileUnit   = 0x200
	memoryUnit = 0x1000
	peOffset   = 0x40
	exportSize = 40
)

// forwarder returns a Windows library for amd64 whose only function is another library's function: what calls name
// calls target, such as advapi32.SystemFunction036. It has no code.
func forwarder(library, name, target string) []byte {
	le := binary.LittleEndian
	var data []byte
	text := func(s string) uint32 { // returns its address in memory
		at := memoryUnit + uint32(exportSize+10+len(data))
		data = append(append(data, s...), 0)
		return at
	}
	libraryAt, nameAt, targetAt := text(library), text(name), text(target)
	functions := uint32(memoryUnit + exportSize)
	section := le.AppendUint32(make([]byte, 12), libraryAt)
	for _, v := range []uint32{1, 1, 1, functions, functions + 4, functions + 8} { // first ordinal, counts, tables
		section = le.AppendUint32(section, v)
	}
	section = le.AppendUint32(section, targetAt) // an address within the table of exports is a name to forward to
	section = le.AppendUint32(section, nameAt)
	section = append(le.AppendUint16(section, 0), data...)

	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, le, v) // a buffer takes all
		}
	}
	b.WriteString("MZ")
	b.Write(make([]byte, peOffset-4-2))
	put(uint32(peOffset))
	b.WriteString("PE\x00\x00")
	const amd64, library64 = 0x8664, 0x2022
	put(uint16(amd64), uint16(1), [3]uint32{}, uint16(240), uint16(library64))
	put(uint16(0x20b), uint16(0), uint32(0), uint32(fileUnit), uint32(0), uint32(0), uint32(memoryUnit)) // no code, no start
	put(uint64(0x6b0000000), uint32(memoryUnit), uint32(fileUnit))                                       // where it is in memory
	put([6]uint16{6, 0, 0, 0, 6, 0}, uint32(0), uint32(2*memoryUnit), uint32(fileUnit), uint32(0), uint16(2), uint16(0))
	put([4]uint64{1 << 20, 4096, 1 << 20, 4096}, uint32(0), uint32(16)) // stack and heap
	put(uint32(memoryUnit), uint32(len(section)), [15 * 2]uint32{})     // the table of exports, and no other
	put([8]byte{'.', 'e', 'd', 'a', 't', 'a'}, uint32(len(section)), uint32(memoryUnit), uint32(fileUnit), uint32(fileUnit))
	const readable = 0x40000040
	put([3]uint32{}, uint32(readable))
	return append(append(b.Bytes(), make([]byte, fileUnit-b.Len())...), append(section, make([]byte, fileUnit-len(section))...)...)
}

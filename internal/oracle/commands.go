// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"fmt"
	"strconv"
	"strings"
)

// A Row is a key and its value.
type Row struct{ Key, Value []byte }

// A Setting is one configuration value of lsm1, as "name=value".
type Setting string

// Settings of lsm1. Sizes ending in KB are in units of 1024 bytes.
func AutoFlushKB(n int) Setting      { return number("autoflush", n) }
func PageSize(bytes int) Setting     { return number("page_size", bytes) }
func BlockSizeKB(n int) Setting      { return number("block_size", n) }
func Safety(level int) Setting       { return number("safety", level) }
func AutoWork(on bool) Setting       { return flag("autowork", on) }
func Mmap(n int) Setting             { return number("mmap", n) }
func UseLog(on bool) Setting         { return flag("use_log", on) }
func AutoMerge(levels int) Setting   { return number("automerge", levels) }
func MaxFreelist(n int) Setting      { return number("max_freelist", n) }
func MultiProcess(on bool) Setting   { return flag("multiple_processes", on) }
func AutoCheckpointKB(n int) Setting { return number("autocheckpoint", n) }
func ReadOnly(on bool) Setting       { return flag("readonly", on) }

// Compression chooses the page compressor: none, lz4, zlib, zstd, or auto for
// whichever the file names.
func Compression(name string) Setting { return Setting("compression=" + name) }

func number(name string, n int) Setting { return Setting(name + "=" + strconv.Itoa(n)) }

func flag(name string, on bool) Setting {
	if on {
		return number(name, 1)
	}
	return number(name, 0)
}

// A Mode says which key a seek settles on when the key itself is absent.
type Mode string

// The seek modes of lsm1.
const (
	SeekLE     Mode = "le"
	SeekEQ     Mode = "eq"
	SeekGE     Mode = "ge"
	SeekLEFast Mode = "lefast" // may settle on a deleted key; has no value
)

// Open opens or creates a database. Settings not given have lsm1's defaults,
// but the file is not mapped and belongs to one process.
func (c *Client) Open(path string, settings ...Setting) error {
	return c.do(append([]string{"open", path}, settingWords(settings)...)...)
}

// Configure changes settings of the open database.
func (c *Client) Configure(settings ...Setting) error {
	return c.do(append([]string{"config"}, settingWords(settings)...)...)
}

func settingWords(settings []Setting) []string {
	words := make([]string, len(settings))
	for i, s := range settings {
		words[i] = string(s)
	}
	return words
}

// CloseDB closes the database and leaves the process running.
func (c *Client) CloseDB() error { return c.do("close") }

// Put stores a row.
func (c *Client) Put(key, value []byte) error { return c.do("put", encode(key), encode(value)) }

// Delete removes a key.
func (c *Client) Delete(key []byte) error { return c.do("del", encode(key)) }

// DeleteRange removes the keys strictly between after and before. Neither
// bound may be a key that exists or that was a bound before: C damages such
// keys.
func (c *Client) DeleteRange(after, before []byte) error {
	return c.do("delrange", encode(after), encode(before))
}

// Begin makes sure that at least level nested transactions are open.
func (c *Client) Begin(level int) error { return c.do("begin", strconv.Itoa(level)) }

// Commit commits until at most level nested transactions are open.
func (c *Client) Commit(level int) error { return c.do("commit", strconv.Itoa(level)) }

// Rollback undoes the transaction of this level and leaves it open; level 0
// undoes and ends everything.
func (c *Client) Rollback(level int) error { return c.do("rollback", strconv.Itoa(level)) }

// Flush writes both in-memory trees to the database file.
func (c *Client) Flush() error { return c.do("flush") }

// Checkpoint writes a checkpoint of the newest snapshot.
func (c *Client) Checkpoint() error { return c.do("checkpoint") }

// Work merges. It writes at most about kb KB (no limit if negative), and
// returns how many KB it wrote.
func (c *Client) Work(merge, kb int) (int, error) {
	lines, err := c.call("work", strconv.Itoa(merge), strconv.Itoa(kb))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimPrefix(last(lines), "ok "))
}

// Get looks a key up.
func (c *Client) Get(key []byte) (value []byte, found bool, err error) {
	lines, err := c.call("get", encode(key))
	if err != nil || last(lines) == "none" {
		return nil, false, err
	}
	value, err = decode(strings.TrimPrefix(last(lines), "val "))
	return value, err == nil, err
}

// Seek places a cursor and returns the row there.
func (c *Client) Seek(key []byte, mode Mode) (row Row, found bool, err error) {
	lines, err := c.call("seek", encode(key), string(mode))
	if err != nil || last(lines) == "none" {
		return Row{}, false, err
	}
	row, err = parseRow(last(lines))
	return row, err == nil, err
}

// Scan seeks (SeekGE or SeekLE) and returns up to limit rows from there on,
// going backward for SeekLE.
func (c *Client) Scan(key []byte, mode Mode, limit int) ([]Row, error) {
	return rows(c.call("scan", encode(key), string(mode), strconv.Itoa(limit)))
}

// Dump returns all rows in key order.
func (c *Client) Dump() ([]Row, error) { return rows(c.call("dump")) }

// DumpReverse returns all rows in descending key order.
func (c *Client) DumpReverse() ([]Row, error) { return rows(c.call("dumprev")) }

// Hash sums up all rows in key order.
func (c *Client) Hash() (Sum, error) { return sum(c.call("hash")) }

// HashReverse sums up all rows in descending key order.
func (c *Client) HashReverse() (Sum, error) { return sum(c.call("hashrev")) }

// HoldRead begins a read transaction that lasts until ReleaseRead: what is read meanwhile
// is the state of now. A driver built from an older text answers CodeMisuse.
func (c *Client) HoldRead() error { return c.do("rohold") }

// ReleaseRead ends what HoldRead began.
func (c *Client) ReleaseRead() error { return c.do("rorelease") }

// Integrity lets C account for every block of the file. A build of C with
// assertions checks more, and ends its process where it finds fault.
func (c *Client) Integrity() error { return c.do("integrity") }

// Info returns what lsm1 says of itself, by name: structure, freelist, log,
// tree, checkpoint, compression, nwrite, page_size, block_size.
func (c *Client) Info() (map[string]string, error) {
	lines, err := c.call("info")
	if err != nil {
		return nil, err
	}
	info := make(map[string]string)
	for _, line := range lines[:len(lines)-1] {
		name, text, _ := strings.Cut(line, " ")
		info[name] = text
	}
	return info, nil
}

// Random applies the operations of a Spec, each one in a transaction of its
// own unless one is open.
func (c *Client) Random(s Spec) error { return c.do(append([]string{"rnd"}, s.words()...)...) }

func last(lines []string) string { return lines[len(lines)-1] }

// parseRow reads "word KEY VALUE"; the value is "*" if there is none.
func parseRow(line string) (Row, error) {
	words := strings.Split(line, " ")
	if len(words) != 3 {
		return Row{}, fmt.Errorf("oracle row of %d words", len(words))
	}
	key, err := decode(words[1])
	if err != nil {
		return Row{}, fmt.Errorf("oracle key: %w", err)
	}
	if words[2] == "*" {
		return Row{Key: key}, nil
	}
	value, err := decode(words[2])
	if err != nil {
		return Row{}, fmt.Errorf("oracle value: %w", err)
	}
	return Row{Key: key, Value: value}, nil
}

func rows(lines []string, err error) ([]Row, error) {
	if err != nil {
		return nil, err
	}
	out := make([]Row, 0, len(lines)-1)
	for _, line := range lines[:len(lines)-1] {
		r, err := parseRow(line)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	if want := "end " + strconv.Itoa(len(out)); last(lines) != want {
		return nil, fmt.Errorf("oracle sent %d rows but said %q", len(out), last(lines))
	}
	return out, nil
}

func sum(lines []string, err error) (Sum, error) {
	if err != nil {
		return Sum{}, err
	}
	var s Sum
	if _, err := fmt.Sscanf(last(lines), "hash %d %x", &s.Rows, &s.FNV); err != nil {
		return Sum{}, fmt.Errorf("oracle hash %q: %w", last(lines), err)
	}
	return s, nil
}

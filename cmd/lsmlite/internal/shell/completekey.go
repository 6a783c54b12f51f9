// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/engine"
)

const (
	// MaxCompletions is how many keys or files are offered.
	MaxCompletions = 50
	// CompletionTime is how long keys are looked for.
	CompletionTime = 300 * time.Millisecond
	// keyDelimiters are the characters at which a key is completed part by part.
	keyDelimiters = "/:.-_|#, "
)

// completeKey completes a literal that has been begun, with its quote, to the keys that begin so: up to the next
// delimiter, or, for a key that has none, to its end. Keys that are no text are left out.
func (s *shell) completeKey(literal string) completion {
	c := completion{word: literal}
	if s.db == nil {
		return c
	}
	prefix := []byte(strings.ReplaceAll(literal[1:], "''", "'"))
	ctx, cancel := context.WithTimeout(s.ctx, CompletionTime)
	defer cancel()
	cursor, err := s.db.Engine.Cursor(ctx)
	if err != nil {
		return c // the statement will say so
	}
	defer cursor.Close()
	from := prefix
	for len(c.list) < MaxCompletions && ctx.Err() == nil && cursor.Seek(from, engine.SeekGE) {
		key := cursor.Key()
		if !strings.HasPrefix(string(key), string(prefix)) {
			break
		}
		group := part(key, len(prefix))
		if text := show.Literal(group); strings.HasPrefix(text, "'") {
			open := len(group) < len(key)
			if open {
				text = strings.TrimSuffix(text, "'")
			}
			c.list = append(c.list, candidate{text: text, open: open})
		}
		if from = after(group, len(group) < len(key)); from == nil {
			break
		}
	}
	return c
}

// part returns a key up to the delimiter that follows after n bytes, or all of it.
func part(key []byte, n int) []byte {
	for i := n; i < len(key); {
		r, size := utf8.DecodeRune(key[i:])
		i += size
		if strings.ContainsRune(keyDelimiters, r) && i > n {
			return append([]byte(nil), key[:i]...)
		}
	}
	return append([]byte(nil), key...)
}

// after returns the first key after a key, or after all keys that begin so; nil if there is none.
func after(key []byte, group bool) []byte {
	if !group {
		return append(key, 0)
	}
	for i := len(key) - 1; i >= 0; i-- {
		if key[i] < 0xff {
			key[i]++
			return key[:i+1]
		}
	}
	return nil
}

// completePath completes the name of a file.
func completePath(word string) completion {
	c := completion{word: word}
	dir, base := filepath.Split(word)
	entries, err := os.ReadDir(filepath.Clean(dir + "."))
	if err != nil {
		return c
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), base) || base == "" && strings.HasPrefix(e.Name(), ".") || strings.ContainsAny(e.Name(), " '\"") {
			continue
		}
		if len(c.list) == MaxCompletions {
			break
		}
		text := dir + e.Name()
		if e.IsDir() {
			text += string(filepath.Separator)
		}
		c.list = append(c.list, candidate{text: text, open: e.IsDir()})
	}
	return c
}

// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	// MaxHistory is how many texts the history keeps.
	MaxHistory = 1000
	// MaxHistoryEntry is how long a text may be that the history keeps, in bytes.
	MaxHistoryEntry = 16 << 10
	// MaxHistoryBytes is how large the file of the history becomes before what is too old is dropped.
	MaxHistoryBytes = 1 << 20
)

// history is what has been typed, oldest first, in this session and, by its file, in those before. The file has a JSON
// string a line. Several shells may add to it at a time. A text that begins with a blank is not kept, nor is one for an
// encrypted database written to the file; see historyFor.
type history struct {
	path string // empty for none
	list []string
}

// openHistory reads a history. Its error is no reason not to go on: without the file there is only this session.
func openHistory(path string) (*history, error) {
	h := &history{path: path}
	if path == "" {
		return h, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		h.path = ""
		return h, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		h.path = ""
		return h, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return h, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return h, err
		}
	}
	h.read(f)
	if info.Size() > MaxHistoryBytes {
		return h, h.rewrite()
	}
	return h, nil
}

// read takes the lines that are right.
func (h *history) read(r io.Reader) {
	lines := bufio.NewReaderSize(r, readBytes)
	for {
		line, err := lines.ReadSlice('\n')
		tooLong := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		var text string
		if !tooLong && json.Unmarshal(bytes.TrimSpace(line), &text) == nil {
			h.keep(text)
		}
		if err != nil {
			return
		}
	}
}

// keep adds a text to the list, unless it is the newest already.
func (h *history) keep(text string) bool {
	if text == "" || len(text) > MaxHistoryEntry || len(h.list) > 0 && h.list[len(h.list)-1] == text {
		return false
	}
	h.list = append(h.list, text)
	if len(h.list) > MaxHistory {
		h.list = append(h.list[:0], h.list[len(h.list)-MaxHistory:]...)
	}
	return true
}

// add keeps a text that has been typed, also in the file unless it is secret.
func (h *history) add(text string, secret bool) error {
	if strings.HasPrefix(text, " ") || !h.keep(strings.TrimSpace(text)) || h.path == "" || secret {
		return nil
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(historyLine(h.list[len(h.list)-1]))
	return errors.Join(err, f.Close())
}

// rewrite makes the file as short as the list: the newest texts, up to half of what the file may have.
func (h *history) rewrite() error {
	first, size := len(h.list), 0
	for first > 0 {
		size += len(historyLine(h.list[first-1]))
		if size > MaxHistoryBytes/2 {
			break
		}
		first--
	}
	f, err := os.CreateTemp(filepath.Dir(h.path), "history-*") // with mode 0600
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, text := range h.list[first:] {
		w.Write(historyLine(text))
	}
	err = errors.Join(w.Flush(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), h.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func historyLine(text string) []byte {
	line, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string is JSON
	}
	return append(line, '\n')
}

// historyFor is historyPath, but none for an encrypted database unless the user has named a file: the statements have
// rows in them, and the file is in clear.
func historyFor(encrypted bool) string {
	if _, named := os.LookupEnv("LSMLITE_HISTORY"); encrypted && !named {
		return ""
	}
	return historyPath()
}

// historyPath is where the history is: LSMLITE_HISTORY, which may be empty for none, or a file in the folder where the
// system keeps the state of programs.
func historyPath() string {
	if path, ok := os.LookupEnv("LSMLITE_HISTORY"); ok {
		return path
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lsmlite", "history")
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		if dir, err := os.UserCacheDir(); err == nil && runtime.GOOS == "windows" {
			return filepath.Join(dir, "lsmlite", "history") // %LocalAppData%
		}
		if dir, err := os.UserConfigDir(); err == nil {
			return filepath.Join(dir, "lsmlite", "history") // ~/Library/Application Support
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "state", "lsmlite", "history")
}

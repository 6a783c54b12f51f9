// SPDX-License-Identifier: Apache-2.0

package hostfs_test

import (
	"path"
	"strings"
	"sync"

	"github.com/lsmlite/lsmlite-go/js/hostfs"
)

// fakeHost keeps files in memory, and fails where a test wants it to. Like a browser it refuses a second handle
// of a file.
type fakeHost struct {
	mu      sync.Mutex
	files   map[string]*fakeFile
	handles map[uint32]*fakeFile
	last    uint32
	reason  string

	fail map[string]hostfs.Status // by the name of the operation
	part int                      // how many bytes a read or write does at most, 0 for all
}

type fakeFile struct {
	data     []byte
	open     bool
	readOnly bool // the host lets it be opened for reading only
}

func newFakeHost() *fakeHost {
	return &fakeHost{files: map[string]*fakeFile{}, handles: map[uint32]*fakeFile{}, fail: map[string]hostfs.Status{}}
}

func (h *fakeHost) isFolder(name string) bool {
	for other := range h.files {
		if strings.HasPrefix(other, name+"/") {
			return true
		}
	}
	return name == "/" || name == "/dir"
}

func (h *fakeHost) Do(op hostfs.Op, a, b string, arg uint32) hostfs.Outcome {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.fail[[]string{"", "open", "remove", "rename", "stat", "syncdir", "canonical"}[op]]; s != 0 {
		return hostfs.Outcome{Status: s, Text: "as the test wants"}
	}
	file := h.files[a]
	switch op {
	case hostfs.OpCanonical:
		return hostfs.Outcome{Text: path.Clean("/" + a)}
	case hostfs.OpSyncDir:
		return hostfs.Outcome{}
	case hostfs.OpOpen:
		return h.open(a, arg)
	case hostfs.OpStat:
		if h.isFolder(a) {
			return hostfs.Outcome{Value: -1}
		}
	case hostfs.OpRemove, hostfs.OpRename:
		if h.isFolder(a) {
			return hostfs.Outcome{Status: hostfs.IsFolder}
		}
	}
	if file == nil {
		return hostfs.Outcome{Status: hostfs.NotExist, Text: a + " is missing"}
	}
	switch op {
	case hostfs.OpStat:
		return hostfs.Outcome{Value: int64(len(file.data))}
	case hostfs.OpRemove:
		delete(h.files, a)
	case hostfs.OpRename:
		delete(h.files, a)
		h.files[b] = file
	}
	return hostfs.Outcome{}
}

func (h *fakeHost) open(name string, arg uint32) hostfs.Outcome {
	file := h.files[name]
	switch {
	case h.isFolder(name):
		return hostfs.Outcome{Status: hostfs.IsFolder}
	case file == nil && arg&hostfs.OpenCreate == 0:
		return hostfs.Outcome{Status: hostfs.NotExist}
	case file == nil && h.files[path.Dir(name)] != nil:
		return hostfs.Outcome{Status: hostfs.NotFolder}
	case file == nil:
		file = &fakeFile{}
		h.files[name] = file
	case arg&hostfs.OpenMustCreate != 0:
		return hostfs.Outcome{Status: hostfs.Exist}
	case file.open:
		return hostfs.Outcome{Status: hostfs.Busy, Text: "one handle is all there is"}
	case file.readOnly && arg&hostfs.OpenReadOnly == 0:
		return hostfs.Outcome{Status: hostfs.Permission}
	}
	file.open = true
	h.last++
	h.handles[h.last] = file
	return hostfs.Outcome{Value: int64(h.last)}
}

// with runs f on an open file.
func (h *fakeHost) with(op string, handle uint32, f func(*fakeFile) hostfs.Status) hostfs.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	file := h.handles[handle]
	if file == nil {
		h.reason = "no such handle"
		return hostfs.Closed
	}
	if s := h.fail[op]; s != 0 {
		h.reason = "as the test wants"
		return s
	}
	return f(file)
}

func (h *fakeHost) most(p []byte) []byte {
	if h.part > 0 {
		return p[:min(len(p), h.part)]
	}
	return p
}

func (h *fakeHost) Read(handle uint32, p []byte, off int64) hostfs.Status {
	return h.with("read", handle, func(f *fakeFile) hostfs.Status {
		if off >= int64(len(f.data)) {
			return 0
		}
		return hostfs.Status(copy(h.most(p), f.data[off:]))
	})
}

func (h *fakeHost) Write(handle uint32, p []byte, off int64) hostfs.Status {
	return h.with("write", handle, func(f *fakeFile) hostfs.Status {
		p = h.most(p)
		if end := int(off) + len(p); len(p) > 0 && end > len(f.data) {
			f.data = append(f.data, make([]byte, end-len(f.data))...)
		}
		if len(p) == 0 {
			return 0
		}
		return hostfs.Status(copy(f.data[off:], p))
	})
}

func (h *fakeHost) Size(handle uint32) (size int64, s hostfs.Status) {
	s = h.with("size", handle, func(f *fakeFile) hostfs.Status {
		size = int64(len(f.data))
		return hostfs.OK
	})
	return size, s
}

func (h *fakeHost) Truncate(handle uint32, size int64) hostfs.Status {
	return h.with("truncate", handle, func(f *fakeFile) hostfs.Status {
		f.data = append(append([]byte{}, f.data[:min(int(size), len(f.data))]...), make([]byte, max(0, int(size)-len(f.data)))...)
		return hostfs.OK
	})
}

func (h *fakeHost) Sync(handle uint32) hostfs.Status {
	return h.with("sync", handle, func(*fakeFile) hostfs.Status { return hostfs.OK })
}

func (h *fakeHost) Close(handle uint32) hostfs.Status {
	s := h.with("close", handle, func(f *fakeFile) hostfs.Status {
		f.open = false
		return hostfs.OK
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.handles, handle)
	return s
}

func (h *fakeHost) Reason() string { return h.reason }

// numOpen returns how many handles are open.
func (h *fakeHost) numOpen() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.handles)
}

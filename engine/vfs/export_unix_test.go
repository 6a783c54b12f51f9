// SPDX-License-Identifier: Apache-2.0

//go:build unix

package vfs

var recordFiles recordOpener

// RecordOS is OS as it is where locks belong to the process.
var RecordOS FS = osFS{&recordFiles}

// RecordDescriptors returns how many descriptors handles of RecordOS hold.
func RecordDescriptors() (n int) {
	recordFiles.mu.Lock()
	defer recordFiles.mu.Unlock()
	for _, r := range recordFiles.files {
		n += len(r.descriptors)
	}
	return n
}

// SPDX-License-Identifier: Apache-2.0

package vfs

import "golang.org/x/sys/unix"

// remoteKinds are the file systems of other machines, and those of programs, by the number in statfs.
var remoteKinds = map[uint32]string{
	0x6969: "NFS", 0x517b: "SMB", 0xfe534d42: "SMB", 0xff534d42: "CIFS", 0x65735546: "FUSE", 0x01021997: "9P",
	0x5346414f: "AFS", 0x6b414653: "AFS", 0x73757245: "Coda", 0x00c36400: "Ceph", 0x01161970: "GFS2", 0x7461636f: "OCFS2",
	0x0bd00bd0: "Lustre", 0x47504653: "GPFS", 0x786f4256: "VirtualBox shared folder", 0xbacbacbc: "VMware shared folder",
}

var _ Remoter = (*osFile)(nil)

// Remote implements Remoter.
func (f *osFile) Remote() (kind string, remote bool) {
	if f.open("statfs") != nil {
		return "", false
	}
	var st unix.Statfs_t
	if f.withFd(func(fd uintptr) error { return unix.Fstatfs(int(fd), &st) }) != nil {
		return "", false
	}
	kind, remote = remoteKinds[uint32(st.Type)]
	return kind, remote
}

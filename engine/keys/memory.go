// SPDX-License-Identifier: Apache-2.0

//go:build !(386 || arm || mips || mipsle || wasm)

package keys

const maxMemoryKiB = mostMemoryKiB

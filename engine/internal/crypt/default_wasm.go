// SPDX-License-Identifier: Apache-2.0

package crypt

// DefaultSuite is that of new files: WebAssembly has no instructions for AES, with which it is
// five times slower.
const DefaultSuite = ChaCha20Poly1305

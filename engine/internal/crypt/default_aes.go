// SPDX-License-Identifier: Apache-2.0

//go:build !wasm

package crypt

// DefaultSuite is that of new files: processors have instructions for AES.
const DefaultSuite = AESGCM

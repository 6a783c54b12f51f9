// SPDX-License-Identifier: Apache-2.0

//go:build !purego

#include "textflag.h"

// How a page is folded, and what the constants are: see crcwide.go. R0 holds the constants (in the order
// of wideTable), R1 the page, R2 how many bytes of it are left.
//
// In each word the lowest bit is the highest power of x, so the first of two words in a register
// stands for the higher powers.

// func crcFold128(table *[wideWords]uint64, number uint64, page []byte) uint16
TEXT ·crcFold128(SB), NOSPLIT, $0-42
	MOVD table+0(FP), R0
	MOVD page_base+16(FP), R1
	MOVD page_len+24(FP), R2

	// The constants: for the page number, x^64, the division, 128, 256, 384 and 512 bits.
	VLD1.P 64(R0), [V16.D2, V17.D2, V18.D2, V19.D2]
	VLD1   (R0), [V20.D2, V21.D2, V22.D2]
	VMOV   V18.D[1], R4
	VEOR   V23.B16, V23.B16, V23.B16
	VMOV   R4, V23.D[0]

	// The page number, times x^128, is added to the first words.
	MOVD   number+8(FP), R3
	VEOR   V4.B16, V4.B16, V4.B16
	VMOV   R3, V4.D[0]
	VPMULL V4.D1, V16.D1, V4.Q1
	VLD1.P 64(R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	VEOR   V4.B16, V0.B16, V0.B16
	SUBS   $64, R2, R2

fold64:
	// Each of the four is multiplied by x^512 and added to the one 64 bytes further on.
	VLD1.P  64(R1), [V8.B16, V9.B16, V10.B16, V11.B16]
	VPMULL  V0.D1, V22.D1, V4.Q1
	VPMULL2 V0.D2, V22.D2, V0.Q1
	VPMULL  V1.D1, V22.D1, V5.Q1
	VPMULL2 V1.D2, V22.D2, V1.Q1
	VPMULL  V2.D1, V22.D1, V6.Q1
	VPMULL2 V2.D2, V22.D2, V2.Q1
	VPMULL  V3.D1, V22.D1, V7.Q1
	VPMULL2 V3.D2, V22.D2, V3.Q1
	VEOR    V8.B16, V4.B16, V4.B16
	VEOR    V9.B16, V5.B16, V5.B16
	VEOR    V10.B16, V6.B16, V6.B16
	VEOR    V11.B16, V7.B16, V7.B16
	VEOR    V4.B16, V0.B16, V0.B16
	VEOR    V5.B16, V1.B16, V1.B16
	VEOR    V6.B16, V2.B16, V2.B16
	VEOR    V7.B16, V3.B16, V3.B16
	SUBS    $64, R2, R2
	BNE     fold64

	// The first three go to the last one.
	VPMULL  V0.D1, V21.D1, V4.Q1
	VPMULL2 V0.D2, V21.D2, V0.Q1
	VPMULL  V1.D1, V20.D1, V5.Q1
	VPMULL2 V1.D2, V20.D2, V1.Q1
	VPMULL  V2.D1, V19.D1, V6.Q1
	VPMULL2 V2.D2, V19.D2, V2.Q1
	VEOR    V4.B16, V0.B16, V0.B16
	VEOR    V5.B16, V1.B16, V1.B16
	VEOR    V6.B16, V2.B16, V2.B16
	VEOR    V1.B16, V0.B16, V0.B16
	VEOR    V3.B16, V2.B16, V2.B16
	VEOR    V2.B16, V0.B16, V0.B16

	// The first word, times x^64, is added to the second one, and so is what of that product lies
	// before it. What is left then is divided.
	VPMULL V0.D1, V17.D1, V2.Q1
	VEOR   V2.B16, V0.B16, V0.B16
	VPMULL V2.D1, V17.D1, V2.Q1
	VEOR   V2.B16, V0.B16, V0.B16
	VMOV   V0.D[1], R4
	VMOV   R4, V0.D[0]
	VPMULL V0.D1, V18.D1, V0.Q1
	VPMULL V0.D1, V23.D1, V0.Q1
	VMOV   V0.D[1], R4
	MOVH   R4, ret+40(FP)
	RET

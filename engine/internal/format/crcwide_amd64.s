// SPDX-License-Identifier: Apache-2.0

//go:build !purego

#include "textflag.h"

// How a page is folded, and what the constants are: see crcwide.go. AX holds the constants (in the order
// of wideTable), SI the page, BX how many bytes of it are left.
//
// In each word the lowest bit is the highest power of x, so the first of two words in a register
// stands for the higher powers.

// The last steps: X0 holds what is left, 128 bits. Its first word, times x^64, is added to the
// second one, and so is what of that product lies before it. What is left then is divided.
#define FINISH \
	MOVOU     (wide64*16)(AX), X1  \
	MOVO      X0, X2               \
	PCLMULQDQ $0x00, X1, X2        \
	PXOR      X2, X0               \
	PCLMULQDQ $0x00, X1, X2        \
	PXOR      X2, X0               \
	PSRLDQ    $8, X0               \
	MOVOU     (wideEnd*16)(AX), X1 \
	PCLMULQDQ $0x00, X1, X0        \
	PCLMULQDQ $0x10, X1, X0        \
	PEXTRQ    $1, X0, AX

// The places of the constants in wideTable, in pairs of words.
#define wideNumber 0
#define wide64 1
#define wideEnd 2
#define wide128 3
#define wide256 4
#define wide384 5
#define wide512 6
#define wide1024 7
#define wide1536 8
#define wide2048 9
#define wideLanes 10

// func crcFold128(table *[wideWords]uint64, number uint64, page []byte) uint16
TEXT ·crcFold128(SB), NOSPLIT, $0-42
	MOVQ table+0(FP), AX
	MOVQ page_base+16(FP), SI
	MOVQ page_len+24(FP), BX

	// The page number, times x^128, is added to the first words.
	MOVQ      number+8(FP), X0
	MOVOU     (wideNumber*16)(AX), X1
	PCLMULQDQ $0x00, X1, X0
	MOVOU     0(SI), X1
	PXOR      X1, X0
	MOVOU     16(SI), X1
	MOVOU     32(SI), X2
	MOVOU     48(SI), X3
	MOVOU     (wide512*16)(AX), X8
	ADDQ      $64, SI
	SUBQ      $64, BX

fold64:
	// Each of the four is multiplied by x^512 and added to the one 64 bytes further on.
	MOVO      X0, X4
	MOVO      X1, X5
	MOVO      X2, X6
	MOVO      X3, X7
	PCLMULQDQ $0x00, X8, X0
	PCLMULQDQ $0x11, X8, X4
	PCLMULQDQ $0x00, X8, X1
	PCLMULQDQ $0x11, X8, X5
	PCLMULQDQ $0x00, X8, X2
	PCLMULQDQ $0x11, X8, X6
	PCLMULQDQ $0x00, X8, X3
	PCLMULQDQ $0x11, X8, X7
	MOVOU     0(SI), X9
	MOVOU     16(SI), X10
	MOVOU     32(SI), X11
	MOVOU     48(SI), X12
	PXOR      X9, X4
	PXOR      X10, X5
	PXOR      X11, X6
	PXOR      X12, X7
	PXOR      X4, X0
	PXOR      X5, X1
	PXOR      X6, X2
	PXOR      X7, X3
	ADDQ      $64, SI
	SUBQ      $64, BX
	JNZ       fold64

	// The first three go to the last one.
	MOVOU     (wide384*16)(AX), X8
	MOVO      X0, X4
	PCLMULQDQ $0x00, X8, X0
	PCLMULQDQ $0x11, X8, X4
	MOVOU     (wide256*16)(AX), X8
	MOVO      X1, X5
	PCLMULQDQ $0x00, X8, X1
	PCLMULQDQ $0x11, X8, X5
	MOVOU     (wide128*16)(AX), X8
	MOVO      X2, X6
	PCLMULQDQ $0x00, X8, X2
	PCLMULQDQ $0x11, X8, X6
	PXOR      X4, X0
	PXOR      X5, X1
	PXOR      X6, X2
	PXOR      X1, X0
	PXOR      X3, X2
	PXOR      X2, X0
	FINISH
	MOVW AX, ret+40(FP)
	RET

// func crcFold512(table *[wideWords]uint64, number uint64, page []byte, to *byte) uint16
//
// Unless to is nil, the page is copied there. It may begin before the page and reach into it: of 256 bytes
// all are loaded before any is stored, and the multiplications take so long that stores cost nothing.
TEXT ·crcFold512(SB), NOSPLIT, $0-50
	MOVQ table+0(FP), AX
	MOVQ page_base+16(FP), SI
	MOVQ page_len+24(FP), BX
	MOVQ to+40(FP), DI

	// The page number, times x^128, is added to the first words. What is written to X4 by
	// an instruction with V leaves zeros in the rest of Z4.
	VMOVQ          number+8(FP), X4
	VPCLMULQDQ     $0x00, (wideNumber*16)(AX), X4, X4
	VMOVDQU64      0(SI), Z0
	VMOVDQU64      64(SI), Z1
	VMOVDQU64      128(SI), Z2
	VMOVDQU64      192(SI), Z3
	VBROADCASTI32X4 (wide2048*16)(AX), Z8
	TESTQ          DI, DI
	JNZ            move
	VPXORQ         Z4, Z0, Z0
	ADDQ           $256, SI
	SUBQ           $256, BX
	JZ             folded

fold256:
	// Each of the four is multiplied by x^2048 and added to the one 256 bytes further on.
	VPCLMULQDQ $0x00, Z8, Z0, Z4
	VPCLMULQDQ $0x11, Z8, Z0, Z0
	VPCLMULQDQ $0x00, Z8, Z1, Z5
	VPCLMULQDQ $0x11, Z8, Z1, Z1
	VPCLMULQDQ $0x00, Z8, Z2, Z6
	VPCLMULQDQ $0x11, Z8, Z2, Z2
	VPCLMULQDQ $0x00, Z8, Z3, Z7
	VPCLMULQDQ $0x11, Z8, Z3, Z3
	VPTERNLOGQ $0x96, 0(SI), Z4, Z0 // all three, by exclusive or
	VPTERNLOGQ $0x96, 64(SI), Z5, Z1
	VPTERNLOGQ $0x96, 128(SI), Z6, Z2
	VPTERNLOGQ $0x96, 192(SI), Z7, Z3
	ADDQ       $256, SI
	SUBQ       $256, BX
	JNZ        fold256
	JMP        folded

move:
	VMOVDQU64 Z0, 0(DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	VMOVDQU64 Z3, 192(DI)
	VPXORQ    Z4, Z0, Z0
	ADDQ      $256, SI
	ADDQ      $256, DI
	SUBQ      $256, BX
	JZ        folded

move256:
	VMOVDQU64  0(SI), Z9
	VMOVDQU64  64(SI), Z10
	VMOVDQU64  128(SI), Z11
	VMOVDQU64  192(SI), Z12
	VPCLMULQDQ $0x00, Z8, Z0, Z4
	VPCLMULQDQ $0x11, Z8, Z0, Z0
	VPCLMULQDQ $0x00, Z8, Z1, Z5
	VPCLMULQDQ $0x11, Z8, Z1, Z1
	VPCLMULQDQ $0x00, Z8, Z2, Z6
	VPCLMULQDQ $0x11, Z8, Z2, Z2
	VPCLMULQDQ $0x00, Z8, Z3, Z7
	VPCLMULQDQ $0x11, Z8, Z3, Z3
	VMOVDQU64  Z9, 0(DI)
	VMOVDQU64  Z10, 64(DI)
	VMOVDQU64  Z11, 128(DI)
	VMOVDQU64  Z12, 192(DI)
	VPTERNLOGQ $0x96, Z9, Z4, Z0
	VPTERNLOGQ $0x96, Z10, Z5, Z1
	VPTERNLOGQ $0x96, Z11, Z6, Z2
	VPTERNLOGQ $0x96, Z12, Z7, Z3
	ADDQ       $256, SI
	ADDQ       $256, DI
	SUBQ       $256, BX
	JNZ        move256

folded:
	// The first three go to the last one.
	VBROADCASTI32X4 (wide1536*16)(AX), Z8
	VPCLMULQDQ      $0x00, Z8, Z0, Z4
	VPCLMULQDQ      $0x11, Z8, Z0, Z0
	VBROADCASTI32X4 (wide1024*16)(AX), Z8
	VPCLMULQDQ      $0x00, Z8, Z1, Z5
	VPCLMULQDQ      $0x11, Z8, Z1, Z1
	VBROADCASTI32X4 (wide512*16)(AX), Z8
	VPCLMULQDQ      $0x00, Z8, Z2, Z6
	VPCLMULQDQ      $0x11, Z8, Z2, Z2
	VPTERNLOGQ      $0x96, Z4, Z0, Z3
	VPTERNLOGQ      $0x96, Z5, Z1, Z3
	VPTERNLOGQ      $0x96, Z6, Z2, Z3

	// Of its four parts the first three go to the last one, for which wideLanes holds zeros.
	VMOVDQU64      (wideLanes*16)(AX), Z8
	VEXTRACTI32X4  $3, Z3, X2
	VPCLMULQDQ     $0x00, Z8, Z3, Z4
	VPCLMULQDQ     $0x11, Z8, Z3, Z3
	VPXORQ         Z4, Z3, Z3
	VEXTRACTI64X4  $1, Z3, Y4
	VPXOR          Y4, Y3, Y3
	VEXTRACTI128   $1, Y3, X4
	VPXOR          X4, X3, X0
	VPXOR          X2, X0, X0
	VZEROUPPER
	FINISH
	MOVW AX, ret+48(FP)
	RET

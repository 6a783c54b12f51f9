// SPDX-License-Identifier: Apache-2.0

//go:build !purego

#include "textflag.h"

// func prefetch(line unsafe.Pointer)
TEXT ·prefetch(SB), NOSPLIT, $0-8
	MOVQ       line+0(FP), AX
	PREFETCHT0 (AX)
	RET

// func prefetchEnd(end unsafe.Pointer)
TEXT ·prefetchEnd(SB), NOSPLIT, $0-8
	MOVQ       end+0(FP), AX
	PREFETCHT0 -64(AX)
	PREFETCHT0 0(AX)
	PREFETCHT0 64(AX)
	RET

// func prefetchRecord(record unsafe.Pointer)
TEXT ·prefetchRecord(SB), NOSPLIT, $0-8
	MOVQ       record+0(FP), AX
	PREFETCHT0 0(AX)
	PREFETCHT0 64(AX)
	PREFETCHT0 128(AX)
	RET

// func prefetchPage(end unsafe.Pointer, size int)
TEXT ·prefetchPage(SB), NOSPLIT, $0-16
	MOVQ       end+0(FP), AX
	MOVQ       size+8(FP), BX
	PREFETCHT0 -64(AX)
	PREFETCHT0 0(AX)
	ADDQ       $16, AX // the end of the page
	SUBQ       BX, AX
	MOVQ       $1024, CX
	CMPQ       BX, CX
	CMOVQGT    CX, BX

front:
	PREFETCHT0 (AX)
	ADDQ       $64, AX
	SUBQ       $64, BX
	JGT        front
	RET

// func prefetchSpan(start unsafe.Pointer, size int)
TEXT ·prefetchSpan(SB), NOSPLIT, $0-16
	MOVQ start+0(FP), AX
	MOVQ size+8(FP), BX

span:
	PREFETCHT0 (AX)
	ADDQ       $64, AX
	SUBQ       $64, BX
	JGT        span
	RET

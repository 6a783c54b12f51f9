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

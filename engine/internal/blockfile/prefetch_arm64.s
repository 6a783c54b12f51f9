// SPDX-License-Identifier: Apache-2.0

//go:build !purego

#include "textflag.h"

// func prefetch(line unsafe.Pointer)
TEXT ·prefetch(SB), NOSPLIT, $0-8
	MOVD line+0(FP), R0
	PRFM (R0), PLDL1KEEP
	RET

// func prefetchEnd(end unsafe.Pointer)
TEXT ·prefetchEnd(SB), NOSPLIT, $0-8
	MOVD end+0(FP), R0
	SUB  $64, R0, R1
	PRFM (R1), PLDL1KEEP
	PRFM (R0), PLDL1KEEP
	PRFM 64(R0), PLDL1KEEP
	RET

// func prefetchRecord(record unsafe.Pointer)
TEXT ·prefetchRecord(SB), NOSPLIT, $0-8
	MOVD record+0(FP), R0
	PRFM (R0), PLDL1KEEP
	PRFM 64(R0), PLDL1KEEP
	PRFM 128(R0), PLDL1KEEP
	RET

// func prefetchPage(end unsafe.Pointer, size int)
TEXT ·prefetchPage(SB), NOSPLIT, $0-16
	MOVD end+0(FP), R0
	MOVD size+8(FP), R2
	SUB  $64, R0, R1
	PRFM (R1), PLDL1KEEP
	PRFM (R0), PLDL1KEEP
	ADD  $16, R0 // the end of the page
	SUB  R2, R0
	MOVD $1024, R3
	CMP  R3, R2
	CSEL GT, R3, R2, R2

front:
	PRFM (R0), PLDL1KEEP
	ADD  $64, R0
	SUBS $64, R2, R2
	BGT  front
	RET

// func prefetchSpan(start unsafe.Pointer, size int)
TEXT ·prefetchSpan(SB), NOSPLIT, $0-16
	MOVD start+0(FP), R0
	MOVD size+8(FP), R2

span:
	PRFM (R0), PLDL1KEEP
	ADD  $64, R0
	SUBS $64, R2, R2
	BGT  span
	RET

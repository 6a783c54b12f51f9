/* SPDX-License-Identifier: Apache-2.0
**
** What the C side of the library and its Go side share: the structures that a program sees as opaque, which lie
** in the memory of its environment, and the functions by which each side calls the other.
**
** The C side owns these structures and serves what needs no engine: rows of a block, checks of arguments. The Go
** side fills blocks in place. pGo is a Go object that stays where it is until its structure is freed.
*/
#ifndef LSMLITE_ABI_H
#define LSMLITE_ABI_H

#include <stdint.h>
#include <stddef.h>
#include "lsmlite.h"

struct lsm_db {
  lsm_env *pEnv;
  void *pGo;
  uint64_t nChange; /* of what its cursors show: a block of another number is out of date */
  int nCsr;
  int nStmt;
  int64_t nWorked;  /* grows when a call has written to the file */
  char *zErr;       /* the last message that was asked for */
  void (*xWork)(lsm_db*, void*);
  void *pWorkCtx;
  void (*xLog)(void*, int, const char*);
  void *pLogCtx;
  lsm_compress compress;
  lsm_compress_factory factory;
  int bInFactory;
};

/* What moves of a cursor are allowed. */
#define CSR_NEXT 1
#define CSR_PREV 2
#define CSR_SCAN 4 /* of lsmlite_scan: next is the only move */

struct lsm_cursor {
  lsm_db *pDb;
  void *pGo;
  unsigned eMoves;
  uint32_t iRow, nRow; /* the current row of the block; none if they are equal */
  uint64_t nChange;    /* of the handle when the block was filled */
  int bLast;           /* no rows follow the block */
  int bTaken;          /* lsmlite_csr_rows has handed out the block: the cursor is past it */
  int bLong;           /* the value of the row, the only one of the block, is not in it */
  int bBare;           /* the row has no value */
  int bFailed;         /* the last move has failed: Go has the error, and there is no row until the next one */
  uint32_t nStep;      /* how many rows the block could have: 1, 8, 16 and so on to 256 */
  uint32_t *aOff;      /* of the rows: 2*nRoom+1 */
  uint32_t nRoom;
  unsigned char *aByte;
  size_t nByteRoom;
  unsigned char *pLong; /* the row of bLong, once it is loaded: key and value */
  uint32_t aLongOff[3];
};

struct lsmlite_stmt {
  lsm_db *pDb;
  void *pGo;
  int nCol;
  char **azCol;
  struct lsmlite_cell *aCell; /* nCol of them */
  int bRow;                   /* there is a current row */
};

/* A value of a row of a statement. */
typedef struct lsmlite_cell {
  int bKnown; /* Go has filled it for the current row */
  int eType;
  int nByte;
  lsm_i64 i;
  double r;
  unsigned char *p; /* with a NUL after its end */
  size_t nRoom;
} lsmlite_cell;

typedef int (*lsmliteProgress)(void*, lsm_i64, lsm_i64);
typedef void (*lsmliteLog)(void*, int, const char*);

#define MAX_BLOCK_ROWS  256
#define MAX_BLOCK_BYTES 65536

/* Errors that C finds: each is kept as the handle's last one, with its sentence, and returned. NULL: there is no handle. */
int lsmliteMisuse(lsm_db*, const char *zOp, const char *zDetail);
int lsmliteNoMem(lsm_db*);

/* C functions that Go calls. */
int lsmliteIsDefaultFiles(lsm_env*);
int lsmliteRoom(lsm_cursor*, uint32_t nRow, size_t nByte); /* LSM_OK or LSM_NOMEM; the bytes are not kept */
int lsmliteColumns(lsmlite_stmt*, int nCol); /* makes room for names, all of them NULL, and cells */
int lsmliteCellRoom(lsmlite_stmt*, lsmlite_cell*, size_t nByte);
int lsmliteCallFullpath(lsm_env*, const char*, char*, int*);
int lsmliteCallOpen(lsm_env*, const char*, int, lsm_file**);
int lsmliteCallRead(lsm_env*, lsm_file*, lsm_i64, void*, int);
int lsmliteCallWrite(lsm_env*, lsm_file*, lsm_i64, void*, int);
int lsmliteCallTruncate(lsm_env*, lsm_file*, lsm_i64);
int lsmliteCallSync(lsm_env*, lsm_file*);
int lsmliteCallSectorSize(lsm_env*, lsm_file*);
int lsmliteCallLength(lsm_env*, lsm_file*, lsm_i64*);
int lsmliteCallFileid(lsm_env*, lsm_file*, void*, int*);
int lsmliteCallClose(lsm_env*, lsm_file*);
int lsmliteCallUnlink(lsm_env*, const char*);
int lsmliteCallLock(lsm_env*, lsm_file*, int, int);
int lsmliteCallTestLock(lsm_env*, lsm_file*, int, int, int);
int lsmliteCallBound(lsm_compress*, int);
int lsmliteCallCompress(lsm_compress*, char*, int*, const char*, int);
int lsmliteCallUncompress(lsm_compress*, char*, int*, const char*, int);
int lsmliteCallFactory(lsm_db*, unsigned int);
void lsmliteCallLog(void (*xLog)(void*, int, const char*), void *pCtx, int rc, const char *zMsg);
int lsmliteCallProgress(int (*xProgress)(void*, lsm_i64, lsm_i64), void *pCtx, lsm_i64 nDone, lsm_i64 nTotal);

#endif

// SPDX-License-Identifier: Apache-2.0

// Cursors. A cursor has a block of rows that one call of Go has filled. What can be answered from it is answered
// here: a call of Go costs more than a row.
//
// Invariants: the current row is iRow of the nRow rows of the block, none if they are equal. The engine's cursor
// stands on the last row of the block, or past it. A block whose nChange is not the handle's is of a state before
// the handle wrote: its current row stays, and a move finds its place again by the key of that. A move that failed has
// no row, and its error is that of each call until the cursor is moved to a place.

#include <string.h>

#include "abi.h"
#include "_cgo_export.h"

static const char zNoPlace[] = "the pointer to the result is NULL";
static const char zNoRow[] = "the cursor is not on a row";
static const char zNoBytes[] = "a length is negative, or has no bytes";
static const char zScan[] = "the cursor of lsmlite_scan only moves to the next row";

// misuse is lsmliteMisuse of the cursor's handle.
static int misuse(lsm_cursor *p, const char *zOp, const char *zDetail){
  return lsmliteMisuse(p ? p->pDb : 0, zOp, zDetail);
}

int lsm_csr_open(lsm_db *pDb, lsm_cursor **ppCsr){
  int rc;
  lsm_cursor *p;
  if( ppCsr==0 ) return lsmliteMisuse(pDb, "cursor", zNoPlace);
  *ppCsr = 0;
  if( pDb==0 ) return LSM_MISUSE;
  p = lsm_malloc(pDb->pEnv, sizeof(*p));
  if( p==0 ) return lsmliteNoMem(pDb);
  memset(p, 0, sizeof(*p));
  p->pDb = pDb;
  rc = lsmliteGoCursorOpen(pDb->pGo, p);
  if( rc ){
    lsm_free(pDb->pEnv, p);
    return rc;
  }
  pDb->nCsr++;
  *ppCsr = p;
  return LSM_OK;
}

int lsm_csr_close(lsm_cursor *p){
  if( p ){
    lsm_db *pDb = p->pDb;
    lsmliteGoCursorClose(p->pGo);
    lsm_free(pDb->pEnv, p->aOff);
    lsm_free(pDb->pEnv, p->aByte);
    lsm_free(pDb->pEnv, p->pLong);
    lsm_free(pDb->pEnv, p);
    pDb->nCsr--;
  }
  return LSM_OK;
}

// lsmliteRoom makes room for a block. It runs in a call of Go.
int lsmliteRoom(lsm_cursor *p, uint32_t nRow, size_t nByte){
  lsm_env *pEnv = p->pDb->pEnv;
  if( p->nRoom<nRow ){
    uint32_t *a = lsm_malloc(pEnv, (2*(size_t)nRow+1)*sizeof(uint32_t));
    if( a==0 ) return LSM_NOMEM;
    lsm_free(pEnv, p->aOff);
    p->aOff = a;
    p->nRoom = nRow;
  }
  if( p->nByteRoom<nByte ){
    unsigned char *a = lsm_malloc(pEnv, nByte);
    if( a==0 ) return LSM_NOMEM;
    lsm_free(pEnv, p->aByte);
    p->aByte = a;
    p->nByteRoom = nByte;
  }
  return LSM_OK;
}

static void dropLong(lsm_cursor *p){
  if( p->pLong ){
    lsm_free(p->pDb->pEnv, p->pLong);
    p->pLong = 0;
  }
}

// step moves on from the current row, in the direction that the last seek has set. From a row that was sought alone,
// there is none.
static int step(lsm_cursor *p){
  if( p->iRow>=p->nRow ) return LSM_OK;
  if( !(p->eMoves & (CSR_NEXT|CSR_PREV)) ){
    p->iRow = p->nRow;
    return LSM_OK;
  }
  dropLong(p);
  if( p->nChange==p->pDb->nChange ){
    if( p->iRow+1<p->nRow ){
      p->iRow++;
      return LSM_OK;
    }
    if( p->bLast ){
      p->iRow = p->nRow;
      return LSM_OK;
    }
  }
  return lsmliteGoCursorMore(p->pGo);
}

// settle makes the row after a block that was handed out the current one.
static int settle(lsm_cursor *p){
  if( p->bFailed ) return lsmliteGoCursorError(p->pGo);
  if( !p->bTaken ) return LSM_OK;
  p->bTaken = 0;
  p->iRow = p->nRow-1;
  return step(p);
}

int lsm_csr_seek(lsm_cursor *p, const void *pKey, int nKey, int eSeek){
  if( p==0 || nKey<0 || (pKey==0 && nKey>0) ) return misuse(p, "seek", zNoBytes);
  if( eSeek<LSM_SEEK_LEFAST || eSeek>LSM_SEEK_GE ) return misuse(p, "seek", "there is no such way to seek");
  if( p->eMoves & CSR_SCAN ) return misuse(p, "seek", zScan);
  unsigned char *pLong = p->pLong; /* the key may be in it */
  p->pLong = 0;
  p->bTaken = 0;
  p->eMoves = eSeek==LSM_SEEK_GE ? CSR_NEXT : eSeek==LSM_SEEK_LE ? CSR_PREV : 0;
  int rc = lsmliteGoCursorSeek(p->pGo, (void*)pKey, nKey, eSeek);
  lsm_free(p->pDb->pEnv, pLong);
  return rc;
}

static int toEnd(lsm_cursor *p, int bLast){
  if( p==0 || (p->eMoves & CSR_SCAN) ) return misuse(p, "seek", zScan);
  dropLong(p);
  p->bTaken = 0;
  p->eMoves = bLast ? CSR_PREV : CSR_NEXT;
  return lsmliteGoCursorEnd(p->pGo, bLast);
}

int lsm_csr_first(lsm_cursor *p){ return toEnd(p, 0); }
int lsm_csr_last(lsm_cursor *p){ return toEnd(p, 1); }

static int move(lsm_cursor *p, unsigned eMove){
  int rc;
  if( p && p->bFailed ) return settle(p); /* whatever moves the failed one allowed */
  if( p==0 || !(p->eMoves & eMove) ){
    return misuse(p, eMove==CSR_NEXT ? "next" : "prev", p && (p->eMoves & CSR_SCAN) ? zScan :
        eMove==CSR_NEXT ? "only after lsm_csr_first and LSM_SEEK_GE" : "only after lsm_csr_last and LSM_SEEK_LE");
  }
  rc = settle(p);
  return rc ? rc : step(p);
}

int lsm_csr_next(lsm_cursor *p){ return move(p, CSR_NEXT); }
int lsm_csr_prev(lsm_cursor *p){ return move(p, CSR_PREV); }

// What settle finds out about an error, the next call that can return it returns.
int lsm_csr_valid(lsm_cursor *p){
  return p && settle(p)==LSM_OK && p->iRow<p->nRow;
}

int lsm_csr_key(lsm_cursor *p, const void **ppKey, int *pnKey){
  int rc = p ? settle(p) : LSM_MISUSE;
  if( rc==LSM_OK && p->iRow>=p->nRow ) rc = misuse(p, "key", zNoRow);
  if( rc==LSM_OK && (ppKey==0 || pnKey==0) ) rc = misuse(p, "key", zNoPlace);
  if( rc ){
    if( ppKey ) *ppKey = 0;
    if( pnKey ) *pnKey = 0;
    return rc;
  }
  const uint32_t *a = p->aOff + 2*(size_t)p->iRow;
  *ppKey = p->aByte + a[0];
  *pnKey = (int)(a[1]-a[0]);
  return LSM_OK;
}

int lsm_csr_value(lsm_cursor *p, const void **ppVal, int *pnVal){
  int rc = p ? settle(p) : LSM_MISUSE;
  if( rc==LSM_OK && p->iRow>=p->nRow ) rc = misuse(p, "value", zNoRow);
  if( rc==LSM_OK && p->bBare ) rc = misuse(p, "value", "LSM_SEEK_LEFAST finds no value");
  if( rc==LSM_OK && (ppVal==0 || pnVal==0) ) rc = misuse(p, "value", zNoPlace);
  if( rc==LSM_OK && p->bLong && p->pLong==0 ) rc = lsmliteGoCursorLong(p->pGo);
  if( rc ){
    if( ppVal ) *ppVal = 0;
    if( pnVal ) *pnVal = 0;
    return rc;
  }
  const unsigned char *aByte = p->bLong ? p->pLong : p->aByte;
  const uint32_t *a = p->bLong ? p->aLongOff : p->aOff + 2*(size_t)p->iRow;
  *ppVal = aByte + a[1];
  *pnVal = (int)(a[2]-a[1]);
  return LSM_OK;
}

int lsm_csr_cmp(lsm_cursor *p, const void *pKey, int nKey, int *piRes){
  const void *pMine;
  int nMine, rc, res;
  if( piRes==0 ) return misuse(p, "compare", zNoPlace);
  if( nKey<0 || (pKey==0 && nKey>0) ) return misuse(p, "compare", zNoBytes);
  rc = lsm_csr_key(p, &pMine, &nMine);
  if( rc ) return rc;
  res = nMine<nKey ? nMine : nKey;
  res = res ? memcmp(pMine, pKey, res) : 0;
  *piRes = res ? res : nMine-nKey;
  return LSM_OK;
}

int lsmlite_scan(lsm_db *pDb, const void *pFrom, int nFrom, const void *pTo, int nTo, int flags, lsm_cursor **ppCsr){
  lsm_cursor *p;
  int rc;
  if( ppCsr==0 ) return lsmliteMisuse(pDb, "scan", zNoPlace);
  *ppCsr = 0;
  if( (pFrom && nFrom<0) || (pTo && nTo<0) ) return lsmliteMisuse(pDb, "scan", zNoBytes);
  if( flags & ~15 ) return lsmliteMisuse(pDb, "scan", "there are no such flags");
  rc = lsm_csr_open(pDb, &p);
  if( rc ) return rc;
  p->eMoves = CSR_NEXT | CSR_SCAN;
  rc = lsmliteGoCursorScan(p->pGo, (void*)pFrom, nFrom, (void*)pTo, nTo, flags);
  if( rc ){
    lsm_csr_close(p);
    return rc;
  }
  *ppCsr = p;
  return LSM_OK;
}

int lsmlite_csr_rows(lsm_cursor *p, lsmlite_rows *pRows){
  int rc;
  if( pRows==0 ) return misuse(p, "rows", zNoPlace);
  memset(pRows, 0, sizeof(*pRows));
  rc = p ? settle(p) : LSM_MISUSE;
  if( rc ) return rc;
  if( p->bBare ) return misuse(p, "rows", "LSM_SEEK_LEFAST finds no value");
  if( p->iRow>=p->nRow ) return LSM_OK;
  if( p->bLong ){
    if( p->pLong==0 && (rc = lsmliteGoCursorLong(p->pGo))!=LSM_OK ) return rc;
    pRows->aOff = p->aLongOff;
    pRows->aByte = p->pLong;
  }else{
    pRows->aOff = p->aOff + 2*(size_t)p->iRow;
    pRows->aByte = p->aByte;
  }
  if( p->nChange!=p->pDb->nChange ) p->nRow = p->iRow+1; /* the others may have changed; this one stays as it is */
  pRows->nRow = p->nRow - p->iRow;
  p->bTaken = 1;
  return LSM_OK;
}

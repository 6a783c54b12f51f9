// SPDX-License-Identifier: Apache-2.0

// Statements. The values of a row are fetched one by one, when the program asks, and stay until the next step.

#include <string.h>

#include "abi.h"
#include "_cgo_export.h"

int lsmlite_prepare(lsm_db *pDb, const char *zSql, int nSql, lsmlite_stmt **pp){
  lsmlite_stmt *p;
  int rc;
  if( pp==0 ) return lsmliteMisuse(pDb, "prepare", "the pointer to the statement is NULL");
  *pp = 0;
  if( pDb==0 || zSql==0 ) return lsmliteMisuse(pDb, "prepare", "the text is NULL");
  if( nSql<0 ) nSql = (int)strlen(zSql);
  p = lsm_malloc(pDb->pEnv, sizeof(*p));
  if( p==0 ) return lsmliteNoMem(pDb);
  memset(p, 0, sizeof(*p));
  p->pDb = pDb;
  rc = lsmliteGoPrepare(pDb->pGo, (char*)zSql, nSql, p);
  if( rc ){
    lsm_free(pDb->pEnv, p);
    return rc;
  }
  pDb->nStmt++;
  *pp = p;
  return LSM_OK;
}

// dropColumns frees the names and cells.
static void dropColumns(lsmlite_stmt *p){
  lsm_env *pEnv = p->pDb->pEnv;
  int i;
  for(i=0; i<p->nCol; i++){
    lsm_free(pEnv, p->azCol[i]);
    lsm_free(pEnv, p->aCell[i].p);
  }
  lsm_free(pEnv, p->azCol);
  lsm_free(pEnv, p->aCell);
  p->azCol = 0;
  p->aCell = 0;
  p->nCol = 0;
}

int lsmliteColumns(lsmlite_stmt *p, int nCol){
  dropColumns(p);
  if( nCol==0 ) return LSM_OK;
  p->azCol = lsm_malloc(p->pDb->pEnv, nCol*sizeof(char*));
  p->aCell = lsm_malloc(p->pDb->pEnv, nCol*sizeof(lsmlite_cell));
  if( p->azCol==0 || p->aCell==0 ){
    dropColumns(p);
    return LSM_NOMEM;
  }
  memset(p->azCol, 0, nCol*sizeof(char*));
  memset(p->aCell, 0, nCol*sizeof(lsmlite_cell));
  p->nCol = nCol;
  return LSM_OK;
}

int lsmliteCellRoom(lsmlite_stmt *p, lsmlite_cell *pCell, size_t n){
  unsigned char *a = lsm_malloc(p->pDb->pEnv, n);
  if( a==0 ) return LSM_NOMEM;
  lsm_free(p->pDb->pEnv, pCell->p);
  pCell->p = a;
  pCell->nRoom = n;
  return LSM_OK;
}

int lsmlite_finalize(lsmlite_stmt *p){
  if( p==0 ) return LSM_OK;
  lsm_db *pDb = p->pDb;
  int rc = lsmliteGoFinalize(p->pGo);
  dropColumns(p);
  lsm_free(pDb->pEnv, p);
  pDb->nStmt--;
  return rc;
}

int lsmlite_in_transaction(lsm_db *p){ return p ? lsmliteGoInTransaction(p->pGo) : 0; }

static int bind(lsmlite_stmt *p, int i, int eType, lsm_i64 iVal, double r, const void *a, int n){
  if( p==0 ) return LSM_MISUSE;
  return lsmliteGoBind(p->pGo, i, eType, iVal, r, (void*)a, n);
}

int lsmlite_bind_null(lsmlite_stmt *p, int i){ return bind(p, i, LSMLITE_NULL, 0, 0, 0, 0); }
int lsmlite_bind_int64(lsmlite_stmt *p, int i, lsm_i64 v){ return bind(p, i, LSMLITE_INTEGER, v, 0, 0, 0); }
int lsmlite_bind_double(lsmlite_stmt *p, int i, double r){ return bind(p, i, LSMLITE_FLOAT, 0, r, 0, 0); }

int lsmlite_bind_text(lsmlite_stmt *p, int i, const char *z, int n){
  if( p==0 || z==0 ) return lsmliteMisuse(p ? p->pDb : 0, "bind", "the text is NULL");
  return bind(p, i, LSMLITE_TEXT, 0, 0, z, n<0 ? (int)strlen(z) : n);
}

int lsmlite_bind_blob(lsmlite_stmt *p, int i, const void *a, int n){
  if( p==0 || n<0 || (a==0 && n>0) ) return lsmliteMisuse(p ? p->pDb : 0, "bind", "the length is negative, or has no bytes");
  return bind(p, i, LSMLITE_BLOB, 0, 0, a, n);
}

int lsmlite_clear_bindings(lsmlite_stmt *p){
  if( p==0 ) return LSM_MISUSE;
  return lsmliteGoClearBindings(p->pGo);
}

// forget makes the cells those of no row.
static void forget(lsmlite_stmt *p){
  int i;
  p->bRow = 0;
  for(i=0; i<p->nCol; i++) p->aCell[i].bKnown = 0;
}

int lsmlite_step(lsmlite_stmt *p){
  if( p==0 ) return LSM_MISUSE;
  lsm_db *pDb = p->pDb;
  int64_t n = pDb->nWorked;
  forget(p);
  int rc = lsmliteGoStep(p->pGo);
  p->bRow = rc==LSMLITE_ROW;
  if( pDb->xWork && pDb->nWorked!=n ) pDb->xWork(pDb, pDb->pWorkCtx);
  return rc;
}

int lsmlite_reset(lsmlite_stmt *p){
  if( p==0 ) return LSM_MISUSE;
  forget(p);
  return lsmliteGoReset(p->pGo);
}

int lsmlite_column_count(lsmlite_stmt *p){ return p ? p->nCol : 0; }

const char *lsmlite_column_name(lsmlite_stmt *p, int i){
  return p && i>=0 && i<p->nCol ? p->azCol[i] : 0;
}

// cell returns a value of the current row, NULL if there is no such one.
static lsmlite_cell *cell(lsmlite_stmt *p, int i){
  if( p==0 || !p->bRow || i<0 || i>=p->nCol ) return 0;
  lsmlite_cell *c = &p->aCell[i];
  if( !c->bKnown ){
    if( lsmliteGoCell(p->pGo, i, c) ) return 0;
    c->bKnown = 1;
  }
  return c;
}

int lsmlite_column_type(lsmlite_stmt *p, int i){
  lsmlite_cell *c = cell(p, i);
  return c ? c->eType : LSMLITE_NULL;
}

lsm_i64 lsmlite_column_int64(lsmlite_stmt *p, int i){
  lsmlite_cell *c = cell(p, i);
  return c ? c->i : 0;
}

double lsmlite_column_double(lsmlite_stmt *p, int i){
  lsmlite_cell *c = cell(p, i);
  return c ? c->r : 0;
}

const void *lsmlite_column_bytes(lsmlite_stmt *p, int i, int *pn){
  lsmlite_cell *c = cell(p, i);
  int bBytes = c && (c->eType==LSMLITE_TEXT || c->eType==LSMLITE_BLOB);
  if( pn ) *pn = bBytes ? c->nByte : 0;
  return bBytes ? c->p : 0;
}

lsm_i64 lsmlite_changes(lsmlite_stmt *p){ return p ? lsmliteGoChanges(p->pGo) : 0; }

// SPDX-License-Identifier: Apache-2.0

// Calls of functions that the program supplies, for the Go side, which cannot call through a pointer.

#include "abi.h"

int lsmliteCallFullpath(lsm_env *e, const char *z, char *zOut, int *pn){ return e->xFullpath(e, z, zOut, pn); }
int lsmliteCallOpen(lsm_env *e, const char *z, int flags, lsm_file **pp){ return e->xOpen(e, z, flags, pp); }
int lsmliteCallRead(lsm_env *e, lsm_file *f, lsm_i64 i, void *p, int n){ return e->xRead(f, i, p, n); }
int lsmliteCallWrite(lsm_env *e, lsm_file *f, lsm_i64 i, void *p, int n){ return e->xWrite(f, i, p, n); }
int lsmliteCallTruncate(lsm_env *e, lsm_file *f, lsm_i64 n){ return e->xTruncate(f, n); }
int lsmliteCallSync(lsm_env *e, lsm_file *f){ return e->xSync(f); }
int lsmliteCallSectorSize(lsm_env *e, lsm_file *f){ return e->xSectorSize ? e->xSectorSize(f) : 512; }
int lsmliteCallFileid(lsm_env *e, lsm_file *f, void *p, int *pn){ return e->xFileid ? e->xFileid(f, p, pn) : LSM_ERROR; }
int lsmliteCallClose(lsm_env *e, lsm_file *f){ return e->xClose(f); }
int lsmliteCallUnlink(lsm_env *e, const char *z){ return e->xUnlink(e, z); }
int lsmliteCallLock(lsm_env *e, lsm_file *f, int i, int eLock){ return e->xLock(f, i, eLock); }
int lsmliteCallTestLock(lsm_env *e, lsm_file *f, int i, int n, int eLock){ return e->xTestLock(f, i, n, eLock); }

// lsmliteCallLength finds out how long a file is: mapping it says so. Nothing stays mapped.
int lsmliteCallLength(lsm_env *e, lsm_file *f, lsm_i64 *pn){
  void *pMap = 0;
  lsm_i64 n = 0;
  int rc;
  *pn = 0;
  if( e->xRemap==0 ) return LSM_ERROR;
  rc = e->xRemap(f, 0, &pMap, pn);
  e->xRemap(f, -1, &pMap, &n);
  return rc;
}

int lsmliteCallBound(lsm_compress *p, int n){ return p->xBound(p->pCtx, n); }
int lsmliteCallCompress(lsm_compress *p, char *pOut, int *pn, const char *pIn, int n){
  return p->xCompress(p->pCtx, pOut, pn, pIn, n);
}
int lsmliteCallUncompress(lsm_compress *p, char *pOut, int *pn, const char *pIn, int n){
  return p->xUncompress(p->pCtx, pOut, pn, pIn, n);
}

int lsmliteCallFactory(lsm_db *pDb, unsigned int iId){
  int rc;
  if( pDb->factory.xFactory==0 || pDb->bInFactory ) return LSM_MISMATCH;
  pDb->bInFactory = 1;
  rc = pDb->factory.xFactory(pDb->factory.pCtx, pDb, iId);
  pDb->bInFactory = 0;
  return rc;
}

void lsmliteCallLog(void (*xLog)(void*, int, const char*), void *pCtx, int rc, const char *zMsg){ xLog(pCtx, rc, zMsg); }

int lsmliteCallProgress(int (*xProgress)(void*, lsm_i64, lsm_i64), void *pCtx, lsm_i64 nDone, lsm_i64 nTotal){
  return xProgress(pCtx, nDone, nTotal);
}

// SPDX-License-Identifier: Apache-2.0

// Handles: their life, settings, facts, transactions and writes. Here arguments are checked and taken from lists
// of unknown length, which Go cannot read; Go does the rest.

#include <stdarg.h>
#include <string.h>

#include "abi.h"
#include "_cgo_export.h"

int lsmliteMisuse(lsm_db *p, const char *zOp, const char *zDetail){
  return p ? lsmliteGoRefuse(p->pGo, LSM_MISUSE, (char*)zOp, (char*)zDetail) : LSM_MISUSE;
}

int lsmliteNoMem(lsm_db *p){ return p ? lsmliteGoRefuse(p->pGo, LSM_NOMEM, "", "") : LSM_NOMEM; }

// badBytes returns whether bytes are none that could be there.
static int badBytes(const void *p, int n){ return n<0 || (p==0 && n>0); }

static const char zNoBytes[] = "a length is negative, or has no bytes";
static const char zNoPlace[] = "the pointer to the result is NULL";
static const char zNoList[] = "the number of rows is negative, or an array is NULL";

int lsm_new(lsm_env *pEnv, lsm_db **ppDb){
  lsm_db *p;
  if( ppDb==0 ) return LSM_MISUSE;
  *ppDb = 0;
  if( pEnv==0 ) pEnv = lsm_default_env();
  p = lsm_malloc(pEnv, sizeof(*p));
  if( p==0 ) return LSM_NOMEM;
  memset(p, 0, sizeof(*p));
  p->pEnv = pEnv;
  p->compress.iId = LSM_COMPRESSION_NONE;
  p->pGo = lsmliteGoNew(p);
  *ppDb = p;
  return LSM_OK;
}

int lsm_open(lsm_db *p, const char *zFile){
  if( p==0 || zFile==0 ) return lsmliteMisuse(p, "open", "the name of the file is NULL");
  return lsmliteGoOpen(p->pGo, (char*)zFile);
}

// lsmlite_close: LSM_MISUSE says that the handle is still there, and nothing else does.
int lsmlite_close(lsm_db *p, char **pzMsg){
  int rc;
  if( pzMsg ) *pzMsg = 0;
  if( p==0 ) return LSM_OK;
  if( p->bInFactory ) return lsmliteMisuse(p, "close", "the factory of the handle is running");
  if( p->nCsr || p->nStmt ) return lsmliteMisuse(p, "close", "close the cursors and finalize the statements of the handle first");
  rc = lsmliteGoMayClose(p->pGo);
  if( rc ) return rc;
  rc = lsmliteGoClose(p->pGo, pzMsg);
  if( p->factory.xFree ) p->factory.xFree(p->factory.pCtx);
  if( p->compress.xFree ) p->compress.xFree(p->compress.pCtx);
  lsm_free(p->pEnv, p->zErr);
  lsm_free(p->pEnv, p);
  return rc;
}

int lsm_close(lsm_db *p){
  int rc = lsmlite_close(p, 0);
  return rc==LSM_IOERR_NOENT ? rc : rc & 0xff;
}

lsm_env *lsm_get_env(lsm_db *p){ return p ? p->pEnv : lsm_default_env(); }

// setHooks replaces the hooks for compression. No hooks of the old ones run any more once the file is let go.
static int setHooks(lsm_db *p, const lsm_compress *pNew){
  int rc;
  if( pNew->xBound && (pNew->xCompress==0 || pNew->xUncompress==0) ){
    return lsmliteMisuse(p, "config", "xBound is set, and xCompress or xUncompress is not");
  }
  rc = lsmliteGoMayHook(p->pGo, pNew->xBound ? pNew->iId : LSM_COMPRESSION_NONE);
  if( rc ) return rc;
  if( p->compress.xFree ) p->compress.xFree(p->compress.pCtx);
  memset(&p->compress, 0, sizeof(p->compress));
  p->compress.iId = LSM_COMPRESSION_NONE;
  if( pNew->xBound ) p->compress = *pNew;
  return LSM_OK;
}

int lsm_config(lsm_db *p, int eParam, ...){
  int rc = LSM_OK;
  va_list ap;
  if( p==0 ) return LSM_MISUSE;
  va_start(ap, eParam);
  switch( eParam ){
    case LSM_CONFIG_SET_COMPRESSION: {
      lsm_compress *pHooks = va_arg(ap, lsm_compress*);
      rc = pHooks ? setHooks(p, pHooks) : lsmliteMisuse(p, "config", "the pointer to the hooks is NULL");
      break;
    }
    case LSM_CONFIG_GET_COMPRESSION: {
      lsm_compress *pHooks = va_arg(ap, lsm_compress*);
      if( pHooks ) *pHooks = p->compress; else rc = lsmliteMisuse(p, "config", zNoPlace);
      break;
    }
    case LSM_CONFIG_SET_COMPRESSION_FACTORY: {
      lsm_compress_factory *pFactory = va_arg(ap, lsm_compress_factory*);
      if( pFactory==0 || p->bInFactory ){
        rc = lsmliteMisuse(p, "config", pFactory ? "the factory is running" : "the pointer to the factory is NULL");
        break;
      }
      if( p->factory.xFree ) p->factory.xFree(p->factory.pCtx);
      p->factory = *pFactory;
      break;
    }
    default: {
      int *pVal;
      if( !lsmliteGoHasSetting(eParam) ){ rc = lsmliteMisuse(p, "config", "there is no such setting"); break; }
      pVal = va_arg(ap, int*);
      rc = pVal ? lsmliteGoConfig(p->pGo, eParam, pVal) : lsmliteMisuse(p, "config", "the pointer to the value is NULL");
    }
  }
  va_end(ap);
  return rc;
}

void lsm_config_log(lsm_db *p, void (*xLog)(void*, int, const char*), void *pCtx){
  if( p==0 ) return;
  p->xLog = xLog;
  p->pLogCtx = pCtx;
}

void lsm_config_work_hook(lsm_db *p, void (*xHook)(lsm_db*, void*), void *pCtx){
  if( p==0 ) return;
  p->xWork = xHook;
  p->pWorkCtx = pCtx;
}

// The text of a fact has a page in front of it or not; a number has one place or two.
int lsm_info(lsm_db *p, int eParam, ...){
  int rc = LSM_OK;
  va_list ap;
  if( p==0 ) return LSM_MISUSE;
  va_start(ap, eParam);
  switch( eParam ){
    case LSM_INFO_ARRAY_STRUCTURE:
    case LSM_INFO_ARRAY_PAGES:
    case LSM_INFO_PAGE_ASCII_DUMP:
    case LSM_INFO_PAGE_HEX_DUMP: {
      lsm_i64 iPage = va_arg(ap, lsm_i64);
      char **pz = va_arg(ap, char**);
      rc = pz ? lsmliteGoInfoText(p->pGo, eParam, iPage, pz) : lsmliteMisuse(p, "info", zNoPlace);
      break;
    }
    case LSM_INFO_DB_STRUCTURE:
    case LSM_INFO_LOG_STRUCTURE:
    case LSM_INFO_FREELIST: {
      char **pz = va_arg(ap, char**);
      rc = pz ? lsmliteGoInfoText(p->pGo, eParam, 0, pz) : lsmliteMisuse(p, "info", zNoPlace);
      break;
    }
    case LSM_INFO_TREE_SIZE: {
      int *pOld = va_arg(ap, int*);
      int *pLive = va_arg(ap, int*);
      rc = pOld && pLive ? lsmliteGoInfoNumber(p->pGo, eParam, pOld, pLive) : lsmliteMisuse(p, "info", zNoPlace);
      break;
    }
    case LSM_INFO_NWRITE:
    case LSM_INFO_NREAD:
    case LSM_INFO_CHECKPOINT_SIZE:
    case LSM_INFO_FREELIST_SIZE:
    case LSM_INFO_COMPRESSION_ID: {
      int *pVal = va_arg(ap, int*);
      rc = pVal ? lsmliteGoInfoNumber(p->pGo, eParam, pVal, 0) : lsmliteMisuse(p, "info", zNoPlace);
      break;
    }
    default:
      rc = lsmliteMisuse(p, "info", "there is no such fact");
  }
  va_end(ap);
  return rc;
}

int lsm_get_user_version(lsm_db *p, unsigned int *pVersion){
  if( p==0 || pVersion==0 ) return lsmliteMisuse(p, "user version", zNoPlace);
  return lsmliteGoUserVersion(p->pGo, pVersion);
}

int lsm_set_user_version(lsm_db *p, unsigned int iVersion){
  if( p==0 ) return LSM_MISUSE;
  return lsmliteGoSetUserVersion(p->pGo, iVersion);
}

// worked calls the hook if the call that has just ended has written to the file.
static int worked(lsm_db *p, int64_t nBefore, int rc){
  if( p->xWork && p->nWorked!=nBefore ) p->xWork(p, p->pWorkCtx);
  return rc;
}

int lsm_begin(lsm_db *p, int iLevel){
  if( p==0 ) return LSM_MISUSE;
  int64_t n = p->nWorked;
  return worked(p, n, lsmliteGoBegin(p->pGo, iLevel));
}

int lsm_commit(lsm_db *p, int iLevel){
  if( p==0 ) return LSM_MISUSE;
  int64_t n = p->nWorked;
  return worked(p, n, lsmliteGoCommit(p->pGo, iLevel));
}

int lsm_rollback(lsm_db *p, int iLevel){
  if( p==0 ) return LSM_MISUSE;
  return lsmliteGoRollback(p->pGo, iLevel);
}

int lsm_insert(lsm_db *p, const void *pKey, int nKey, const void *pVal, int nVal){
  if( p==0 || badBytes(pKey, nKey) || (pVal==0 && nVal>0) ) return lsmliteMisuse(p, "put", zNoBytes);
  int64_t n = p->nWorked;
  return worked(p, n, lsmliteGoPut(p->pGo, (void*)pKey, nKey, (void*)pVal, nVal));
}

int lsm_delete(lsm_db *p, const void *pKey, int nKey){ return lsm_insert(p, pKey, nKey, 0, -1); }

int lsm_delete_range(lsm_db *p, const void *pKey1, int nKey1, const void *pKey2, int nKey2){
  if( p==0 || badBytes(pKey1, nKey1) || badBytes(pKey2, nKey2) ) return lsmliteMisuse(p, "delete range", zNoBytes);
  int64_t n = p->nWorked;
  int nBoth = nKey1<nKey2 ? nKey1 : nKey2;
  int res = nBoth ? memcmp(pKey1, pKey2, nBoth) : 0;
  if( (res ? res : nKey1-nKey2)>=0 ) return LSM_OK; /* no key is between them */
  return worked(p, n, lsmliteGoDeleteRange(p->pGo, (void*)pKey1, nKey1, (void*)pKey2, nKey2));
}

int lsm_work(lsm_db *p, int nMerge, int nKB, int *pnWrite){
  if( p==0 ) return LSM_MISUSE;
  int64_t n = p->nWorked;
  return worked(p, n, lsmliteGoWork(p->pGo, nMerge, nKB, pnWrite));
}

int lsm_flush(lsm_db *p){
  if( p==0 ) return LSM_MISUSE;
  int64_t n = p->nWorked;
  return worked(p, n, lsmliteGoFlush(p->pGo));
}

int lsm_checkpoint(lsm_db *p, int *pnKB){
  if( p==0 ) return LSM_MISUSE;
  return lsmliteGoCheckpoint(p->pGo, pnKB);
}

const char *lsmlite_error_message(lsm_db *p){
  if( p==0 ) return "";
  lsm_free(p->pEnv, p->zErr);
  p->zErr = lsmliteGoErrorText(p->pGo);
  return p->zErr ? p->zErr : "";
}

int lsmlite_error_code(lsm_db *p){ return p ? lsmliteGoErrorCode(p->pGo) : LSM_OK; }

int lsmlite_get(lsm_db *p, const void *pKey, int nKey, void *pBuf, lsm_i64 nBuf, lsm_i64 *pnVal){
  if( pnVal==0 ) return lsmliteMisuse(p, "get", zNoPlace);
  *pnVal = -1;
  if( p==0 || badBytes(pKey, nKey) || nBuf<0 || (pBuf==0 && nBuf>0) ) return lsmliteMisuse(p, "get", zNoBytes);
  return lsmliteGoGet(p->pGo, (void*)pKey, nKey, pBuf, nBuf, pnVal);
}

int lsmlite_get_many(lsm_db *p, int n, const void *const *apKey, const int *anKey, void **ppVals, lsm_i64 *anVal){
  if( ppVals==0 ) return lsmliteMisuse(p, "get", zNoPlace);
  *ppVals = 0;
  if( p==0 || n<0 || (n>0 && (apKey==0 || anKey==0 || anVal==0)) ) return lsmliteMisuse(p, "get", zNoList);
  return lsmliteGoGetMany(p->pGo, n, (void*)apKey, (void*)anKey, ppVals, anVal);
}

int lsmlite_put_many(lsm_db *p, int n, const void *const *apKey, const int *anKey, const void *const *apVal, const int *anVal){
  if( p==0 || n<0 || (n>0 && (apKey==0 || anKey==0 || apVal==0 || anVal==0)) ) return lsmliteMisuse(p, "put", zNoList);
  int64_t nBefore = p->nWorked;
  return worked(p, nBefore, lsmliteGoPutMany(p->pGo, n, (void*)apKey, (void*)anKey, (void*)apVal, (void*)anVal));
}

int lsmlite_backup(lsm_db *p, const char *zFile, int flags, int (*xProgress)(void*, lsm_i64, lsm_i64), void *pCtx){
  if( p==0 || zFile==0 || (flags & ~LSMLITE_BACKUP_REPLACE) ){
    return lsmliteMisuse(p, "backup", zFile ? "there are no such flags" : "the name of the file is NULL");
  }
  return lsmliteGoBackup(p->pGo, (char*)zFile, flags, xProgress, pCtx);
}

int lsmlite_key(lsm_db *p, int eKind, const void *pKey, int nKey){
  if( p==0 || badBytes(pKey, nKey) ) return lsmliteMisuse(p, "key", zNoBytes);
  return lsmliteGoKey(p->pGo, eKind, (void*)pKey, nKey);
}

const char *lsmlite_version(void){ return "0.1.0"; }

void lsmlite_open_count(int *pnDb, int *pnCsr, int *pnStmt){ lsmliteGoOpenCount(pnDb, pnCsr, pnStmt); }

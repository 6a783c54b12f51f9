// SPDX-License-Identifier: Apache-2.0

// The default environment: files, memory and mutexes of the operating system. The library itself reads files
// through Go if an environment has these file functions; a program that wraps them gets what they do here.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi.h"

typedef struct sysFile {
  int fd;
  void *pMap;
  size_t nMap;
} sysFile;

static int ioError(void){ return errno==ENOSPC ? LSM_FULL : LSM_IOERR; }

// sysFullpath makes a path absolute. It resolves no links, as the file may not exist yet.
static int sysFullpath(lsm_env *pEnv, const char *zFile, char *zOut, int *pnOut){
  (void)pEnv;
  size_t nDir = 0, nFile = strlen(zFile), nAll;
  char *zDir = 0;
  if( zFile[0]!='/' ){
    zDir = getcwd(0, 0);
    if( zDir==0 ) return LSM_IOERR;
    nDir = strlen(zDir) + 1;
  }
  nAll = nDir + nFile + 1;
  if( nAll>INT_MAX ){ free(zDir); return LSM_IOERR; }
  if( (size_t)*pnOut>=nAll && zOut ){
    if( zDir ){ memcpy(zOut, zDir, nDir-1); zOut[nDir-1] = '/'; }
    memcpy(zOut+nDir, zFile, nFile+1);
  }
  *pnOut = (int)nAll;
  free(zDir);
  return LSM_OK;
}

static int sysOpen(lsm_env *pEnv, const char *zFile, int flags, lsm_file **ppFile){
  (void)pEnv;
  sysFile *p = calloc(1, sizeof(*p));
  *ppFile = 0;
  if( p==0 ) return LSM_NOMEM;
  p->fd = open(zFile, O_CLOEXEC|((flags & LSM_OPEN_READONLY) ? O_RDONLY : O_RDWR|O_CREAT), 0644);
  if( p->fd<0 ){
    int rc = errno==ENOENT ? LSM_IOERR_NOENT : ioError();
    free(p);
    return rc;
  }
  *ppFile = (lsm_file*)p;
  return LSM_OK;
}

static int sysRead(lsm_file *pFile, lsm_i64 iOff, void *pBuf, int nBuf){
  sysFile *p = (sysFile*)pFile;
  char *a = pBuf;
  while( nBuf>0 ){
    ssize_t n = pread(p->fd, a, nBuf, iOff);
    if( n<0 && errno==EINTR ) continue;
    if( n<0 ) return LSM_IOERR;
    if( n==0 ){ memset(a, 0, nBuf); break; }
    a += n; iOff += n; nBuf -= n;
  }
  return LSM_OK;
}

static int sysWrite(lsm_file *pFile, lsm_i64 iOff, void *pBuf, int nBuf){
  sysFile *p = (sysFile*)pFile;
  const char *a = pBuf;
  while( nBuf>0 ){
    ssize_t n = pwrite(p->fd, a, nBuf, iOff);
    if( n<0 && errno==EINTR ) continue;
    if( n<=0 ) return ioError();
    a += n; iOff += n; nBuf -= n;
  }
  return LSM_OK;
}

static int sysTruncate(lsm_file *pFile, lsm_i64 nByte){
  return ftruncate(((sysFile*)pFile)->fd, nByte) ? ioError() : LSM_OK;
}

static int sysSync(lsm_file *pFile){
  return fsync(((sysFile*)pFile)->fd) ? ioError() : LSM_OK;
}

static int sysSectorSize(lsm_file *pFile){ (void)pFile; return 512; }

// sysRemap drops the mapping of a file and, unless nMin is negative, maps all of it, after making it nMin bytes
// long if it is shorter. An empty file has no mapping, which is no error.
static int sysRemap(lsm_file *pFile, lsm_i64 nMin, void **ppMap, lsm_i64 *pnMap){
  sysFile *p = (sysFile*)pFile;
  struct stat st;
  if( p->pMap ) munmap(p->pMap, p->nMap);
  p->pMap = 0; p->nMap = 0;
  *ppMap = 0; *pnMap = 0;
  if( nMin<0 ) return LSM_OK;
  if( fstat(p->fd, &st) ) return LSM_IOERR;
  if( st.st_size<nMin ){
    lsm_i64 nNew = (nMin + 131071) / 131072 * 131072;
    if( ftruncate(p->fd, nNew) ) return ioError();
    st.st_size = nNew;
  }
  if( st.st_size>0 ){
    void *pMap = mmap(0, st.st_size, PROT_READ|PROT_WRITE, MAP_SHARED, p->fd, 0);
    if( pMap==MAP_FAILED ) pMap = mmap(0, st.st_size, PROT_READ, MAP_SHARED, p->fd, 0);
    if( pMap==MAP_FAILED ) return LSM_IOERR;
    p->pMap = pMap; p->nMap = st.st_size;
  }
  *ppMap = p->pMap; *pnMap = (lsm_i64)p->nMap;
  return LSM_OK;
}

static int sysFileid(lsm_file *pFile, void *pBuf, int *pnBuf){
  struct stat st;
  uint64_t a[2];
  int nBuf = *pnBuf;
  *pnBuf = sizeof(a);
  if( nBuf<(int)sizeof(a) || pBuf==0 ) return LSM_OK;
  if( fstat(((sysFile*)pFile)->fd, &st) ) return LSM_IOERR;
  a[0] = (uint64_t)st.st_dev; a[1] = (uint64_t)st.st_ino;
  memcpy(pBuf, a, sizeof(a));
  return LSM_OK;
}

static int sysClose(lsm_file *pFile){
  sysFile *p = (sysFile*)pFile;
  if( p->pMap ) munmap(p->pMap, p->nMap);
  close(p->fd);
  free(p);
  return LSM_OK;
}

static int sysUnlink(lsm_env *pEnv, const char *zFile){
  (void)pEnv;
  if( unlink(zFile)==0 ) return LSM_OK;
  return errno==ENOENT ? LSM_IOERR_NOENT : LSM_IOERR;
}

// Locks belong to the open file where the system has such ones, otherwise to the process.
#if defined(F_OFD_SETLK)
# define SET_LOCK F_OFD_SETLK
# define GET_LOCK F_OFD_GETLK
#else
# define SET_LOCK F_SETLK
# define GET_LOCK F_GETLK
#endif

static int sysLock(lsm_file *pFile, int iLock, int eLock){
  static const short aType[] = { F_UNLCK, F_RDLCK, F_WRLCK };
  struct flock l;
  if( eLock<0 || eLock>2 ) return LSM_MISUSE;
  memset(&l, 0, sizeof(l));
  l.l_whence = SEEK_SET; l.l_start = 4096-iLock; l.l_len = 1; l.l_type = aType[eLock];
  if( fcntl(((sysFile*)pFile)->fd, SET_LOCK, &l)==0 ) return LSM_OK;
  return errno==EACCES || errno==EAGAIN ? LSM_BUSY : LSM_IOERR;
}

static int sysTestLock(lsm_file *pFile, int iFirst, int nLock, int eLock){
  struct flock l;
  memset(&l, 0, sizeof(l));
  l.l_whence = SEEK_SET; l.l_start = 4096-iFirst-nLock+1; l.l_len = nLock;
  l.l_type = eLock==LSM_LOCK_EXCL ? F_WRLCK : F_RDLCK;
  if( fcntl(((sysFile*)pFile)->fd, GET_LOCK, &l) ) return LSM_IOERR;
  return l.l_type==F_UNLCK ? LSM_OK : LSM_BUSY;
}

static int sysShmMap(lsm_file *p, int i, int n, void **pp){ (void)p; (void)i; (void)n; *pp = 0; return LSM_IOERR; }
static void sysShmBarrier(void){ __sync_synchronize(); }
static int sysShmUnmap(lsm_file *p, int b){ (void)p; (void)b; return LSM_OK; }

// Memory has its size in front, for xSize.
#define HEAD 16

static void *sysMalloc(lsm_env *pEnv, size_t n){
  (void)pEnv;
  if( n>SIZE_MAX-HEAD ) return 0;
  char *p = malloc(n+HEAD);
  if( p==0 ) return 0;
  memcpy(p, &n, sizeof(n));
  return p+HEAD;
}

static void sysFree(lsm_env *pEnv, void *p){
  (void)pEnv;
  if( p ) free((char*)p-HEAD);
}

static void *sysRealloc(lsm_env *pEnv, void *pOld, size_t n){
  if( pOld==0 ) return sysMalloc(pEnv, n);
  if( n==0 ){ sysFree(pEnv, pOld); return 0; }
  if( n>SIZE_MAX-HEAD ) return 0;
  char *p = realloc((char*)pOld-HEAD, n+HEAD);
  if( p==0 ) return 0;
  memcpy(p, &n, sizeof(n));
  return p+HEAD;
}

static size_t sysSize(lsm_env *pEnv, void *p){
  size_t n = 0;
  (void)pEnv;
  if( p ) memcpy(&n, (char*)p-HEAD, sizeof(n));
  return n;
}

struct lsm_mutex {
  pthread_mutex_t m;
  pthread_t owner;
  int bHeld;
  int bStatic;
};

static lsm_mutex aStatic[2] = {
  { .m = PTHREAD_MUTEX_INITIALIZER, .bStatic = 1 }, { .m = PTHREAD_MUTEX_INITIALIZER, .bStatic = 1 },
};

static int sysMutexStatic(lsm_env *pEnv, int eMutex, lsm_mutex **pp){
  (void)pEnv;
  if( eMutex!=LSM_MUTEX_GLOBAL && eMutex!=LSM_MUTEX_HEAP ){ *pp = 0; return LSM_MISUSE; }
  *pp = &aStatic[eMutex-1];
  return LSM_OK;
}

static int sysMutexNew(lsm_env *pEnv, lsm_mutex **pp){
  (void)pEnv;
  *pp = calloc(1, sizeof(lsm_mutex));
  if( *pp==0 ) return LSM_NOMEM;
  if( pthread_mutex_init(&(*pp)->m, 0) ){ free(*pp); *pp = 0; return LSM_NOMEM; }
  return LSM_OK;
}

static void sysMutexDel(lsm_mutex *p){
  if( p==0 || p->bStatic ) return;
  pthread_mutex_destroy(&p->m);
  free(p);
}

static void sysMutexEnter(lsm_mutex *p){
  pthread_mutex_lock(&p->m);
  p->owner = pthread_self();
  p->bHeld = 1;
}

static int sysMutexTry(lsm_mutex *p){
  if( pthread_mutex_trylock(&p->m) ) return LSM_BUSY;
  p->owner = pthread_self();
  p->bHeld = 1;
  return LSM_OK;
}

static void sysMutexLeave(lsm_mutex *p){
  p->bHeld = 0;
  pthread_mutex_unlock(&p->m);
}

static int sysMutexHeld(lsm_mutex *p){ return p==0 || (p->bHeld && pthread_equal(p->owner, pthread_self())); }
static int sysMutexNotHeld(lsm_mutex *p){ return p==0 || !sysMutexHeld(p); }

static int sysSleep(lsm_env *pEnv, int nMicrosecond){
  (void)pEnv;
  return usleep(nMicrosecond) ? LSM_ERROR : LSM_OK;
}

static lsm_env sysEnv = {
  .nByte = sizeof(lsm_env), .iVersion = 1,
  .xFullpath = sysFullpath, .xOpen = sysOpen, .xRead = sysRead, .xWrite = sysWrite, .xTruncate = sysTruncate,
  .xSync = sysSync, .xSectorSize = sysSectorSize, .xRemap = sysRemap, .xFileid = sysFileid, .xClose = sysClose,
  .xUnlink = sysUnlink, .xLock = sysLock, .xTestLock = sysTestLock, .xShmMap = sysShmMap,
  .xShmBarrier = sysShmBarrier, .xShmUnmap = sysShmUnmap,
  .xMalloc = sysMalloc, .xRealloc = sysRealloc, .xFree = sysFree, .xSize = sysSize,
  .xMutexStatic = sysMutexStatic, .xMutexNew = sysMutexNew, .xMutexDel = sysMutexDel, .xMutexEnter = sysMutexEnter,
  .xMutexTry = sysMutexTry, .xMutexLeave = sysMutexLeave, .xMutexHeld = sysMutexHeld,
  .xMutexNotHeld = sysMutexNotHeld, .xSleep = sysSleep,
};

lsm_env *lsm_default_env(void){ return &sysEnv; }

int lsmliteIsDefaultFiles(lsm_env *p){
  return p->xFullpath==sysFullpath && p->xOpen==sysOpen && p->xRead==sysRead && p->xWrite==sysWrite
    && p->xTruncate==sysTruncate && p->xSync==sysSync && p->xSectorSize==sysSectorSize && p->xClose==sysClose
    && p->xUnlink==sysUnlink && p->xLock==sysLock && p->xTestLock==sysTestLock && p->xRemap==sysRemap;
}

void *lsm_malloc(lsm_env *p, size_t n){ if( p==0 ) p = &sysEnv; return p->xMalloc(p, n); }
void *lsm_realloc(lsm_env *p, void *pOld, size_t n){ if( p==0 ) p = &sysEnv; return p->xRealloc(p, pOld, n); }
void lsm_free(lsm_env *p, void *pOld){ if( p==0 ) p = &sysEnv; if( pOld ) p->xFree(p, pOld); }

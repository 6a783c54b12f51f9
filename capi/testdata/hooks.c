/* SPDX-License-Identifier: Apache-2.0
**
** What a program supplies: an environment with its own files and memory, hooks for compression, a factory of them, a
** work hook. hooks FOLDER
*/
#include "common.h"

/* An environment that counts, and fails when it is told to. Its files are the default one's, with something
** around each. Without a map of a file the library has to find out by itself how long that is. */
static lsm_env env;
static long nMem, nFile, nSync, nLock, failAfter = -1;

typedef struct file { lsm_file *pReal; } file;

static int fails(void){ return failAfter>=0 && failAfter--==0; }

static void *myMalloc(lsm_env *e, size_t n){ (void)e; void *p = malloc(n); if( p ) nMem++; return p; }
static void myFree(lsm_env *e, void *p){ (void)e; if( p ) nMem--; free(p); }
static void *myRealloc(lsm_env *e, void *p, size_t n){ if( !p ) return myMalloc(e, n); return realloc(p, n); }

static int myOpen(lsm_env *e, const char *z, int flags, lsm_file **pp){
  file *f = malloc(sizeof(*f));
  int rc;
  (void)e;
  *pp = 0;
  rc = lsm_default_env()->xOpen(lsm_default_env(), z, flags, &f->pReal);
  if( rc ){ free(f); return rc; }
  nFile++;
  *pp = (lsm_file*)f;
  return LSM_OK;
}
#define REAL(p) (((file*)(p))->pReal)
static int myRead(lsm_file *p, lsm_i64 i, void *a, int n){ return fails() ? LSM_IOERR : lsm_default_env()->xRead(REAL(p), i, a, n); }
static int myWrite(lsm_file *p, lsm_i64 i, void *a, int n){ return fails() ? LSM_IOERR : lsm_default_env()->xWrite(REAL(p), i, a, n); }
static int myTruncate(lsm_file *p, lsm_i64 n){ return lsm_default_env()->xTruncate(REAL(p), n); }
static int mySync(lsm_file *p){ nSync++; return fails() ? LSM_IOERR : lsm_default_env()->xSync(REAL(p)); }
static int mySector(lsm_file *p){ (void)p; return 4096; }
static int myRemap(lsm_file *p, lsm_i64 n, void **pp, lsm_i64 *pn){ return lsm_default_env()->xRemap(REAL(p), n, pp, pn); }
static int noRemap(lsm_file *p, lsm_i64 n, void **pp, lsm_i64 *pn){ (void)p; (void)n; *pp = 0; *pn = 0; return LSM_IOERR; }
static int myFileid(lsm_file *p, void *a, int *pn){ return lsm_default_env()->xFileid(REAL(p), a, pn); }
static int myClose(lsm_file *p){ int rc = lsm_default_env()->xClose(REAL(p)); nFile--; free(p); return rc; }
static int myLock(lsm_file *p, int i, int e){ nLock++; return lsm_default_env()->xLock(REAL(p), i, e); }
static int myTestLock(lsm_file *p, int i, int n, int e){ return lsm_default_env()->xTestLock(REAL(p), i, n, e); }

static void fill(lsm_db *db, int iFrom, int n){
  char a[200]; int i;
  memset(a, 'v', sizeof(a));
  OK(db, lsm_begin(db, 1));
  for(i=iFrom; i<iFrom+n; i++){ char z[20]; sprintf(z, "key%06d", i); OK(db, lsm_insert(db, z, 9, a, 1+i%200)); }
  OK(db, lsm_commit(db, 0));
}

static void wantRows(lsm_db *db, int n){
  lsm_cursor *c; int i = 0, nVal; const void *p;
  OK(db, lsm_csr_open(db, &c));
  for(lsm_csr_first(c); lsm_csr_valid(c); i++){
    char z[20]; sprintf(z, "key%06d", i);
    int res;
    OK(db, lsm_csr_cmp(c, z, 9, &res));
    TRUE(res==0);
    OK(db, lsm_csr_value(c, &p, &nVal));
    TRUE(nVal==1+i%200);
    OK(db, lsm_csr_next(c));
  }
  TRUE(i==n);
  OK(db, lsm_csr_close(c));
}

static void environment(const char *zPath, int bMap){
  lsm_db *db; int v;
  env = *lsm_default_env();
  env.xMalloc = myMalloc; env.xRealloc = myRealloc; env.xFree = myFree; env.xSize = 0;
  env.xOpen = myOpen; env.xRead = myRead; env.xWrite = myWrite; env.xTruncate = myTruncate; env.xSync = mySync;
  env.xSectorSize = mySector; env.xFileid = myFileid; env.xClose = myClose; env.xLock = myLock; env.xTestLock = myTestLock;
  env.xRemap = bMap ? myRemap : noRemap;
  nSync = 0;
  OK(0, lsm_new(&env, &db));
  TRUE(lsm_get_env(db)==&env && nMem==1);
  v = 2; OK(db, lsm_config(db, LSM_CONFIG_SAFETY, &v));
  OK(db, lsm_open(db, zPath));
  TRUE(nFile>0 && nLock>0);
  fill(db, 0, 3000);
  TRUE(nSync>0);
  OK(db, lsm_flush(db));
  fill(db, 3000, 2000);
  wantRows(db, 5000);
  OK(db, lsm_close(db));
  TRUE(nMem==0);
  TRUE(nFile==0);
  /* It is an ordinary file. */
  OK(0, lsm_new(0, &db));
  OK(db, lsm_open(db, zPath));
  wantRows(db, 5000);
  OK(db, lsm_close(db));
  /* Files that fail at the n-th call: an error, and never less than was committed. */
  int n, rc = LSM_IOERR;
  for(n=0; bMap && n<60; n+=1+n/8){
    OK(0, lsm_new(&env, &db));
    failAfter = n;
    rc = lsm_open(db, zPath);
    if( rc==LSM_OK ) rc = lsm_insert(db, "zzz", 3, "v", 1);
    if( rc==LSM_OK ) rc = lsm_flush(db);
    if( rc==LSM_OK ) rc = lsm_delete(db, "zzz", 3);
    TRUE(rc==LSM_OK || rc==LSM_IOERR || rc==LSM_CANTOPEN || rc==LSM_CORRUPT);
    lsm_close(db);
    failAfter = -1;
    TRUE(nMem==0 && nFile==0);
    OK(0, lsm_new(&env, &db));
    OK(db, lsm_open(db, zPath));
    OK(db, lsm_delete(db, "zzz", 3));
    wantRows(db, 5000);
    OK(db, lsm_close(db));
  }
}

/* Hooks: every byte is inverted, after a mark. They may fail. */
static int nFreed, nInside, failHook;
static int hookBound(void *p, int n){ (void)p; return n+9; }
static int hookCompress(void *p, char *pOut, int *pn, const char *pIn, int n){
  int i;
  TRUE(nInside++==0 && p==&nFreed && *pn>=n+9);
  memcpy(pOut, "inverted:", 9);
  for(i=0; i<n; i++) pOut[9+i] = (char)~pIn[i];
  *pn = n+9;
  nInside--;
  return failHook ? LSM_ERROR : LSM_OK;
}
static int hookUncompress(void *p, char *pOut, int *pn, const char *pIn, int n){
  int i;
  TRUE(nInside++==0 && p==&nFreed);
  if( n<9 || memcmp(pIn, "inverted:", 9) || *pn<n-9 ){ nInside--; return LSM_CORRUPT; }
  for(i=9; i<n; i++) pOut[i-9] = (char)~pIn[i];
  *pn = n-9;
  nInside--;
  return LSM_OK;
}
static void hookFree(void *p){ TRUE(p==&nFreed); nFreed++; }

static lsm_compress hooksOf(unsigned id){
  lsm_compress c = { &nFreed, id, hookBound, hookCompress, hookUncompress, hookFree };
  return c;
}

static int nFactory; static unsigned iWanted;
static int factory(void *pCtx, lsm_db *db, unsigned id){
  lsm_compress c = hooksOf(id);
  TRUE(pCtx==&nFactory);
  nFactory++;
  iWanted = id;
  WANT(db, lsm_close(db), LSM_MISUSE);
  return id==4242 ? lsm_config(db, LSM_CONFIG_SET_COMPRESSION, &c) : LSM_MISMATCH;
}
static void factoryFree(void *pCtx){ TRUE(pCtx==&nFactory); nFactory += 100; }

static void compression(const char *zPath){
  lsm_db *db, *other; lsm_compress c = hooksOf(4242), none, got; unsigned id; lsm_cursor *csr;
  lsm_compress_factory f = { &nFactory, factory, factoryFree };
  memset(&none, 0, sizeof(none));
  OK(0, lsm_new(0, &db));
  OK(db, lsm_config(db, LSM_CONFIG_GET_COMPRESSION, &got));
  TRUE(got.iId==LSM_COMPRESSION_NONE && got.xBound==0);
  c.iId = 0; WANT(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION, &c), LSM_MISUSE);
  c.iId = 11100; WANT(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION, &c), LSM_MISUSE);
  TRUE(nFreed==0);
  c.iId = 4242; OK(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION, &c));
  OK(db, lsm_config(db, LSM_CONFIG_GET_COMPRESSION, &got));
  TRUE(memcmp(&got, &c, sizeof(c))==0);
  OK(db, lsm_open(db, zPath));
  fill(db, 0, 4000);
  OK(db, lsm_flush(db));
  OK(db, lsm_info(db, LSM_INFO_COMPRESSION_ID, &id));
  TRUE(id==4242);
  OK(db, lsm_csr_open(db, &csr));
  WANT(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION, &none), LSM_MISUSE);
  OK(db, lsm_csr_close(csr));

  /* A second handle needs the same hooks; when the first one goes, those of the second do the work. */
  OK(0, lsm_new(0, &other));
  OK(other, lsm_open(other, zPath));
  WANT(other, lsm_csr_open(other, &csr), LSM_MISMATCH);
  OK(other, lsm_config(other, LSM_CONFIG_SET_COMPRESSION, &c));
  wantRows(other, 4000);
  OK(db, lsm_close(db));
  TRUE(nFreed==1);
  fill(other, 4000, 500);
  OK(other, lsm_flush(other));
  wantRows(other, 4500);
  OK(other, lsm_close(other));
  TRUE(nFreed==2);

  /* Without hooks the file says which it wants. */
  OK(0, lsm_new(0, &db));
  OK(db, lsm_open(db, zPath));
  WANT(db, lsm_csr_open(db, &csr), LSM_MISMATCH);
  WANT(db, lsm_insert(db, "k", 1, "v", 1), LSM_MISMATCH);
  OK(db, lsm_info(db, LSM_INFO_COMPRESSION_ID, &id));
  TRUE(id==4242 && strstr(lsmlite_error_message(db), "4242"));
  OK(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION, &c));
  wantRows(db, 4500);
  OK(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION, &none));
  TRUE(nFreed==3);
  WANT(db, lsm_csr_open(db, &csr), LSM_MISMATCH);
  OK(db, lsm_close(db));

  /* A factory makes them. */
  OK(0, lsm_new(0, &db));
  OK(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION_FACTORY, &f));
  OK(db, lsm_open(db, zPath));
  TRUE(nFactory==1 && iWanted==4242);
  wantRows(db, 4500);
  failHook = 1;
  fill(db, 4500, 10);
  TRUE(lsm_flush(db)!=LSM_OK && lsmlite_error_message(db)[0]);
  failHook = 0;
  OK(db, lsm_flush(db));
  wantRows(db, 4510);
  OK(db, lsm_close(db));
  TRUE(nFactory==101 && nFreed==4);
}

static int nHook;
static void workHook(lsm_db *db, void *pCtx){
  int n;
  TRUE(pCtx==&nHook);
  nHook++;
  OK(db, lsm_checkpoint(db, &n)); /* as programs of lsm1 do */
}

static void work(const char *zPath){
  lsm_db *db; int v, i;
  OK(0, lsm_new(0, &db));
  v = 32; OK(db, lsm_config(db, LSM_CONFIG_AUTOFLUSH, &v));
  v = 0; OK(db, lsm_config(db, LSM_CONFIG_AUTOCHECKPOINT, &v));
  OK(db, lsm_open(db, zPath));
  lsm_config_work_hook(db, workHook, &nHook);
  lsm_config_log(db, 0, 0);
  for(i=0; i<20; i++) fill(db, 100*i, 100);
  TRUE(nHook>0);
  nHook = 0;
  fill(db, 2000, 50);
  OK(db, lsm_flush(db));
  TRUE(nHook>0);
  OK(db, lsm_work(db, 1, -1, 0));
  lsm_config_work_hook(db, 0, 0);
  wantRows(db, 2050);
  OK(db, lsm_close(db));
}

static int nLog;
static void logged(void *pCtx, int rc, const char *zMsg){
  TRUE(pCtx==&nLog && zMsg[0]);
  (void)rc;
  nLog++;
}

/* A file that cannot be trusted is refused, and left as it is. */
static void damaged(const char *zPath){
  lsm_db *db; FILE *f = fopen(zPath, "wb"); char a[20000], b[20000];
  memset(a, 'x', sizeof(a));
  TRUE(fwrite(a, 1, sizeof(a), f)==sizeof(a));
  fclose(f);
  OK(0, lsm_new(0, &db));
  lsm_config_log(db, logged, &nLog);
  int rc = lsm_open(db, zPath);
  TRUE(rc==LSM_CORRUPT || rc==LSM_CANTOPEN);
  TRUE(strlen(lsmlite_error_message(db))>20);
  OK(db, lsm_close(db));
  f = fopen(zPath, "rb");
  TRUE(fread(b, 1, sizeof(b), f)==sizeof(b) && memcmp(a, b, sizeof(a))==0);
  fclose(f);
}

int main(int argc, char **argv){
  char z[500]; int a, b, c;
  if( argc<2 ) return 2;
  sprintf(z, "%s/env.lsm", argv[1]); environment(z, 1);
  sprintf(z, "%s/env2.lsm", argv[1]); environment(z, 0);
  sprintf(z, "%s/hooks.lsm", argv[1]); compression(z);
  sprintf(z, "%s/work.lsm", argv[1]); work(z);
  sprintf(z, "%s/damaged.lsm", argv[1]); damaged(z);
  lsmlite_open_count(&a, &b, &c);
  TRUE(a==0 && b==0 && c==0);
  puts("ok");
  return 0;
}

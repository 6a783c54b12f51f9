/* SPDX-License-Identifier: Apache-2.0
**
** Every function of the header, with right and with wrong arguments: every FILE COPY
*/
#include "common.h"

static lsm_db *open_(const char *zPath){
  lsm_db *db;
  OK(0, lsm_new(0, &db));
  OK(db, lsm_open(db, zPath));
  return db;
}

static void put(lsm_db *db, const char *zKey, const char *zVal){
  OK(db, lsm_insert(db, zKey, (int)strlen(zKey), zVal, (int)strlen(zVal)));
}

static void wantGet(lsm_db *db, const char *zKey, const char *zVal){
  char a[64]; lsm_i64 n;
  OK(db, lsmlite_get(db, zKey, (int)strlen(zKey), a, sizeof(a), &n));
  if( zVal==0 ) TRUE(n==-1);
  else TRUE(n==(lsm_i64)strlen(zVal) && memcmp(a, zVal, n)==0);
}

static void memory(void){
  lsm_env *e = lsm_default_env();
  TRUE(e!=0 && e->nByte==sizeof(lsm_env) && e->iVersion==1);
  char *p = lsm_malloc(0, 10);
  TRUE(p!=0 && e->xSize(e, p)==10);
  memcpy(p, "123456789", 10);
  p = lsm_realloc(e, p, 100000);
  TRUE(p!=0 && strcmp(p, "123456789")==0 && e->xSize(e, p)==100000);
  lsm_free(e, p);
  p = lsm_realloc(0, 0, 5);
  TRUE(p!=0);
  lsm_free(0, p);
  lsm_free(0, 0);
  lsm_mutex *m;
  OK(0, e->xMutexNew(e, &m));
  e->xMutexEnter(m);
  TRUE(e->xMutexHeld(m) && !e->xMutexNotHeld(m));
  WANT(0, e->xMutexTry(m), LSM_BUSY);
  e->xMutexLeave(m);
  OK(0, e->xMutexTry(m));
  e->xMutexLeave(m);
  e->xMutexDel(m);
  OK(0, e->xMutexStatic(e, LSM_MUTEX_HEAP, &m));
  WANT(0, e->xMutexStatic(e, 9, &m), LSM_MISUSE);
  OK(0, e->xSleep(e, 1));
}

static void misuse(void){
  lsm_db *db; lsm_cursor *c; int n; lsm_i64 n64; const void *p;
  WANT(0, lsm_new(0, 0), LSM_MISUSE);
  OK(0, lsm_close(0));
  OK(0, lsm_csr_close(0));
  WANT(0, lsm_open(0, "x"), LSM_MISUSE);
  WANT(0, lsm_begin(0, 1), LSM_MISUSE);
  WANT(0, lsm_csr_open(0, &c), LSM_MISUSE);
  WANT(0, lsm_csr_next(0), LSM_MISUSE);
  WANT(0, lsm_csr_valid(0), 0);
  WANT(0, lsm_csr_key(0, &p, &n), LSM_MISUSE);
  WANT(0, lsm_config(0, LSM_CONFIG_AUTOFLUSH, &n), LSM_MISUSE);
  TRUE(lsmlite_error_code(0)==0 && lsmlite_error_message(0)[0]==0);

  /* A handle without a file. */
  OK(0, lsm_new(0, &db));
  TRUE(lsm_get_env(db)==lsm_default_env());
  TRUE(lsmlite_error_code(db)==0 && lsmlite_error_message(db)[0]==0);
  WANT(db, lsm_insert(db, "k", 1, "v", 1), LSM_MISUSE);
  TRUE(lsmlite_error_code(db)==LSM_MISUSE && strstr(lsmlite_error_message(db), "lsm_open"));
  WANT(db, lsm_csr_open(db, &c), LSM_MISUSE);
  TRUE(c==0);
  WANT(db, lsm_begin(db, 1), LSM_MISUSE);
  OK(db, lsm_commit(db, 0));
  OK(db, lsm_rollback(db, 0));
  WANT(db, lsm_flush(db), LSM_MISUSE);
  WANT(db, lsm_info(db, LSM_INFO_NREAD, &n), LSM_MISUSE);
  WANT(db, lsm_info(db, 99, &n), LSM_MISUSE);
  WANT(db, lsm_config(db, 6, &n), LSM_MISUSE);
  WANT(db, lsm_insert(db, 0, 1, "v", 1), LSM_MISUSE);
  WANT(db, lsm_insert(db, "k", -1, "v", 1), LSM_MISUSE);
  WANT(db, lsmlite_get(db, "k", 1, 0, 5, &n64), LSM_MISUSE);
  WANT(db, lsm_open(db, "/no/such/folder/x.lsm"), LSM_IOERR_NOENT);
  WANT(db, lsm_open(db, "/"), LSM_CANTOPEN);
  OK(db, lsm_close(db));
}

/* What a call that is refused says about itself, after another error. */
#define REFUSED(db, expr, z) do{ \
  WANT(db, lsm_open(db, "/"), bOpen ? LSM_MISUSE : LSM_CANTOPEN); \
  WANT(db, expr, LSM_MISUSE); \
  WANT(db, lsmlite_error_code(db), LSM_MISUSE); \
  if( !strstr(lsmlite_error_message(db), z) ) failed(__LINE__, #expr, 0, 0, lsmlite_error_message(db)); \
}while(0)
static int bound(void *p, int n){ (void)p; return n; }
static void messages(const char *zPath){
  lsm_db *db; lsm_cursor *c; lsmlite_stmt *s; lsm_i64 n64; int n, bOpen = 0; const void *p; char *z; void *pVals;
  lsm_compress half; lsmlite_rows rows;
  memset(&half, 0, sizeof(half));
  half.iId = 4242; half.xBound = bound;
  OK(0, lsm_new(0, &db));
  REFUSED(db, lsm_open(db, 0), "name");
  REFUSED(db, lsm_config(db, 6, &n), "no such setting");
  REFUSED(db, lsm_config(db, LSM_CONFIG_MMAP, (int*)0), "NULL");
  REFUSED(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION, (lsm_compress*)0), "NULL");
  REFUSED(db, lsm_config(db, LSM_CONFIG_GET_COMPRESSION, (lsm_compress*)0), "NULL");
  REFUSED(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION_FACTORY, (lsm_compress_factory*)0), "NULL");
  REFUSED(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION, &half), "xCompress");
  REFUSED(db, lsmlite_key(db, LSMLITE_KEY_RAW, 0, 32), "length");
  OK(db, lsm_open(db, zPath));
  bOpen = 1;
  REFUSED(db, lsm_info(db, 99, &n), "no such fact");
  REFUSED(db, lsm_info(db, LSM_INFO_NREAD, (int*)0), "NULL");
  REFUSED(db, lsm_info(db, LSM_INFO_TREE_SIZE, &n, (int*)0), "NULL");
  REFUSED(db, lsm_info(db, LSM_INFO_FREELIST, (char**)0), "NULL");
  REFUSED(db, lsm_info(db, LSM_INFO_PAGE_HEX_DUMP, (lsm_i64)1, (char**)0), "NULL");
  REFUSED(db, lsm_get_user_version(db, 0), "NULL");
  REFUSED(db, lsm_insert(db, 0, 3, "v", 1), "length");
  REFUSED(db, lsm_delete(db, "k", -1), "length");
  REFUSED(db, lsm_delete_range(db, "a", 1, 0, 1), "length");
  REFUSED(db, lsmlite_get(db, 0, 1, 0, 0, &n64), "length");
  REFUSED(db, lsmlite_get(db, "k", 1, 0, 0, 0), "NULL");
  REFUSED(db, lsmlite_get_many(db, 1, 0, 0, &pVals, &n64), "array");
  REFUSED(db, lsmlite_get_many(db, 0, 0, 0, 0, 0), "NULL");
  REFUSED(db, lsmlite_put_many(db, -1, 0, 0, 0, 0), "rows");
  REFUSED(db, lsmlite_backup(db, 0, 0, 0, 0), "name");
  REFUSED(db, lsmlite_backup(db, "x", 8, 0, 0), "flags");
  REFUSED(db, lsmlite_prepare(db, 0, 0, &s), "text");
  REFUSED(db, lsmlite_prepare(db, "SELECT 1", -1, 0), "NULL");
  REFUSED(db, lsmlite_scan(db, 0, 0, 0, 0, 16, &c), "flags");
  REFUSED(db, lsmlite_scan(db, "a", -1, 0, 0, 0, &c), "length");
  REFUSED(db, lsmlite_scan(db, 0, 0, 0, 0, 0, 0), "NULL");
  REFUSED(db, lsm_csr_open(db, 0), "NULL");
  OK(db, lsmlite_prepare(db, "SELECT ?", -1, &s));
  REFUSED(db, lsmlite_bind_text(s, 1, 0, 0), "text");
  REFUSED(db, lsmlite_bind_blob(s, 1, 0, 1), "length");
  REFUSED(db, lsm_close(db), "statements");
  OK(db, lsmlite_finalize(s));
  put(db, "k", "v");
  OK(db, lsm_csr_open(db, &c));
  REFUSED(db, lsm_csr_key(c, &p, &n), "not on a row");
  REFUSED(db, lsm_csr_value(c, &p, &n), "not on a row");
  REFUSED(db, lsm_csr_next(c), "lsm_csr_first");
  REFUSED(db, lsm_csr_seek(c, 0, 1, LSM_SEEK_EQ), "length");
  REFUSED(db, lsm_csr_seek(c, "k", 1, 2), "way");
  OK(db, lsm_csr_seek(c, "k", 1, LSM_SEEK_LEFAST));
  REFUSED(db, lsm_csr_value(c, &p, &n), "LEFAST");
  REFUSED(db, lsmlite_csr_rows(c, &rows), "LEFAST");
  OK(db, lsm_csr_first(c));
  REFUSED(db, lsm_csr_prev(c), "lsm_csr_last");
  /* No place for a result. */
  REFUSED(db, lsm_csr_key(c, 0, &n), "NULL");
  REFUSED(db, lsm_csr_key(c, &p, 0), "NULL");
  REFUSED(db, lsm_csr_value(c, 0, &n), "NULL");
  REFUSED(db, lsm_csr_value(c, &p, 0), "NULL");
  REFUSED(db, lsm_csr_cmp(c, "k", 1, 0), "NULL");
  REFUSED(db, lsm_csr_cmp(c, 0, 1, &n), "length");
  REFUSED(db, lsmlite_csr_rows(c, 0), "NULL");
  WANT(0, lsm_csr_key(0, 0, 0), LSM_MISUSE);
  WANT(0, lsm_csr_value(0, 0, 0), LSM_MISUSE);
  WANT(0, lsm_csr_cmp(0, 0, 0, 0), LSM_MISUSE);
  WANT(0, lsmlite_csr_rows(0, 0), LSM_MISUSE);
  OK(db, lsm_csr_key(c, &p, &n)); /* the cursor is where it was */
  REFUSED(db, lsm_close(db), "cursors");
  OK(db, lsm_csr_close(c));
  OK(db, lsmlite_scan(db, 0, 0, 0, 0, 0, &c));
  REFUSED(db, lsm_csr_seek(c, "k", 1, LSM_SEEK_EQ), "lsmlite_scan");
  REFUSED(db, lsm_csr_first(c), "lsmlite_scan");
  REFUSED(db, lsm_csr_prev(c), "lsmlite_scan");
  OK(db, lsm_csr_close(c));
  OK(db, lsm_begin(db, 1));
  REFUSED(db, lsmlite_close(db, &z), "transaction");
  TRUE(z==0);
  OK(db, lsm_rollback(db, 0));
  OK(db, lsm_delete(db, "k", 1));
  OK(db, lsm_close(db));
}

static int setting(lsm_db *db, int e, int v){ OK(db, lsm_config(db, e, &v)); return v; }

static void settings(const char *zPath){
  static const struct { int e, dflt, good, bad; } a[] = {
    { LSM_CONFIG_AUTOFLUSH, 1024, 77, 1024*1024+1 }, { LSM_CONFIG_PAGE_SIZE, 4096, 1024, 1000 },
    { LSM_CONFIG_SAFETY, 1, 2, 3 }, { LSM_CONFIG_BLOCK_SIZE, 1024, 64, 65 }, { LSM_CONFIG_AUTOWORK, 1, 0, -5 },
    { LSM_CONFIG_MMAP, 1, 0, -1 }, { LSM_CONFIG_USE_LOG, 1, 0, 2 }, { LSM_CONFIG_AUTOMERGE, 4, 8, 1 },
    { LSM_CONFIG_MAX_FREELIST, 24, 4, 25 }, { LSM_CONFIG_AUTOCHECKPOINT, 2048, 100, -1 },
    { LSM_CONFIG_READONLY, 0, 1, -1 }, { LSMLITE_CONFIG_BUSY_TIMEOUT, 0, 20, -1 },
    { LSMLITE_CONFIG_CACHE_SIZE, 65536, 1000, 0 },
  };
  unsigned i;
  lsm_db *db;
  OK(0, lsm_new(0, &db));
  for(i=0; i<sizeof(a)/sizeof(a[0]); i++){
    WANT(db, setting(db, a[i].e, -1), a[i].dflt);
    WANT(db, setting(db, a[i].e, a[i].good), a[i].good);
    WANT(db, setting(db, a[i].e, a[i].bad), a[i].good);
    WANT(db, setting(db, a[i].e, a[i].dflt), a[i].dflt);
  }
  WANT(db, setting(db, LSMLITE_CONFIG_BUSY_TIMEOUT, 1<<30), 1<<30);
  WANT(db, setting(db, LSMLITE_CONFIG_BUSY_TIMEOUT, 20), 20);
  WANT(db, setting(db, LSMLITE_CONFIG_BUSY_TIMEOUT, 0x7fffffff), 1<<30);
  WANT(db, setting(db, LSM_CONFIG_MULTIPLE_PROCESSES, 0), 0);
  setting(db, LSM_CONFIG_PAGE_SIZE, 1024);
  setting(db, LSM_CONFIG_BLOCK_SIZE, 64);
  OK(db, lsm_open(db, zPath));
  WANT(db, setting(db, LSM_CONFIG_PAGE_SIZE, 512), 1024);
  WANT(db, setting(db, LSM_CONFIG_BLOCK_SIZE, 128), 64);
  WANT(db, setting(db, LSM_CONFIG_READONLY, 1), 0);
  WANT(db, setting(db, LSM_CONFIG_SAFETY, 2), 2);
  put(db, "k", "v");
  WANT(db, setting(db, LSM_CONFIG_SAFETY, 0), 0);
  put(db, "k", "w");
  WANT(db, setting(db, LSM_CONFIG_USE_LOG, 0), 0);
  OK(db, lsm_begin(db, 1));
  WANT(db, setting(db, LSM_CONFIG_USE_LOG, 1), 0);
  OK(db, lsm_commit(db, 0));
  OK(db, lsm_close(db));
}

static void facts(lsm_db *db){
  int i, n, n2; char *z; char zKey[20]; long long iFirst;
  unsigned id;
  OK(db, lsm_flush(db));
  for(i=0; i<3000; i++){ sprintf(zKey, "fact%05d", i); put(db, zKey, zKey); }
  OK(db, lsm_info(db, LSM_INFO_TREE_SIZE, &n, &n2));
  TRUE(n==0 && n2>50);
  OK(db, lsm_flush(db));
  OK(db, lsm_info(db, LSM_INFO_TREE_SIZE, &n, &n2));
  TRUE(n==0 && n2==0);
  OK(db, lsm_info(db, LSM_INFO_NWRITE, &n));
  TRUE(n>0);
  OK(db, lsm_info(db, LSM_INFO_NREAD, &n));
  OK(db, lsm_info(db, LSM_INFO_CHECKPOINT_SIZE, &n));
  TRUE(n>0);
  OK(db, lsm_checkpoint(db, &n2));
  TRUE(n2==n);
  OK(db, lsm_checkpoint(db, &n2));
  TRUE(n2==0);
  OK(db, lsm_checkpoint(db, 0));
  OK(db, lsm_info(db, LSM_INFO_FREELIST_SIZE, &n));
  OK(db, lsm_info(db, LSM_INFO_COMPRESSION_ID, &id));
  TRUE(id==LSM_COMPRESSION_NONE);
  OK(db, lsm_info(db, LSM_INFO_DB_STRUCTURE, &z));
  TRUE(sscanf(z, "{%d {%lld", &n, &iFirst)==2 && iFirst>0);
  lsm_free(lsm_get_env(db), z);
  OK(db, lsm_info(db, LSM_INFO_ARRAY_STRUCTURE, (lsm_i64)iFirst, &z));
  long long iFirst2;
  TRUE(sscanf(z, "%lld", &iFirst2)==1 && iFirst2==iFirst);
  lsm_free(0, z);
  OK(db, lsm_info(db, LSM_INFO_ARRAY_PAGES, (lsm_i64)iFirst, &z));
  TRUE(sscanf(z, "%lld", &iFirst2)==1 && iFirst2==iFirst);
  lsm_free(0, z);
  WANT(db, lsm_info(db, LSM_INFO_ARRAY_PAGES, (lsm_i64)1234567, &z), LSM_ERROR);
  TRUE(z==0);
  OK(db, lsm_info(db, LSM_INFO_PAGE_ASCII_DUMP, (lsm_i64)iFirst, &z));
  TRUE(strstr(z, "fact0")!=0);
  lsm_free(0, z);
  OK(db, lsm_info(db, LSM_INFO_PAGE_HEX_DUMP, (lsm_i64)iFirst, &z));
  TRUE(strstr(z, "66616374")!=0);
  lsm_free(0, z);
  OK(db, lsm_info(db, LSM_INFO_LOG_STRUCTURE, &z));
  TRUE(sscanf(z, "%d %d", &n, &n2)==2);
  lsm_free(0, z);
  OK(db, lsm_info(db, LSM_INFO_FREELIST, &z));
  lsm_free(0, z);
  OK(db, lsm_work(db, 1, -1, &n));
  OK(db, lsm_work(db, 0, 0, &n));
  TRUE(n==0);
  OK(db, lsm_work(db, 2, 10, 0));
}

static void versions(lsm_db *db, lsm_db *other){
  unsigned v;
  OK(db, lsm_get_user_version(db, &v));
  TRUE(v==0);
  OK(db, lsm_set_user_version(db, 7));
  OK(other, lsm_get_user_version(other, &v));
  TRUE(v==7);
  OK(db, lsm_begin(db, 1));
  OK(db, lsm_set_user_version(db, 8));
  OK(db, lsm_get_user_version(db, &v));
  TRUE(v==8);
  OK(other, lsm_get_user_version(other, &v));
  TRUE(v==7);
  OK(db, lsm_rollback(db, 0));
  OK(db, lsm_get_user_version(db, &v));
  TRUE(v==7);
}

/* Rows in blocks, of sizes that fit a block and that do not. */
static void blocks(lsm_db *db){
  static char aBig[300000];
  int i, nRow, nBlock; char z[20]; lsm_cursor *c; lsmlite_rows r; const void *p; int n;
  memset(aBig, 'x', sizeof(aBig));
  OK(db, lsm_begin(db, 1));
  OK(db, lsm_delete_range(db, "", 0, "zzz", 3));
  for(i=0; i<1000; i++){
    sprintf(z, "row%04d", i);
    OK(db, lsm_insert(db, z, 7, aBig, i%200==57 ? 300000-i : i%100==3 ? 30000 : i));
  }
  OK(db, lsm_commit(db, 0));
  for(int e=0; e<16; e++){
    int bRev = e & LSMLITE_SCAN_REVERSE;
    int iLow = e & LSMLITE_SCAN_AFTER ? 101 : 100, iHigh = e & LSMLITE_SCAN_BEFORE ? 899 : 900;
    OK(db, lsmlite_scan(db, "row0100", 7, "row0900", 7, e, &c));
    WANT(db, lsm_csr_prev(c), LSM_MISUSE);
    WANT(db, lsm_csr_seek(c, "x", 1, LSM_SEEK_GE), LSM_MISUSE);
    WANT(db, lsm_csr_first(c), LSM_MISUSE);
    for(nRow=nBlock=0;; nBlock++){
      if( nBlock%3==1 && lsm_csr_valid(c) ){ /* single rows between blocks */
        i = bRev ? iHigh-nRow : iLow+nRow;
        sprintf(z, "row%04d", i);
        OK(db, lsm_csr_key(c, &p, &n));
        TRUE(n==7 && memcmp(p, z, 7)==0);
        OK(db, lsm_csr_value(c, &p, &n));
        TRUE(n==(e & LSMLITE_SCAN_KEYS ? 0 : i%200==57 ? 300000-i : i%100==3 ? 30000 : i));
        OK(db, lsm_csr_next(c));
        nRow++;
      }
      OK(db, lsmlite_csr_rows(c, &r));
      if( r.nRow==0 ) break;
      for(unsigned j=0; j<r.nRow; j++, nRow++){
        i = bRev ? iHigh-nRow : iLow+nRow;
        sprintf(z, "row%04d", i);
        TRUE(r.aOff[2*j+1]-r.aOff[2*j]==7 && memcmp(r.aByte+r.aOff[2*j], z, 7)==0);
        n = (int)(r.aOff[2*j+2]-r.aOff[2*j+1]);
        TRUE(n==(e & LSMLITE_SCAN_KEYS ? 0 : i%200==57 ? 300000-i : i%100==3 ? 30000 : i));
        if( n ) TRUE(r.aByte[r.aOff[2*j+1]]=='x' && r.aByte[r.aOff[2*j+2]-1]=='x');
      }
    }
    TRUE(nRow==iHigh-iLow+1);
    WANT(db, lsm_csr_valid(c), 0);
    OK(db, lsmlite_csr_rows(c, &r));
    TRUE(r.nRow==0);
    OK(db, lsm_csr_close(c));
  }
  OK(db, lsmlite_scan(db, 0, 0, 0, 0, 0, &c));
  for(nRow=0; lsm_csr_valid(c); nRow++) OK(db, lsm_csr_next(c));
  TRUE(nRow==1000);
  OK(db, lsm_csr_close(c));
  OK(db, lsmlite_scan(db, 0, 0, 0, 0, LSMLITE_SCAN_REVERSE, &c));
  OK(db, lsm_csr_key(c, &p, &n));
  TRUE(memcmp(p, "row0999", 7)==0);
  OK(db, lsm_csr_close(c));
  OK(db, lsmlite_scan(db, "x", 1, "y", 1, 0, &c));
  WANT(db, lsm_csr_valid(c), 0);
  OK(db, lsm_csr_close(c));
  WANT(db, lsmlite_scan(db, 0, 0, 0, 0, 64, &c), LSM_MISUSE);

  /* An ordinary cursor, too. */
  OK(db, lsm_csr_open(db, &c));
  OK(db, lsm_csr_seek(c, "row0050", 7, LSM_SEEK_LE));
  for(nRow=0;; nRow+=r.nRow){ OK(db, lsmlite_csr_rows(c, &r)); if( r.nRow==0 ) break; }
  TRUE(nRow==51);
  OK(db, lsm_csr_seek(c, "row0057", 7, LSM_SEEK_EQ));
  OK(db, lsmlite_csr_rows(c, &r));
  TRUE(r.nRow==1 && r.aOff[2]-r.aOff[1]==299943);
  OK(db, lsmlite_csr_rows(c, &r));
  TRUE(r.nRow==0);
  OK(db, lsm_csr_seek(c, "row0057", 7, LSM_SEEK_LEFAST));
  WANT(db, lsm_csr_value(c, &p, &n), LSM_MISUSE);
  WANT(db, lsm_csr_prev(c), LSM_MISUSE);
  WANT(db, lsm_csr_seek(c, "row", 3, 5), LSM_MISUSE);
  OK(db, lsm_csr_close(c));
}

static void many(lsm_db *db, lsm_db *other){
  const char *azKey[] = { "m1", "m2", "m3", "m4" }, *azVal[] = { "one", "", 0, "four" };
  int anKey[] = { 2, 2, 2, 2 }, anVal[] = { 3, 0, -1, 4 }; void *p; lsm_i64 an[4], n; char a[3];
  put(db, "m3", "gone");
  OK(db, lsmlite_put_many(db, 4, (const void**)azKey, anKey, (const void**)azVal, anVal));
  OK(db, lsmlite_get_many(db, 4, (const void**)azKey, anKey, &p, an));
  TRUE(an[0]==3 && an[1]==0 && an[2]==-1 && an[3]==4 && memcmp(p, "onefour", 7)==0);
  lsm_free(lsm_get_env(db), p);
  OK(db, lsmlite_get_many(db, 0, 0, 0, &p, 0));
  lsm_free(0, p);
  OK(db, lsmlite_put_many(db, 0, 0, 0, 0, 0));
  OK(db, lsmlite_get(db, "m4", 2, a, 3, &n)); /* no room: the length alone */
  TRUE(n==4);
  OK(db, lsmlite_get(db, "m4", 2, 0, 0, &n));
  TRUE(n==4);
  /* All or nothing, also within a transaction. */
  OK(db, lsm_begin(db, 1));
  put(db, "m9", "stays");
  anVal[3] = -2;
  WANT(db, lsmlite_put_many(db, 4, (const void**)azKey, anKey, (const void**)azVal, anVal), LSM_MISUSE);
  anVal[3] = 4; azVal[0] = "ONE";
  OK(db, lsmlite_put_many(db, 4, (const void**)azKey, anKey, (const void**)azVal, anVal));
  wantGet(db, "m1", "ONE");
  wantGet(other, "m1", "one");
  wantGet(other, "m9", 0);
  WANT(other, lsm_insert(other, "k", 1, "v", 1), LSM_BUSY);
  TRUE(lsmlite_error_code(other)==LSM_BUSY && strstr(lsmlite_error_message(other), "transaction"));
  WANT(other, lsm_flush(other), LSM_BUSY);
  OK(db, lsm_commit(db, 0));
  wantGet(other, "m9", "stays");
}

static int nProgress, stopProgress;
static int progress(void *pCtx, lsm_i64 nDone, lsm_i64 nTotal){
  (void)pCtx;
  TRUE(nDone<=nTotal);
  nProgress++;
  return stopProgress;
}

static void backup(lsm_db *db, const char *zCopy){
  lsm_db *copy;
  OK(db, lsmlite_backup(db, zCopy, 0, progress, 0));
  TRUE(nProgress>0);
  TRUE(lsmlite_backup(db, zCopy, 0, 0, 0)!=LSM_OK); /* it is there */
  OK(db, lsmlite_backup(db, zCopy, LSMLITE_BACKUP_REPLACE, 0, 0));
  copy = open_(zCopy);
  wantGet(copy, "m9", "stays");
  OK(copy, lsm_close(copy));
  stopProgress = 1;
  WANT(db, lsmlite_backup(db, zCopy, LSMLITE_BACKUP_REPLACE, progress, 0), LSM_ERROR);
  TRUE(strstr(lsmlite_error_message(db), "progress") && !strstr(lsmlite_error_message(db), "context"));
  copy = open_(zCopy);
  wantGet(copy, "m9", "stays");
  OK(copy, lsm_close(copy));
}

static void reader(const char *zPath){
  lsm_db *db; int one = 1;
  OK(0, lsm_new(0, &db));
  OK(db, lsm_config(db, LSM_CONFIG_READONLY, &one));
  OK(db, lsm_open(db, zPath));
  wantGet(db, "m9", "stays");
  WANT(db, lsm_insert(db, "k", 1, "v", 1), LSM_READONLY);
  WANT(db, lsm_begin(db, 1), LSM_READONLY);
  WANT(db, lsm_flush(db), LSM_READONLY);
  OK(db, lsm_close(db));
}

/* A handle that only reads, opened next to a writer, shows what that writes, also if another one reads on its own. */
static void readers(const char *zPath){
  lsm_db *db, *aReader[3]; int i, one = 1;
  for(i=0; i<3; i++){
    OK(0, lsm_new(0, &aReader[i]));
    OK(aReader[i], lsm_config(aReader[i], LSM_CONFIG_READONLY, &one));
  }
  OK(aReader[0], lsm_open(aReader[0], zPath));
  db = open_(zPath);
  put(db, "m9", "newer");
  OK(aReader[1], lsm_open(aReader[1], zPath));
  wantGet(aReader[1], "m9", "newer");
  put(db, "m9", "newest");
  OK(db, lsm_flush(db));
  OK(db, lsm_checkpoint(db, 0));
  wantGet(aReader[0], "m9", "stays");
  wantGet(aReader[1], "m9", "newest");
  OK(aReader[2], lsm_open(aReader[2], zPath));
  wantGet(aReader[2], "m9", "newest");
  put(db, "m9", "stays");
  wantGet(aReader[2], "m9", "stays");
  OK(db, lsm_close(db));
  for(i=0; i<3; i++){
    wantGet(aReader[i], "m9", "stays");
    WANT(aReader[i], lsm_insert(aReader[i], "k", 1, "v", 1), LSM_READONLY);
    OK(aReader[i], lsm_close(aReader[i]));
  }
}

/* A key: the right one opens the file, a wrong one or none does not, nor a handle that joins. */
static void keys(const char *zPath){
  lsm_db *db, *other; char aKey[32], aWrong[32]; int i;
  for(i=0; i<32; i++){ aKey[i] = (char)(7*i+1); aWrong[i] = aKey[i]; }
  aWrong[31]++;
  OK(0, lsm_new(0, &db));
  WANT(db, lsmlite_key(db, LSMLITE_KEY_RAW, aKey, 31), LSM_MISUSE);
  WANT(db, lsmlite_key(db, 3, aKey, 32), LSM_MISUSE);
  WANT(db, lsmlite_key(db, LSMLITE_KEY_PASSPHRASE, 0, 0), LSM_MISUSE);
  OK(db, lsmlite_key(db, LSMLITE_KEY_NONE, 0, 0));
  OK(db, lsmlite_key(db, LSMLITE_KEY_RAW, aKey, 32));
  OK(db, lsm_open(db, zPath));
  WANT(db, lsmlite_key(db, LSMLITE_KEY_RAW, aKey, 32), LSM_MISUSE);
  put(db, "secret", "value");
  OK(0, lsm_new(0, &other));
  WANT(other, lsm_open(other, zPath), LSM_MISMATCH);
  OK(other, lsmlite_key(other, LSMLITE_KEY_RAW, aWrong, 32));
  WANT(other, lsm_open(other, zPath), LSM_MISMATCH);
  OK(other, lsmlite_key(other, LSMLITE_KEY_RAW, aKey, 32));
  OK(other, lsm_open(other, zPath));
  wantGet(other, "secret", "value");
  OK(db, lsm_close(db));
  OK(other, lsm_close(other));
  OK(0, lsm_new(0, &db));
  WANT(db, lsm_open(db, zPath), LSM_MISMATCH);
  OK(db, lsmlite_key(db, LSMLITE_KEY_RAW, aWrong, 32));
  WANT(db, lsm_open(db, zPath), LSM_MISMATCH);
  TRUE(lsmlite_error_code(db)==(LSM_MISMATCH|(1<<8)));
  OK(db, lsmlite_key(db, LSMLITE_KEY_RAW, aKey, 32));
  OK(db, lsm_open(db, zPath));
  wantGet(db, "secret", "value");
  OK(db, lsm_close(db));
}

int main(int argc, char **argv){
  lsm_db *db, *other; int a, b, c;
  if( argc<3 ) return 2;
  TRUE(strlen(lsmlite_version())>=5);
  memory();
  misuse();
  messages(argv[2]);
  TRUE(remove(argv[2])==0);
  settings(argv[1]);
  db = open_(argv[1]);
  other = open_(argv[1]);
  facts(db);
  versions(db, other);
  blocks(db);
  many(db, other);
  backup(db, argv[2]);
  reader(argv[1]);
  OK(db, lsm_begin(db, 3));
  WANT(db, lsm_close(db), LSM_MISUSE);
  OK(db, lsm_commit(db, -1));
  OK(db, lsm_commit(db, 0));
  WANT(db, lsm_begin(db, 1<<30), LSM_MISUSE);
  lsmlite_open_count(&a, &b, &c);
  TRUE(a==2 && b==0 && c==0);
  OK(db, lsm_close(db));
  OK(other, lsm_close(other));
  reader(argv[1]);
  readers(argv[1]);
  lsmlite_open_count(&a, &b, 0);
  TRUE(a==0 && b==0);
  if( argc>3 ) keys(argv[3]);
  puts("ok");
  return 0;
}

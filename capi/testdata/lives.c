/* SPDX-License-Identifier: Apache-2.0
**
** What fails, and what ends while something else goes on: values that cannot be read, files that cannot be opened
** again, environments and messages of handles that are closed, hooks with strange errors. lives FOLDER [PART]
*/
#include "common.h"
#include <pthread.h>
#include <time.h>

static char zFile[500];

static lsm_db *opened(lsm_env *pEnv){
  lsm_db *db;
  OK(0, lsm_new(pEnv, &db));
  OK(db, lsm_open(db, zFile));
  return db;
}

/* flip changes the one place of a file that holds some text. */
static void flip(const char *zWhat){
  static char a[1<<22];
  FILE *f = fopen(zFile, "r+b");
  size_t i, n = fread(a, 1, sizeof(a), f), nWhat = strlen(zWhat);
  int nFound = 0;
  for(i=0; i+nWhat<=n; i++) if( memcmp(a+i, zWhat, nWhat)==0 ){ a[i] ^= 1; nFound++; }
  TRUE(nFound==1);
  rewind(f);
  TRUE(fwrite(a, 1, n, f)==n && fclose(f)==0);
}

/* A value that cannot be read is an error wherever its row stands in a block: no loop goes on without it. */
static void unreadable(void){
  static char aVal[10000];
  lsm_db *db = opened(0); lsm_cursor *c; int i, n, rc; char zKey[8];
  for(i=0; i<20; i++){
    sprintf(zKey, "k%02d", i);
    memset(aVal, 'a'+i, sizeof(aVal));
    if( i==12 ) memcpy(aVal+5000, "to be damaged", 13);
    OK(db, lsm_insert(db, zKey, 3, aVal, sizeof(aVal)));
  }
  OK(db, lsm_flush(db));
  OK(db, lsm_checkpoint(db, 0));
  OK(db, lsm_close(db));
  flip("to be damaged");
  db = opened(0);
  OK(db, lsm_csr_open(db, &c));
  n = 0;
  for(rc=lsm_csr_first(c); rc==LSM_OK && lsm_csr_valid(c); rc=lsm_csr_next(c)) n++;
  printf("%d rows, then %d\n", n, rc);
  TRUE(rc==LSM_CORRUPT && n==12);
  n = 0;
  for(rc=lsm_csr_last(c); rc==LSM_OK && lsm_csr_valid(c); rc=lsm_csr_prev(c)) n++;
  TRUE(rc==LSM_CORRUPT && n==7);
  OK(db, lsm_csr_close(c));
  OK(db, lsmlite_scan(db, 0, 0, 0, 0, 0, &c));
  for(n=0; ; ){
    lsmlite_rows rows;
    rc = lsmlite_csr_rows(c, &rows);
    if( rc || rows.nRow==0 ) break;
    n += (int)rows.nRow;
  }
  TRUE(rc==LSM_CORRUPT && n==12);
  OK(db, lsm_csr_close(c));
  OK(db, lsm_close(db));
}

/* Rows that the handle has changed since the block was filled are not handed out as they were. */
static void changed(void){
  lsm_db *db = opened(0); lsm_cursor *c; lsmlite_rows rows; int i, n = 0; char zKey[8];
  for(i=0; i<20; i++){ sprintf(zKey, "k%02d", i); OK(db, lsm_insert(db, zKey, 3, "old", 3)); }
  OK(db, lsm_csr_open(db, &c));
  OK(db, lsm_csr_first(c));
  OK(db, lsm_csr_next(c)); /* a block of several rows */
  OK(db, lsm_delete(db, "k03", 3));
  for(i=4; i<20; i++){ sprintf(zKey, "k%02d", i); OK(db, lsm_insert(db, zKey, 3, "new", 3)); }
  for(;;){
    OK(db, lsmlite_csr_rows(c, &rows));
    if( rows.nRow==0 ) break;
    for(i=0; i<(int)rows.nRow; i++){
      const unsigned *a = rows.aOff + 2*i;
      static const char *azKey[] = { "k01", "k02", "k04", "k05" };
      TRUE(n>3 || memcmp(rows.aByte+a[0], azKey[n], 3)==0);
      TRUE(memcmp(rows.aByte+a[1], n<2 ? "old" : "new", 3)==0);
      n++;
    }
  }
  TRUE(n==18);
  OK(db, lsm_csr_close(c));
  OK(db, lsm_close(db));
}

/* A program may seek what a cursor has just shown it. */
static void ownKey(void){
  lsm_db *db = opened(0); lsm_cursor *c; lsmlite_rows rows; int nKey = 300000; char *a = malloc(nKey); const void *p; int n;
  memset(a, 'k', nKey);
  OK(db, lsm_insert(db, a, nKey, "v", 1));
  OK(db, lsm_csr_open(db, &c));
  OK(db, lsm_csr_first(c));
  OK(db, lsmlite_csr_rows(c, &rows));
  TRUE(rows.nRow==1 && rows.aOff[1]-rows.aOff[0]==(unsigned)nKey);
  OK(db, lsm_csr_seek(c, rows.aByte, nKey, LSM_SEEK_EQ));
  TRUE(lsm_csr_valid(c));
  OK(db, lsm_csr_key(c, &p, &n));
  TRUE(n==nKey && memcmp(p, a, nKey)==0);
  OK(db, lsm_csr_close(c));
  OK(db, lsm_close(db));
  free(a);
}

/* Environments that end with their handle: nothing of them is used afterwards. */
typedef struct myEnv { lsm_env e; int bEnded; int bNoOpen; } myEnv;
typedef struct myFile { myEnv *pEnv; lsm_file *pReal; int bClosed; struct myFile *pNext; } myFile;
static myFile *pFiles; /* freed at the end, so that a use after it is closed is seen */
#define F(p) live((myFile*)(p))
#define D lsm_default_env()
static int nFile;
static myFile *live(myFile *p){ TRUE(!p->bClosed && !p->pEnv->bEnded); return p; }
static int myOpen(lsm_env *e, const char *z, int flags, lsm_file **pp){
  myEnv *m = (myEnv*)e; myFile *f; int rc;
  *pp = 0;
  TRUE(!m->bEnded);
  if( m->bNoOpen ) return LSM_IOERR;
  f = calloc(1, sizeof(*f));
  f->pEnv = m;
  rc = D->xOpen(D, z, flags, &f->pReal);
  if( rc ){ free(f); return rc; }
  f->pNext = __atomic_load_n(&pFiles, __ATOMIC_RELAXED);
  while( !__atomic_compare_exchange_n(&pFiles, &f->pNext, f, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED) );
  nFile++;
  *pp = (lsm_file*)f;
  return LSM_OK;
}
static int myRead(lsm_file *p, lsm_i64 i, void *a, int n){ return D->xRead(F(p)->pReal, i, a, n); }
static int myWrite(lsm_file *p, lsm_i64 i, void *a, int n){ return D->xWrite(F(p)->pReal, i, a, n); }
static int myTruncate(lsm_file *p, lsm_i64 n){ return D->xTruncate(F(p)->pReal, n); }
static int mySync(lsm_file *p){ return D->xSync(F(p)->pReal); }
static int mySector(lsm_file *p){ return D->xSectorSize(F(p)->pReal); }
static int myRemap(lsm_file *p, lsm_i64 n, void **pp, lsm_i64 *pn){ return D->xRemap(F(p)->pReal, n, pp, pn); }
static int myLock(lsm_file *p, int i, int e){ return D->xLock(F(p)->pReal, i, e); }
static int myTestLock(lsm_file *p, int i, int n, int e){ return D->xTestLock(F(p)->pReal, i, n, e); }
static int myClose(lsm_file *p){ int rc = D->xClose(F(p)->pReal); F(p)->bClosed = 1; nFile--; return rc; }
static void init(myEnv *m){
  memset(m, 0, sizeof(*m));
  m->e = *D;
  m->e.xOpen = myOpen; m->e.xRead = myRead; m->e.xWrite = myWrite; m->e.xTruncate = myTruncate; m->e.xSync = mySync;
  m->e.xSectorSize = mySector; m->e.xRemap = myRemap; m->e.xLock = myLock; m->e.xTestLock = myTestLock; m->e.xClose = myClose;
}

/* One read that fails: a loop reports it, or has all rows. */
static int failRead;
static int badRead(lsm_file *p, lsm_i64 i, void *a, int n){ return failRead>0 && --failRead==0 ? LSM_IOERR : myRead(p, i, a, n); }
static void unread(void){
  static char aVal[30000];
  myEnv a; lsm_db *db; lsm_cursor *c; int i, n, rc, nFailed = 0, k, v; char zKey[8];
  init(&a);
  a.e.xRead = badRead;
  db = opened(&a.e);
  for(i=0; i<60; i++){
    sprintf(zKey, "k%02d", i);
    memset(aVal, 'a'+i%26, sizeof(aVal));
    OK(db, lsm_insert(db, zKey, 3, aVal, 1000+i*i*7));
  }
  OK(db, lsm_flush(db));
  OK(db, lsm_checkpoint(db, 0));
  OK(db, lsm_close(db));
  for(k=0; k<200; k++){
    OK(0, lsm_new(&a.e, &db));
    v = 1; OK(db, lsm_config(db, LSMLITE_CONFIG_CACHE_SIZE, &v));
    OK(db, lsm_open(db, zFile));
    OK(db, lsm_csr_open(db, &c));
    failRead = 1+k/2;
    n = 0;
    for(rc=k%2 ? lsm_csr_last(c) : lsm_csr_first(c); rc==LSM_OK && lsm_csr_valid(c); rc=k%2 ? lsm_csr_prev(c) : lsm_csr_next(c)) n++;
    if( rc==LSM_OK && n!=60 ) printf("read %d fails, %s: %d rows of 60\n", 1+k/2, k%2 ? "backwards" : "forwards", n);
    TRUE(rc==LSM_IOERR || (rc==LSM_OK && n==60));
    nFailed += rc!=LSM_OK;
    failRead = 0;
    OK(db, lsm_csr_close(c));
    OK(db, lsm_close(db));
  }
  TRUE(nFailed>10);
}

/* The error of a move is there until the cursor is moved to a place, whoever asks first: lsm_csr_valid cannot tell. */
static int bNoRead;
static int noRead(lsm_file *p, lsm_i64 i, void *a, int n){ return bNoRead ? LSM_IOERR : myRead(p, i, a, n); }
static void kept(void){
  myEnv a; lsm_db *db; lsm_cursor *c; lsmlite_rows rows; int i, n, rc, v, nPtr; char zKey[12]; const void *p;
  init(&a);
  a.e.xRead = noRead;
  db = opened(&a.e);
  for(i=0; i<5000; i++){ sprintf(zKey, "k%05d", i); OK(db, lsm_insert(db, zKey, 6, zKey, 6)); }
  OK(db, lsm_flush(db));
  OK(db, lsm_close(db));
  OK(0, lsm_new(&a.e, &db));
  v = 1; OK(db, lsm_config(db, LSMLITE_CONFIG_CACHE_SIZE, &v));
  v = 0; OK(db, lsm_config(db, LSM_CONFIG_MMAP, &v));
  OK(db, lsm_open(db, zFile));
  OK(db, lsm_csr_open(db, &c));
  OK(db, lsm_csr_first(c));
  for(n=0; n<5000 && lsm_csr_valid(c); n+=(int)rows.nRow){
    if( n>300 ) bNoRead = 1;
    OK(db, lsmlite_csr_rows(c, &rows));
  }
  TRUE(n<5000);
  WANT(db, lsm_csr_valid(c), 0);
  WANT(db, lsmlite_csr_rows(c, &rows), LSM_IOERR);
  WANT(db, lsm_begin(db, 1<<30), LSM_MISUSE);
  WANT(db, lsm_csr_key(c, &p, &nPtr), LSM_IOERR);
  TRUE(lsmlite_error_code(db)==LSM_IOERR && p==0 && nPtr==0);
  WANT(db, lsm_csr_value(c, &p, &nPtr), LSM_IOERR);
  WANT(db, lsm_csr_cmp(c, "k", 1, &nPtr), LSM_IOERR);
  WANT(db, lsm_csr_next(c), LSM_IOERR);
  WANT(db, lsm_csr_prev(c), LSM_IOERR); /* the direction is wrong, too */
  WANT(db, lsm_csr_last(c), LSM_IOERR);
  WANT(db, lsm_csr_prev(c), LSM_IOERR);
  WANT(db, lsm_csr_valid(c), 0);
  bNoRead = 0;
  WANT(db, lsm_csr_prev(c), LSM_IOERR);
  for(i=LSM_SEEK_LEFAST; i<=LSM_SEEK_GE; i++){ /* after a seek in any way, of which some allow no moves */
    bNoRead = 1;
    WANT(db, lsm_csr_seek(c, "k04000", 6, i), LSM_IOERR);
    bNoRead = 0;
    for(n=0; n<2; n++){
      WANT(db, lsm_csr_valid(c), 0);
      WANT(db, lsm_csr_key(c, &p, &nPtr), LSM_IOERR);
      WANT(db, lsm_csr_value(c, &p, &nPtr), LSM_IOERR);
      WANT(db, lsm_csr_cmp(c, "k", 1, &nPtr), LSM_IOERR);
      WANT(db, lsmlite_csr_rows(c, &rows), LSM_IOERR);
      TRUE(rows.nRow==0);
      WANT(db, lsm_csr_next(c), LSM_IOERR);
      WANT(db, lsm_csr_prev(c), LSM_IOERR);
    }
    OK(db, lsm_csr_seek(c, "k04000", 6, i));
    TRUE(lsm_csr_valid(c));
    WANT(db, lsmlite_csr_rows(c, &rows), i==LSM_SEEK_LEFAST ? LSM_MISUSE : LSM_OK);
    WANT(db, i<=0 ? lsm_csr_next(c) : lsm_csr_prev(c), LSM_MISUSE);
  }
  OK(db, lsm_csr_first(c));
  for(n=0, rc=LSM_OK; rc==LSM_OK && lsm_csr_valid(c); rc=lsm_csr_next(c)) n++;
  TRUE(rc==LSM_OK && n==5000);
  OK(db, lsm_csr_close(c));
  OK(db, lsm_close(db));
}

/* A row that was sought alone has none after it, whatever the handle writes. */
static void alone(void){
  lsm_db *db = opened(0); lsm_cursor *c; lsmlite_rows rows; int i; char zKey[8];
  for(i=0; i<5; i++){ sprintf(zKey, "k%d", i); OK(db, lsm_insert(db, zKey, 2, "old", 3)); }
  OK(db, lsm_csr_open(db, &c));
  for(i=0; i<2; i++){
    OK(db, lsm_csr_seek(c, "k2", 2, LSM_SEEK_EQ));
    OK(db, lsmlite_csr_rows(c, &rows));
    TRUE(rows.nRow==1);
    if( i ) OK(db, lsm_insert(db, "k4", 2, "new", 3));
    TRUE(!lsm_csr_valid(c));
    OK(db, lsmlite_csr_rows(c, &rows));
    TRUE(rows.nRow==0);
  }
  OK(db, lsm_csr_close(c));
  OK(db, lsm_close(db));
}

/* A backup that could not get its name is refused before anything is copied. */
static void backup(void){
  myEnv a; lsm_db *db, *other; char zCopy[520]; int n; lsm_cursor *c; lsmlite_stmt *s;
  sprintf(zCopy, "%s-copy", zFile);
  init(&a);
  db = opened(&a.e);
  OK(db, lsm_insert(db, "k", 1, "v", 1));
  n = nFile;
  WANT(db, lsmlite_backup(db, zCopy, 0, 0, 0), LSM_MISUSE);
  TRUE(strstr(lsmlite_error_message(db), "default environment") && nFile==n && access(zCopy, F_OK)!=0);
  WANT(db, lsmlite_prepare(db, "SELECT 1; PRAGMA Backup('copy')", -1, &s), LSM_MISUSE);
  TRUE(strstr(lsmlite_error_message(db), "default environment"));
  OK(db, lsm_close(db));
  db = opened(0);
  other = opened(&a.e); /* the files are those of the first handle */
  OK(other, lsmlite_backup(other, zCopy, 0, 0, 0));
  OK(other, lsm_close(other));
  OK(db, lsm_close(db));
  OK(0, lsm_new(0, &db));
  OK(db, lsm_open(db, zCopy));
  OK(db, lsm_csr_open(db, &c));
  OK(db, lsm_csr_seek(c, "k", 1, LSM_SEEK_EQ));
  TRUE(lsm_csr_valid(c));
  OK(db, lsm_csr_close(c));
  OK(db, lsm_close(db));
}

/* Files that cannot be opened again in the environment of the handle that stays are closed once. */
static void noMove(void){
  myEnv a, b; lsm_db *p, *q;
  init(&a); init(&b);
  p = opened(&a.e);
  OK(p, lsm_insert(p, "k", 1, "v", 1));
  q = opened(&b.e);
  b.bNoOpen = 1;
  OK(p, lsm_close(p));
  a.bEnded = 1;
  TRUE(lsm_insert(q, "k", 1, "w", 1)!=LSM_OK);
  lsm_close(q);
  TRUE(nFile==0);
}

/* A handle that gives up the file for a while opens it in its own environment, not in that of one that has ended. */
static void comesBack(void){
  myEnv a, b; lsm_db *p, *q; lsm_compress none; lsm_i64 n;
  memset(&none, 0, sizeof(none));
  init(&a); init(&b);
  p = opened(&a.e);
  OK(p, lsm_insert(p, "k", 1, "v", 1));
  q = opened(&b.e);
  OK(p, lsm_config(p, LSM_CONFIG_SET_COMPRESSION, &none));
  OK(q, lsm_close(q));
  b.bEnded = 1;
  OK(p, lsmlite_get(p, "k", 1, 0, 0, &n));
  TRUE(n==1);
  OK(p, lsm_close(p));
  TRUE(nFile==0);
}

/* Messages go to a handle until it is closed. */
static int nLog, bLogEnded, failSync;
static void logged(void *pCtx, int rc, const char *zMsg){ (void)rc; (void)zMsg; TRUE(pCtx==&nLog && !bLogEnded); nLog++; }
static int badSync(lsm_file *p){ return failSync ? LSM_IOERR : mySync(p); }
static void messages(void){
  myEnv a; lsm_db *p, *q;
  init(&a);
  a.e.xSync = badSync;
  OK(0, lsm_new(&a.e, &p));
  lsm_config_log(p, logged, &nLog);
  OK(p, lsm_open(p, zFile));
  q = opened(&a.e);
  OK(q, lsm_insert(q, "k", 1, "v", 1));
  OK(q, lsm_flush(q));
  OK(p, lsm_close(p));
  bLogEnded = 1;
  failSync = 1;
  TRUE(lsm_checkpoint(q, 0)!=LSM_OK);
  lsm_close(q);
  failSync = 0;
}

/* A handle whose file cannot be closed is gone; its message is not. */
static int failWrite;
static int badWrite(lsm_file *p, lsm_i64 i, void *a, int n){ return failWrite ? LSM_IOERR : myWrite(p, i, a, n); }
static void closing(void){
  myEnv a; lsm_db *db; lsm_cursor *c; char *z = "not set"; int i, nDb;
  init(&a);
  a.e.xWrite = badWrite;
  for(i=0; i<2; i++){
    db = opened(&a.e);
    OK(db, lsm_insert(db, "k", 1, "v", 1));
    OK(db, lsm_csr_open(db, &c));
    WANT(db, lsmlite_close(db, i ? &z : 0), LSM_MISUSE);
    TRUE(i==0 || z==0);
    OK(db, lsm_csr_close(c));
    failWrite = 1;
    if( i==0 ){
      WANT(0, lsm_close(db), LSM_IOERR);
    }else{
      WANT(0, lsmlite_close(db, &z), LSM_IOERR);
      TRUE(z && strstr(z, zFile));
      lsm_free(&a.e, z);
    }
    failWrite = 0;
    lsmlite_open_count(&nDb, 0, 0);
    TRUE(nDb==0 && nFile==0);
  }
  db = opened(&a.e);
  OK(db, lsm_csr_open(db, &c));
  OK(db, lsm_csr_seek(c, "k", 1, LSM_SEEK_EQ));
  TRUE(lsm_csr_valid(c));
  OK(db, lsm_csr_close(c));
  OK(db, lsmlite_close(db, &z));
  TRUE(z==0 && lsmlite_close(0, &z)==LSM_OK);
}

/* Handles that write never get the database of one that only reads, however they come and go. */
static volatile int bStop;
static void *readers(void *pArg){
  (void)pArg;
  while( !bStop ){
    lsm_db *db; lsm_i64 n; int v = 1;
    OK(0, lsm_new(0, &db));
    OK(db, lsm_config(db, LSM_CONFIG_READONLY, &v));
    if( lsm_open(db, zFile)==LSM_OK ) lsmlite_get(db, "k", 1, 0, 0, &n);
    lsm_close(db);
  }
  return 0;
}
static void sharing(void){
  pthread_t aThread[2]; lsm_db *db = opened(0); int i;
  OK(db, lsm_insert(db, "k", 1, "v", 1));
  OK(db, lsm_close(db));
  for(i=0; i<2; i++) TRUE(pthread_create(&aThread[i], 0, readers, 0)==0);
  for(i=0; i<3000; i++){
    OK(0, lsm_new(0, &db));
    int rc = lsm_open(db, zFile);
    if( rc==LSM_OK ) rc = lsm_insert(db, "k", 1, "v", 1);
    if( rc!=LSM_BUSY ) OK(db, rc);
    lsm_close(db);
  }
  bStop = 1;
  for(i=0; i<2; i++) pthread_join(aThread[i], 0);
}

/* A handle that only reads shares the database that others read, and does not wait for one that would write and is about
** to fail, or to open the file after a long time. */
typedef struct { myEnv env; int bIn, bGoOn; pthread_mutex_t mu; pthread_cond_t cond; } lateEnv;
static int lateOpen(lsm_env *e, const char *z, int flags, lsm_file **pp){
  lateEnv *l = (lateEnv*)e; struct timespec until; int rc = 0;
  (void)z; (void)flags;
  *pp = 0;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 20;
  pthread_mutex_lock(&l->mu);
  l->bIn = 1;
  pthread_cond_broadcast(&l->cond);
  while( !l->bGoOn && rc==0 ) rc = pthread_cond_timedwait(&l->cond, &l->mu, &until);
  TRUE(l->bGoOn); /* otherwise the reader waits for this */
  pthread_mutex_unlock(&l->mu);
  return LSM_IOERR;
}
static void *lateWriter(void *pArg){
  lateEnv *l = pArg; lsm_db *db;
  OK(0, lsm_new(&l->env.e, &db));
  TRUE(lsm_open(db, zFile)!=LSM_OK);
  OK(0, lsm_close(db));
  return 0;
}
static void *failingWriters(void *pArg){
  lateEnv *l = pArg; int i;
  for(i=0; i<300; i++) lateWriter(l);
  return 0;
}
static void reads(void){
  lsm_db *db; lsm_i64 n; int v = 1;
  OK(0, lsm_new(0, &db));
  OK(db, lsm_config(db, LSM_CONFIG_READONLY, &v));
  OK(db, lsm_open(db, zFile));
  OK(db, lsmlite_get(db, "k", 1, 0, 0, &n));
  TRUE(n==1);
  OK(db, lsm_close(db));
}
static void besideOneThatFails(void){
  lateEnv late; pthread_t thread, aThread[3]; lsm_db *db = opened(0), *held; int i, v = 1;
  OK(db, lsm_insert(db, "k", 1, "v", 1));
  OK(db, lsm_close(db));
  OK(0, lsm_new(0, &held));
  OK(held, lsm_config(held, LSM_CONFIG_READONLY, &v));
  OK(held, lsm_open(held, zFile));
  memset(&late, 0, sizeof(late));
  init(&late.env);
  late.env.e.xOpen = lateOpen;
  pthread_mutex_init(&late.mu, 0);
  pthread_cond_init(&late.cond, 0);
  TRUE(pthread_create(&thread, 0, lateWriter, &late)==0);
  pthread_mutex_lock(&late.mu);
  while( !late.bIn ) pthread_cond_wait(&late.cond, &late.mu);
  pthread_mutex_unlock(&late.mu);
  reads();
  pthread_mutex_lock(&late.mu);
  late.bGoOn = 1;
  pthread_cond_broadcast(&late.cond);
  pthread_mutex_unlock(&late.mu);
  pthread_join(thread, 0);
  for(i=0; i<3; i++) TRUE(pthread_create(&aThread[i], 0, failingWriters, &late)==0);
  for(i=0; i<200; i++) reads();
  OK(held, lsm_close(held));
  for(i=0; i<100; i++) reads(); /* without one to share */
  for(i=0; i<3; i++) pthread_join(aThread[i], 0);
  db = opened(0); /* what has failed stands in nobody's way */
  OK(db, lsm_insert(db, "k", 1, "w", 1));
  OK(db, lsm_close(db));
}

/* Whatever a hook returns is an error if it is not LSM_OK. */
static int hookError;
static int hookBound(void *p, int n){ (void)p; return n; }
static int hookCopy(void *p, char *pOut, int *pn, const char *pIn, int n){
  (void)p;
  memcpy(pOut, pIn, n);
  *pn = n;
  return hookError;
}
static void strange(void){
  static const int aRc[] = { 256, 1<<20, -256, -1, LSMLITE_ROW, LSMLITE_DONE };
  lsm_compress c = { 0, 4242, hookBound, hookCopy, hookCopy, 0 };
  lsm_db *db; lsmlite_stmt *s; lsm_i64 n; size_t i; int rc, k;
  for(i=0; i<sizeof(aRc)/sizeof(aRc[0]); i++){
    OK(0, lsm_new(0, &db));
    OK(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION, &c));
    OK(db, lsm_open(db, zFile));
    for(k=0; k<2000; k++){
      char zKey[8];
      sprintf(zKey, "k%04d", k);
      OK(db, lsm_insert(db, zKey, 5, zFile, 100));
    }
    OK(db, lsm_flush(db));
    OK(db, lsm_checkpoint(db, 0));
    OK(db, lsm_close(db));
    OK(0, lsm_new(0, &db));
    OK(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION, &c));
    OK(db, lsm_open(db, zFile));
    hookError = aRc[i];
    rc = lsmlite_get(db, "k1000", 5, 0, 0, &n);
    if( rc==LSM_OK ) printf("hook's error %d is %d, %lld bytes\n", aRc[i], rc, n);
    TRUE(rc!=LSM_OK);
    rc = lsmlite_prepare(db, "SELECT count(value) FROM kv", -1, &s);
    if( rc==LSM_OK ) rc = lsmlite_step(s);
    TRUE(rc!=LSM_OK && rc!=LSMLITE_ROW && rc!=LSMLITE_DONE);
    lsmlite_finalize(s);
    hookError = 0;
    OK(db, lsm_close(db));
  }
}

int main(int argc, char **argv){
  static const struct { const char *zName; void (*x)(void); } aPart[] = {
    { "unreadable", unreadable }, { "changed", changed }, { "ownKey", ownKey }, { "unread", unread }, { "kept", kept }, { "alone", alone }, { "backup", backup },
    { "noMove", noMove }, { "comesBack", comesBack },
    { "messages", messages }, { "closing", closing },
    { "sharing", sharing }, { "besideOneThatFails", besideOneThatFails }, { "strange", strange },
  };
  size_t i; int a, b, c;
  if( argc<2 ) return 2;
  for(i=0; i<sizeof(aPart)/sizeof(aPart[0]); i++){
    if( argc>2 && strcmp(argv[2], aPart[i].zName) ) continue;
    sprintf(zFile, "%s/%s.lsm", argv[1], aPart[i].zName);
    aPart[i].x();
  }
  lsmlite_open_count(&a, &b, &c);
  TRUE(a==0 && b==0 && c==0);
  while( pFiles ){ myFile *p = pFiles; pFiles = p->pNext; free(p); }
  puts("ok");
  return 0;
}

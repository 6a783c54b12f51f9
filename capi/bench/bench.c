/* SPDX-License-Identifier: Apache-2.0
**
** The same calls on this library and on lsm1, with the same settings: bench FILE [ROWS [ROUNDS]]
**
**   cc -O2 -I include capi/bench/bench.c -o bench-lsmlite -L lib -llsmlite -Wl,-rpath,lib
**   cc -O2 -DLSM1_ORIGINAL -I .../ext/lsm1 capi/bench/bench.c -o bench-lsm1 liblsm1.a -lpthread
**
** Each line is a kind of call: nanoseconds for each by the clock, and of CPU time of all threads of the process, each
** the least of the rounds. Rows are of 15 + 100 bytes. Durability is that of safety=1: checkpoints are synced, commits
** are not.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lsm.h"

#define KEY 15
#define VALUE 100

static int nRow = 100000;
static lsm_db *db;
static char aValue[VALUE];
static unsigned *aOrder;

static void ok(int rc, const char *z){
  if( rc ){ printf("%s: error %d\n", z, rc); exit(1); }
}
#define OK(x) ok(x, #x)

static double now(clockid_t clock){
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec*1e9 + t.tv_nsec;
}

static void keyOf(char *z, unsigned i){
  int j;
  memcpy(z, "key000000000000", KEY);
  for(j=KEY-1; i; j--, i/=10) z[j] = '0'+i%10;
}

static void open_(const char *zPath){
  OK(lsm_new(0, &db));
  int one = 0;
  OK(lsm_config(db, LSM_CONFIG_MULTIPLE_PROCESSES, &one));
  OK(lsm_open(db, zPath));
}

/* Each returns how many calls it has measured. */
static int putInTransaction(void){
  char z[KEY]; int i;
  OK(lsm_begin(db, 1));
  for(i=0; i<nRow; i++){ keyOf(z, aOrder[i]); OK(lsm_insert(db, z, KEY, aValue, VALUE)); }
  OK(lsm_commit(db, 0));
  return nRow;
}

static int putAndCommit(void){
  char z[KEY]; int i;
  for(i=0; i<nRow/5; i++){ keyOf(z, aOrder[i]); OK(lsm_insert(db, z, KEY, aValue, VALUE)); }
  return nRow/5;
}

static int getByCursor(void){
  char z[KEY]; int i, n; lsm_cursor *c; const void *p;
  OK(lsm_csr_open(db, &c));
  for(i=0; i<nRow; i++){
    keyOf(z, aOrder[i]);
    OK(lsm_csr_seek(c, z, KEY, LSM_SEEK_EQ));
    if( !lsm_csr_valid(c) ) exit(1);
    OK(lsm_csr_value(c, &p, &n));
    if( n!=VALUE ) exit(1);
  }
  OK(lsm_csr_close(c));
  return nRow;
}

static int getByNewCursor(void){
  char z[KEY]; int i, n; lsm_cursor *c; const void *p;
  for(i=0; i<nRow/2; i++){
    keyOf(z, aOrder[i]);
    OK(lsm_csr_open(db, &c));
    OK(lsm_csr_seek(c, z, KEY, LSM_SEEK_EQ));
    OK(lsm_csr_value(c, &p, &n));
    if( n!=VALUE ) exit(1);
    OK(lsm_csr_close(c));
  }
  return nRow/2;
}

static int getMissing(void){
  char z[KEY+1]; int i; lsm_cursor *c;
  OK(lsm_csr_open(db, &c));
  for(i=0; i<nRow; i++){
    keyOf(z, aOrder[i]);
    z[KEY] = '!';
    OK(lsm_csr_seek(c, z, KEY+1, LSM_SEEK_EQ));
    if( lsm_csr_valid(c) ) exit(1);
  }
  OK(lsm_csr_close(c));
  return nRow;
}

static int scan(void){
  int n = 0, nKey, nVal; lsm_cursor *c; const void *p;
  OK(lsm_csr_open(db, &c));
  for(OK(lsm_csr_first(c)); lsm_csr_valid(c); n++){
    OK(lsm_csr_key(c, &p, &nKey));
    OK(lsm_csr_value(c, &p, &nVal));
    if( nKey!=KEY || nVal!=VALUE ) exit(1);
    OK(lsm_csr_next(c));
  }
  OK(lsm_csr_close(c));
  if( n!=nRow ) exit(1);
  return n;
}

static int scanBack(void){
  int n = 0, nVal; lsm_cursor *c; const void *p;
  OK(lsm_csr_open(db, &c));
  for(OK(lsm_csr_last(c)); lsm_csr_valid(c); n++){
    OK(lsm_csr_value(c, &p, &nVal));
    if( nVal!=VALUE ) exit(1);
    OK(lsm_csr_prev(c));
  }
  OK(lsm_csr_close(c));
  return n;
}

static int shortScans(void){
  char z[KEY]; int i, j, n; lsm_cursor *c; const void *p;
  OK(lsm_csr_open(db, &c));
  for(i=0; i<nRow/10; i++){
    keyOf(z, aOrder[i]);
    OK(lsm_csr_seek(c, z, KEY, LSM_SEEK_GE));
    for(j=0; j<20 && lsm_csr_valid(c); j++){
      OK(lsm_csr_value(c, &p, &n));
      OK(lsm_csr_next(c));
    }
  }
  OK(lsm_csr_close(c));
  return nRow/10;
}

static int emptyCall(void){
  int i;
  for(i=0; i<nRow; i++) OK(lsm_begin(db, 0)); /* does nothing */
  return nRow;
}

#ifndef LSM1_ORIGINAL
static int get(void){
  char z[KEY], a[VALUE]; int i; lsm_i64 n;
  for(i=0; i<nRow; i++){
    keyOf(z, aOrder[i]);
    OK(lsmlite_get(db, z, KEY, a, VALUE, &n));
    if( n!=VALUE ) exit(1);
  }
  return nRow;
}

static int getMany(void){
  enum { N = 100 };
  char z[N][KEY]; const void *ap[N]; int an[N], i, j; lsm_i64 aVal[N]; void *p;
  for(i=0; i+N<=nRow; i+=N){
    for(j=0; j<N; j++){ keyOf(z[j], aOrder[i+j]); ap[j] = z[j]; an[j] = KEY; }
    OK(lsmlite_get_many(db, N, ap, an, &p, aVal));
    lsm_free(0, p);
  }
  return i;
}

static int putMany(void){
  enum { N = 100 };
  char z[N][KEY]; const void *ap[N], *av[N]; int an[N], avn[N], i, j;
  for(i=0; i+N<=nRow; i+=N){
    for(j=0; j<N; j++){ keyOf(z[j], aOrder[i+j]); ap[j] = z[j]; an[j] = KEY; av[j] = aValue; avn[j] = VALUE; }
    OK(lsmlite_put_many(db, N, ap, an, av, avn));
  }
  return i;
}

static int rows(void){
  int n = 0; lsm_cursor *c; lsmlite_rows r; unsigned sum = 0;
  OK(lsmlite_scan(db, 0, 0, 0, 0, 0, &c));
  for(;;){
    OK(lsmlite_csr_rows(c, &r));
    if( r.nRow==0 ) break;
    for(unsigned i=0; i<r.nRow; i++) sum += r.aByte[r.aOff[2*i+1]];
    n += (int)r.nRow;
  }
  OK(lsm_csr_close(c));
  if( n!=nRow || sum==1 ) exit(1);
  return n;
}
#endif

static const struct { const char *z; int (*x)(void); } aKind[] = {
  { "a call that does nothing", emptyCall },
  { "put, in one transaction", putInTransaction },
  { "put, each with commit", putAndCommit },
  { "get, one cursor", getByCursor },
  { "get, a cursor each", getByNewCursor },
  { "get, key missing", getMissing },
  { "scan, a row", scan },
  { "scan back, a row", scanBack },
  { "20 rows from a key", shortScans },
#ifndef LSM1_ORIGINAL
  { "lsmlite_get", get },
  { "lsmlite_csr_rows, a row", rows },
  { "lsmlite_get_many of 100, a key", getMany },
  { "lsmlite_put_many of 100, a row", putMany },
#endif
};
#define KINDS (int)(sizeof(aKind)/sizeof(aKind[0]))

int main(int argc, char **argv){
  int i, k, round, nRound = 5;
  double aBest[KINDS], aCpu[KINDS];
  char zLog[1000];
  if( argc<2 ) return 2;
  if( argc>2 ) nRow = atoi(argv[2]);
  if( argc>3 ) nRound = atoi(argv[3]);
  snprintf(zLog, sizeof(zLog), "%s-log", argv[1]);
  aOrder = malloc(nRow*sizeof(unsigned));
  for(i=0; i<nRow; i++) aOrder[i] = i;
  unsigned long long x = 88172645463325252ull;
  for(i=nRow-1; i>0; i--){
    x ^= x<<13; x ^= x>>7; x ^= x<<17;
    unsigned j = x%(i+1), t = aOrder[i];
    aOrder[i] = aOrder[j]; aOrder[j] = t;
  }
  for(i=0; i<VALUE; i++) aValue[i] = (char)(i*31);
  for(round=0; round<nRound; round++){
    unlink(argv[1]);
    unlink(zLog);
    open_(argv[1]);
    for(k=0; k<KINDS; k++){
      double t = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
      int n = aKind[k].x();
      t = (now(CLOCK_MONOTONIC)-t)/n;
      cpu = (now(CLOCK_PROCESS_CPUTIME_ID)-cpu)/n;
      if( round==0 || t<aBest[k] ) aBest[k] = t;
      if( round==0 || cpu<aCpu[k] ) aCpu[k] = cpu;
    }
    OK(lsm_close(db));
  }
  for(k=0; k<KINDS; k++) printf("%-34s %7.0f ns, CPU %7.0f ns\n", aKind[k].z, aBest[k], aCpu[k]);
  free(aOrder);
  return 0;
}

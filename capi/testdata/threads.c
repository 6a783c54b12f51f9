/* SPDX-License-Identifier: Apache-2.0
**
** Many threads, each with a handle of its own, open and close one file, write, read and leave: threads FILE SECONDS.
** Each adds to a counter of its own, and to one of all, in one transaction; at the end the sums must be right.
*/
#include "common.h"
#include <pthread.h>
#include <time.h>

#define THREADS 6

static const char *zPath;
static time_t end;
static long long aCalls[THREADS];
static unsigned aAdded[THREADS];

static unsigned get(lsm_db *db, const char *z){
  unsigned v = 0; lsm_i64 n;
  OK(db, lsmlite_get(db, z, 4, &v, sizeof(v), &n));
  return n==4 ? v : 0;
}

static int put(lsm_db *db, const char *z, unsigned v){ return lsm_insert(db, z, 4, &v, sizeof(v)); }

static unsigned next(unsigned *p){ *p = *p*1103515245u + 12345u; return *p>>8; }

static void *thread(void *pArg){
  int id = (int)(size_t)pArg, i;
  unsigned r = (unsigned)id*7919u;
  char zMine[5];
  sprintf(zMine, "n%03d", id);
  while( time(0)<end ){
    lsm_db *db; lsm_cursor *c; int v = 200;
    OK(0, lsm_new(0, &db));
    OK(db, lsm_config(db, LSMLITE_CONFIG_BUSY_TIMEOUT, &v));
    v = 0; OK(db, lsm_config(db, LSM_CONFIG_SAFETY, &v));
    v = 100; OK(db, lsm_config(db, LSM_CONFIG_AUTOFLUSH, &v));
    OK(db, lsm_open(db, zPath));
    for(i=0; i<40; i++){
      char zKey[24]; char aVal[300]; unsigned nVal = next(&r)%sizeof(aVal);
      aCalls[id] += 12;
      int rc = lsm_begin(db, 1);
      if( rc==LSM_BUSY ) continue;
      OK(db, rc);
      unsigned mine = get(db, zMine), all = get(db, "nall");
      TRUE(mine==aAdded[id]);
      OK(db, put(db, zMine, mine+1));
      OK(db, put(db, "nall", all+1));
      sprintf(zKey, "row%08x", next(&r)%5000);
      memset(aVal, id, sizeof(aVal));
      OK(db, lsm_insert(db, zKey, 11, aVal, (int)nVal));
      if( next(&r)%4==0 ){ OK(db, lsm_rollback(db, 0)); continue; }
      OK(db, lsm_commit(db, 0));
      aAdded[id]++;
      OK(db, lsm_csr_open(db, &c));
      OK(db, lsm_csr_seek(c, zKey, 11, LSM_SEEK_GE));
      for(int j=0; j<30 && lsm_csr_valid(c); j++){
        const void *p; int n, k;
        aCalls[id] += 3;
        OK(db, lsm_csr_value(c, &p, &n));
        for(k=1; k<n; k++) TRUE(((const char*)p)[k]==((const char*)p)[0]);
        OK(db, lsm_csr_next(c));
      }
      OK(db, lsm_csr_close(c));
      if( next(&r)%50==0 ){
        rc = lsm_flush(db);
        TRUE(rc==LSM_OK || rc==LSM_BUSY);
        rc = lsm_work(db, 2, 500, 0);
        TRUE(rc==LSM_OK || rc==LSM_BUSY);
        rc = lsm_checkpoint(db, 0);
        TRUE(rc==LSM_OK || rc==LSM_BUSY);
      }
    }
    OK(db, lsm_close(db));
  }
  return 0;
}

int main(int argc, char **argv){
  pthread_t a[THREADS]; int i, nDb, nCsr, nStmt; unsigned all = 0; long long nCalls = 0;
  lsm_db *db;
  if( argc<3 ) return 2;
  zPath = argv[1];
  end = time(0)+atoi(argv[2]);
  for(i=0; i<THREADS; i++) TRUE(pthread_create(&a[i], 0, thread, (void*)(size_t)i)==0);
  for(i=0; i<THREADS; i++) pthread_join(a[i], 0);
  OK(0, lsm_new(0, &db));
  OK(db, lsm_open(db, zPath));
  for(i=0; i<THREADS; i++){
    char z[5]; sprintf(z, "n%03d", i);
    TRUE(get(db, z)==aAdded[i]);
    all += aAdded[i];
    nCalls += aCalls[i];
  }
  TRUE(all>0 && get(db, "nall")==all);
  OK(db, lsm_close(db));
  lsmlite_open_count(&nDb, &nCsr, &nStmt);
  TRUE(nDb==0 && nCsr==0 && nStmt==0);
  printf("%u commits, %lld calls: ok\n", all, nCalls);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0
**
** Statements: stmt FILE
*/
#include "common.h"

static lsm_db *db;

static lsm_i64 run(const char *z){
  lsmlite_stmt *s; int rc; lsm_i64 n;
  OK(db, lsmlite_prepare(db, z, -1, &s));
  while( (rc = lsmlite_step(s))==LSMLITE_ROW );
  if( rc!=LSMLITE_DONE ) failed(__LINE__, z, rc, LSMLITE_DONE, message(db));
  n = lsmlite_changes(s);
  OK(db, lsmlite_finalize(s));
  return n;
}

/* Whether a transaction is open is what BEGIN, which wants none, finds; lsmlite_in_transaction says it without. */
static void within(int want){
  lsmlite_stmt *s; int rc;
  WANT(db, lsmlite_in_transaction(db), want);
  OK(db, lsmlite_prepare(db, "BEGIN", -1, &s));
  rc = lsmlite_step(s);
  OK(db, lsmlite_finalize(s));
  TRUE(rc==(want ? LSM_MISUSE : LSMLITE_DONE));
  if( !want ) run("ROLLBACK");
  WANT(db, lsmlite_in_transaction(db), want);
}

static void transactions(void){
  static const struct { const char *z; int bFails, bIn; } a[] = {
    { "SELECT 1", 0, 0 }, { "BEGIN", 0, 1 }, { "COMMIT", 0, 0 }, { "COMMIT", 1, 0 }, { "BEGIN DEFERRED", 0, 1 },
    { "BEGIN", 1, 1 }, { "SELECT key FROM kv", 0, 1 }, { "ROLLBACK", 0, 0 }, { "SAVEPOINT s", 0, 1 },
    { "SAVEPOINT \"S\"", 0, 1 }, { "RELEASE[s]", 0, 1 }, { "ROLLBACK TO\"s\"", 0, 1 }, { "RELEASE \xc3\xa9", 1, 1 },
    { "RELEASE SAVEPOINT's'", 0, 0 }, { "BEGIN; SAVEPOINT s; INSERT INTO kv VALUES ('x', 'y')", 0, 1 },
    { "RELEASE s; ROLLBACK; SAVEPOINT t", 0, 1 }, { "SELEKT", 1, 1 }, { "END -- of it", 0, 0 },
  };
  lsmlite_stmt *s; size_t i; int rc;
  for(i=0; i<sizeof(a)/sizeof(a[0]); i++){
    rc = lsmlite_prepare(db, a[i].z, -1, &s);
    if( rc==LSM_OK ) while( (rc = lsmlite_step(s))==LSMLITE_ROW );
    OK(db, lsmlite_finalize(s));
    if( (rc!=LSMLITE_DONE)!=a[i].bFails ) failed(__LINE__, a[i].z, rc, LSMLITE_DONE, message(db));
    within(a[i].bIn);
  }
  OK(db, lsm_begin(db, 1));
  WANT(db, lsmlite_in_transaction(db), 0);
  OK(db, lsm_rollback(db, 0));
  WANT(0, lsmlite_in_transaction(0), 0);
}

int main(int argc, char **argv){
  lsmlite_stmt *s, *s2; int i, n, a, b, c; lsm_i64 nVal; char z[20];
  if( argc<2 ) return 2;
  OK(0, lsm_new(0, &db));
  WANT(db, lsmlite_in_transaction(db), 0);
  WANT(db, lsmlite_prepare(db, "SELECT 1", -1, &s), LSM_MISUSE);
  TRUE(s==0);
  OK(db, lsm_open(db, argv[1]));
  WANT(db, lsmlite_prepare(db, "SELEKT 1", -1, &s), LSMLITE_SYNTAX);
  TRUE(s==0 && strstr(lsmlite_error_message(db), "SELEKT") && lsmlite_error_code(db)==LSMLITE_SYNTAX);
  OK(db, lsmlite_finalize(0));
  transactions();

  OK(db, lsmlite_prepare(db, "INSERT INTO kv VALUES (?, ?)", -1, &s));
  WANT(db, lsmlite_bind_text(s, 3, "x", 1), LSM_MISUSE);
  WANT(db, lsmlite_bind_text(s, 0, "x", 1), LSM_MISUSE);
  run("BEGIN");
  for(i=0; i<100; i++){
    n = sprintf(z, "k%03d", i);
    OK(db, lsmlite_bind_text(s, 1, z, n));
    OK(db, lsmlite_bind_blob(s, 2, z, i%5));
    WANT(db, lsmlite_step(s), LSMLITE_DONE);
    TRUE(lsmlite_changes(s)==1);
  }
  /* The transaction is that of the statements: others do not see it, and cannot write. */
  OK(db, lsmlite_get(db, "k001", 4, z, sizeof(z), &nVal));
  TRUE(nVal==-1);
  WANT(db, lsm_insert(db, "k", 1, "v", 1), LSM_BUSY);
  run("COMMIT");
  OK(db, lsmlite_get(db, "k004", 4, z, sizeof(z), &nVal));
  TRUE(nVal==4 && memcmp(z, "k004", 4)==0);
  OK(db, lsmlite_clear_bindings(s));
  OK(db, lsmlite_bind_text(s, 1, "k", 1));
  WANT(db, lsmlite_step(s), LSM_MISUSE);
  TRUE(strstr(lsmlite_error_message(db), "parameter 2 of 2 is missing"));
  OK(db, lsmlite_bind_null(s, 2));
  WANT(db, lsmlite_step(s), LSM_MISUSE);
  TRUE(strstr(lsmlite_error_message(db), "parameter 2 is NULL"));
  OK(db, lsmlite_bind_blob(s, 2, 0, 0));
  WANT(db, lsmlite_step(s), LSMLITE_DONE);
  TRUE(run("DELETE FROM kv WHERE key = 'k'")==1);
  OK(db, lsmlite_finalize(s));

  OK(db, lsmlite_prepare(db, "SELECT key, length(value), value FROM kv WHERE key >= ? AND key < ? ORDER BY key DESC", -1, &s));
  OK(db, lsmlite_bind_text(s, 1, "k010", -1));
  OK(db, lsmlite_bind_text(s, 2, "k020", -1));
  for(int turn=0; turn<3; turn++){
    for(i=19; i>=10; i--){
      const char *p;
      WANT(db, lsmlite_step(s), LSMLITE_ROW);
      TRUE(lsmlite_column_count(s)==3 && strcmp(lsmlite_column_name(s, 0), "key")==0 && lsmlite_column_name(s, 3)==0);
      sprintf(z, "k%03d", i);
      p = lsmlite_column_bytes(s, 0, &n);
      TRUE(n==4 && strcmp(p, z)==0);
      TRUE(lsmlite_column_type(s, 1)==LSMLITE_INTEGER && lsmlite_column_int64(s, 1)==i%5);
      TRUE(lsmlite_column_bytes(s, 1, &n)==0 && n==0 && lsmlite_column_double(s, 1)==0);
      p = lsmlite_column_bytes(s, 2, &n);
      TRUE(n==i%5 && memcmp(p, z, n)==0);
      TRUE(lsmlite_column_type(s, 7)==LSMLITE_NULL);
      WANT(db, lsmlite_bind_int64(s, 1, 1), LSM_MISUSE); /* it runs */
      if( turn==1 && i==15 ) break;
    }
    if( turn==1 ) OK(db, lsmlite_reset(s)); else WANT(db, lsmlite_step(s), LSMLITE_DONE);
    TRUE(lsmlite_column_type(s, 0)==LSMLITE_NULL);
  }
  WANT(db, lsm_close(db), LSM_MISUSE);
  OK(db, lsmlite_prepare(db, "SELECT 42 and what is never read", 9, &s2));
  WANT(db, lsmlite_step(s2), LSMLITE_ROW);
  TRUE(lsmlite_column_int64(s2, 0)==42);
  OK(db, lsmlite_finalize(s2));
  OK(db, lsmlite_finalize(s));

  OK(db, lsmlite_prepare(db, "SELECT count(*) FROM kv; DELETE FROM kv WHERE key < 'k050'; SELECT count(*) FROM kv", -1, &s));
  WANT(db, lsmlite_step(s), LSMLITE_ROW);
  TRUE(lsmlite_column_int64(s, 0)==100);
  WANT(db, lsmlite_step(s), LSMLITE_ROW);
  TRUE(lsmlite_column_int64(s, 0)==50);
  WANT(db, lsmlite_step(s), LSMLITE_DONE);
  OK(db, lsmlite_finalize(s));
  TRUE(run("DELETE FROM kv WHERE key < 'k060'")==10);
  TRUE(run("UPDATE kv SET value = 'new' WHERE key < 'k065'")==5);
  run("PRAGMA page_size");
  OK(db, lsm_begin(db, 1));
  OK(db, lsmlite_prepare(db, "DELETE FROM kv", -1, &s));
  TRUE((lsmlite_step(s)&0xff)==LSM_BUSY);
  OK(db, lsm_rollback(db, 0));
  OK(db, lsmlite_finalize(s));
  run("BEGIN");
  run("DELETE FROM kv");
  WANT(db, lsm_close(db), LSM_MISUSE); /* as with a transaction of lsm_begin */
  TRUE(strstr(lsmlite_error_message(db), "statements"));
  {
    lsm_compress none;
    memset(&none, 0, sizeof(none));
    WANT(db, lsm_config(db, LSM_CONFIG_SET_COMPRESSION, &none), LSM_MISUSE); /* it would close the file */
  }
  run("ROLLBACK");
  run("BEGIN DEFERRED");
  OK(db, lsm_close(db)); /* nothing is lost */
  OK(0, lsm_new(0, &db));
  OK(db, lsm_open(db, argv[1]));
  OK(db, lsmlite_get(db, "k060", 4, z, sizeof(z), &nVal));
  TRUE(nVal==3);
  OK(db, lsm_close(db));
  lsmlite_open_count(&a, &b, &c);
  TRUE(a==0 && b==0 && c==0);
  puts("ok");
  return 0;
}

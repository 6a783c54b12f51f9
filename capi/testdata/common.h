/* SPDX-License-Identifier: Apache-2.0
**
** What the test programs share: checks that stop with the place and the library's own message, and a random
** generator that is the same everywhere.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lsm.h"

#ifdef LSM1_ORIGINAL
# define message(db) ""
#else
# define message(db) ((db) ? lsmlite_error_message(db) : "")
#endif

static void failed(int line, const char *zWhat, int got, int want, const char *zMsg){
  printf("line %d: %s is %d, want %d %s\n", line, zWhat, got, want, zMsg);
  fflush(stdout);
  exit(1);
}

#define WANT(db, expr, want) do{ int got_ = (expr); if( got_!=(want) ) failed(__LINE__, #expr, got_, (want), message(db)); }while(0)
#define OK(db, expr) WANT(db, expr, LSM_OK)
#define TRUE(expr) do{ if( !(expr) ) failed(__LINE__, #expr, 0, 1, ""); }while(0)

static unsigned long long seed_;
__attribute__((unused)) static unsigned rnd(unsigned n){
  seed_ += 0x9e3779b97f4a7c15ull;
  unsigned long long z = seed_;
  z = (z ^ (z>>30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z>>27)) * 0x94d049bb133111ebull;
  return (unsigned)((z ^ (z>>31)) % n);
}

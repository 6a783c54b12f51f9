/* SPDX-License-Identifier: Apache-2.0
**
** For wheels that also run on older systems: glibc 2.34 gave functions that it took over from libpthread and
** libdl a version of its own, and a library that is linked there wants that version. These are the versions that
** they had before, which newer glibc keeps. fstat was an inline function until glibc 2.33, which called __fxstat.
** Included into every C file by -include, Go's own among them.
*/
#if defined(__linux__) && !defined(__ASSEMBLER__)
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* Go's files define it, too late here */
#endif
#include <features.h>
#ifdef __GLIBC__
#if defined(__x86_64__)
#define LSMLITE_OLD "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define LSMLITE_OLD "GLIBC_2.17"
#endif
#ifdef LSMLITE_OLD
#define LSMLITE_KEEP(name) __asm__(".symver " #name "," #name "@" LSMLITE_OLD);
LSMLITE_KEEP(dlopen)
LSMLITE_KEEP(dlsym)
LSMLITE_KEEP(dlerror)
LSMLITE_KEEP(pthread_create)
LSMLITE_KEEP(pthread_detach)
LSMLITE_KEEP(pthread_key_create)
LSMLITE_KEEP(pthread_setspecific)
LSMLITE_KEEP(pthread_getattr_np)
LSMLITE_KEEP(pthread_attr_getstack)
LSMLITE_KEEP(pthread_attr_getstacksize)
LSMLITE_KEEP(pthread_attr_setstacksize)
LSMLITE_KEEP(pthread_sigmask)
LSMLITE_KEEP(pthread_mutex_trylock)
LSMLITE_KEEP(__fxstat)
#include <sys/stat.h>
extern int __fxstat(int version, int fd, struct stat *st);
#ifdef __x86_64__
#define fstat(fd, st) __fxstat(1, (fd), (st))
#else
#define fstat(fd, st) __fxstat(0, (fd), (st))
#endif
#endif
#endif
#endif

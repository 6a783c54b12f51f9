/* SPDX-License-Identifier: Apache-2.0
**
** The library: how it is opened, and how a fork loses it.
*/
#include "native.h"
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

struct library lib;

static int loaded;           /* set with the GIL held, never cleared */
static volatile int lost;    /* set in a child, before it has a second thread */
static PyObject *make_error; /* (code, detail) -> exception */

/* A child that was forked before the library was opened has lost nothing: it can open its own. */
static void after_fork(void) {
  if (loaded) lost = 1;
}

int library_lost(void) { return lost; }

int library_ready(void) {
  if (lost) {
    raise_code(LSM_MISUSE, "this process was forked from one that had opened a database, and a fork does not keep "
                           "the threads of liblsmlite; start processes with the methods \"spawn\" or \"forkserver\", "
                           "or open the first database after the fork");
    return -1;
  }
  if (!loaded) {
    PyErr_SetString(PyExc_RuntimeError, "liblsmlite is not loaded");
    return -1;
  }
  return 0;
}

PyObject *raise_code(int rc, const char *detail) {
  PyObject *e, *text;
  if (make_error == NULL) {
    PyErr_Format(PyExc_RuntimeError, "error %d: %s", rc, detail);
    return NULL;
  }
  /* It quotes names and texts as they are, and may have been cut in the middle of a character. */
  text = PyUnicode_DecodeUTF8(detail, (Py_ssize_t)strlen(detail), "replace");
  if (text == NULL) return NULL;
  e = PyObject_CallFunction(make_error, "iN", rc, text);
  if (e != NULL) {
    PyErr_SetObject((PyObject *)Py_TYPE(e), e);
    Py_DECREF(e);
  }
  return NULL;
}

static PyObject *missing(const char *name) {
  return PyErr_Format(PyExc_ImportError, "liblsmlite has no function %s: it is of another version than the package",
                      name);
}

/* No GIL is given up here: two threads must not load at once, and a library is loaded once. */
static PyObject *library_load(PyObject *self, PyObject *path) {
  struct library found;
  PyObject *name = NULL;
  void *so;
  (void)self;
  if (loaded) Py_RETURN_NONE;
  if (!PyUnicode_FSConverter(path, &name)) return NULL;
  so = dlopen(PyBytes_AsString(name), RTLD_NOW | RTLD_LOCAL);
  Py_DECREF(name);
  if (so == NULL) return PyErr_Format(PyExc_ImportError, "open liblsmlite: %s", dlerror());
  memset(&found, 0, sizeof found);
#define FIND(name)                                        \
  found.name = (__typeof__(found.name))dlsym(so, #name); \
  if (found.name == NULL) return missing(#name);
  LIBRARY_FUNCTIONS(FIND)
#undef FIND
  if (pthread_atfork(NULL, NULL, after_fork) != 0) return PyErr_NoMemory();
  lib = found;
  loaded = 1;
  Py_RETURN_NONE;
}

static PyObject *library_on_error(PyObject *self, PyObject *callable) {
  (void)self;
  Py_INCREF(callable);
  Py_XDECREF(make_error);
  make_error = callable;
  Py_RETURN_NONE;
}

static PyObject *library_version(PyObject *self, PyObject *unused) {
  (void)self;
  (void)unused;
  if (library_ready() < 0) return NULL;
  return PyUnicode_FromString(lib.lsmlite_version());
}

static PyObject *library_open_count(PyObject *self, PyObject *unused) {
  int db = 0, csr = 0, stmt = 0;
  (void)self;
  (void)unused;
  if (library_ready() < 0) return NULL;
  lib.lsmlite_open_count(&db, &csr, &stmt);
  return Py_BuildValue("(iii)", db, csr, stmt);
}

PyMethodDef library_methods[] = {
    {"load", library_load, METH_O, "load(path): opens liblsmlite, unless it is open"},
    {"on_error", library_on_error, METH_O, "on_error(f): f(code, detail) makes the exceptions of the library's errors"},
    {"version", library_version, METH_NOARGS, "version() of the library"},
    {"open_count", library_open_count, METH_NOARGS, "open_count() -> handles, cursors and statements that are open"},
    {NULL, NULL, 0, NULL}};

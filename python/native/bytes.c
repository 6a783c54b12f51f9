/* SPDX-License-Identifier: Apache-2.0
**
** Keys and values: which bytes an object stands for.
*/
#include "native.h"
#include <limits.h>

/* Bytes are taken as they are, text as UTF-8, bytearray and memoryview as their content, and all else as
** the text that str() makes of it. None is nothing that could be stored. */
int text_of(PyObject *o, struct text *t) {
  PyObject *b;
  Py_ssize_t n;
  if (PyBytes_Check(o)) {
    Py_INCREF(o);
    b = o;
  } else if (PyUnicode_Check(o)) {
    b = PyUnicode_AsUTF8String(o);
  } else if (o == Py_None) {
    PyErr_SetString(PyExc_TypeError, "expected bytes, NoneType found");
    return -1;
  } else if (PyByteArray_Check(o) || PyMemoryView_Check(o)) {
    b = PyBytes_FromObject(o);
  } else {
    PyObject *s = PyObject_Str(o);
    if (s == NULL) return -1;
    b = PyUnicode_AsUTF8String(s);
    Py_DECREF(s);
  }
  if (b == NULL) return -1;
  if (PyBytes_AsStringAndSize(b, &t->data, &n) < 0) {
    Py_DECREF(b);
    return -1;
  }
  if (n > INT_MAX) {
    Py_DECREF(b);
    PyErr_SetString(PyExc_OverflowError, "keys and values have at most 2147483647 bytes");
    return -1;
  }
  t->owner = b;
  t->size = (int)n;
  return 0;
}

void text_free(struct text *t) {
  Py_CLEAR(t->owner);
}

/* SPDX-License-Identifier: Apache-2.0
**
** The module lsmlite._native: its types.
*/
#include "native.h"

PyObject *handle_type, *cursor_type;

void free_object(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
  Py_DECREF(type);
}

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "lsmlite._native", "The calls of liblsmlite. Programs use lsmlite and lsmlite.dbapi2.",
    -1, library_methods, NULL, NULL, NULL, NULL};

/* add makes a type, and leaves a reference to it with the caller. */
static PyObject *add(PyObject *m, const char *name, PyType_Spec *spec) {
  PyObject *type = PyType_FromSpec(spec);
  if (type == NULL) return NULL;
  Py_INCREF(type);
  if (PyModule_AddObject(m, name, type) < 0) {
    Py_DECREF(type);
    Py_DECREF(type);
    return NULL;
  }
  return type;
}

PyMODINIT_FUNC PyInit__native(void) {
  PyObject *m = PyModule_Create(&module);
  if (m == NULL) return NULL;
  handle_type = add(m, "Handle", &handle_spec);
  cursor_type = add(m, "Cursor", &cursor_spec);
  if (handle_type == NULL || cursor_type == NULL || add(m, "Rows", &rows_spec) == NULL ||
      add(m, "Scan", &scan_spec) == NULL || add(m, "Statement", &statement_spec) == NULL) {
    Py_DECREF(m);
    return NULL;
  }
  return m;
}

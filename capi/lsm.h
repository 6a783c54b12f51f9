/* SPDX-License-Identifier: Apache-2.0 */

/* For programs that include lsm.h: all that lsm1's header declares is in lsmlite.h. */
#include "lsmlite.h"

/* SPDX-License-Identifier: Apache-2.0 */

/* Which rule is left out: RULE_LEFT_OUT in the environment of pan names it. KEEPS(RULE) is true for all others. A model
   lists its rules as RULES, which is X(NAME) for each, before it includes this. init begins with READ_RULES. SIZE(NAME, n)
   in C is a number that the environment may give, else n: how large a run is. */

#define X(name) name,
c_decl {
	\#include <stdlib.h>
	\#include <string.h>
	enum { RULES NUM_RULES };
#undef X
#define X(name) #name,
	static const char *const rules[] = { RULES };
	static char keeps[NUM_RULES];
	static void readRules(void) {
		const char *out = getenv("RULE_LEFT_OUT");
		int i, found = !out || !*out;
		for (i = 0; i < NUM_RULES; i++) {
			keeps[i] = !out || strcmp(out, rules[i]) != 0;
			found |= !keeps[i];
		}
		if (!found) { fprintf(stderr, "no such rule: %s\n", out); exit(2); }
	}
	static int sizeOf(const char *name, int otherwise) {
		const char *s = getenv(name);
		return s && *s ? atoi(s) : otherwise;
	}
};
#undef X

#define KEEPS(rule) c_expr { keeps[rule] }
#define READ_RULES c_code { readRules(); }
#define SIZE(name, n) sizeOf(#name, n)

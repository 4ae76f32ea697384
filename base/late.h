/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libraries that are loaded when they are needed: they bring others with them, and a run that
 * does without should not pay for them. What was loaded stays until the process ends: such
 * libraries leave handlers behind that would point into nothing.
 */
#ifndef BOMBUS_BASE_LATE_H
#define BOMBUS_BASE_LATE_H

#include <stddef.h>

struct err;

struct late_symbol {
	const char *name;
	void *slot; /* of a pointer to function */
};

/* Fills every slot. -ENOENT where the library or a symbol is missing: `purpose` begins the message
 * ("cannot pull"), `package` is the hint. */
int late_load(const char *library, const char *package, const char *purpose,
	      const struct late_symbol *symbols, size_t count, struct err *err);

#endif

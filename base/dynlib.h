/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libraries that are loaded on first use, so that a run without them does not pay for them. Their
 * headers are present when building, so a slot has the function's type:
 *
 *	__typeof__(&crypt_r) crypt = NULL;
 *	const struct dynlib_symbol symbols[] = { { "crypt_r", &crypt } };
 */
#ifndef BOMBUS_BASE_DYNLIB_H
#define BOMBUS_BASE_DYNLIB_H

#include <stddef.h>

struct err;

struct dynlib_symbol {
	const char *name;
	void *slot; /* of a pointer to the function */
};

/* `what` begins the message: "cannot pull". -ENOENT with the package's name as hint. ret NULL: the
 * library stays loaded until the process ends; libraries that leave handlers behind need that. */
int dynlib_open(void **ret, const char *library, const char *package, const char *what,
		const struct dynlib_symbol *symbols, size_t count, struct err *err);
void dynlib_close(void *library); /* takes NULL */

/* All libraries that any part of bombus opens, for packages and images; NULL at the end. */
extern const char *const dynlib_names[];

#endif

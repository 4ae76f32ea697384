/* SPDX-License-Identifier: Apache-2.0 */
/* What the demos share: their root span and their numbers. */
#ifndef BOMBUS_DEMOS_DEMO_H
#define BOMBUS_DEMOS_DEMO_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "include/bombus/trace.h"

/* Below the span of $TRACEPARENT where there is one, as in a shell script that is traced. Says
 * which trace it is. */
static inline void demo_begin(struct bombus_span *root, const char *name)
{
	char text[BOMBUS_TRACEPARENT_SIZE];

	if (bombus_span_start_remote(root, getenv("TRACEPARENT"), name) < 0)
		bombus_span_start(root, NULL, name);
	bombus_traceparent(root, text);
	printf("traceparent %s\n", text);
	fflush(stdout);
}

/* The n-th argument, a number from 1 to most; what is missing is `fallback`. */
static inline long demo_number(int argc, char **argv, int n, long fallback, long most,
			       const char *usage)
{
	char *end;
	long value;

	if (n >= argc)
		return fallback;
	errno = 0;
	value = strtol(argv[n], &end, 10);
	if (errno || end == argv[n] || *end || value < 1 || value > most) {
		fprintf(stderr, "usage: %s (numbers up to %ld)\n", usage, most);
		exit(2);
	}
	return value;
}

static inline void demo_nap(long ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

#endif

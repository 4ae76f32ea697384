/* SPDX-License-Identifier: Apache-2.0 */
/* What the jobs of traffic.c and those of traffic_system.c share. */
#ifndef BOMBUS_TRAFFIC_H
#define BOMBUS_TRAFFIC_H

#include <stddef.h>

struct job {
	const char *name;
	const char *args; /* names of the arguments, for the help */
	int count;	  /* how many there must be */
	void (*run)(char **args);
};

/* Files, disks, privileges: what programs about the system look at. Ends with a row without a name.
 */
extern const struct job system_jobs[];

void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...);
long number(const char *text);
void nap(long ms);
/* Forks, lets the child do `act`, and waits; the child's wait status is what is returned. */
int child(void (*act)(void *ctx), void *ctx);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What traffic.c and the files of its jobs share. */
#ifndef BOMBUS_TRAFFIC_H
#define BOMBUS_TRAFFIC_H

#include <stddef.h>

struct job {
	const char *name;
	const char *args; /* names of the arguments, for the help */
	int count;	  /* how many there must be */
	void (*run)(char **args);
};

/* Each ends with a row without a name. */
extern const struct job application_jobs[]; /* what applications do, and functions for probes */
extern const struct job cpu_jobs[];	    /* CPUs, sleeps, locks */
extern const struct job memory_jobs[];
extern const struct job network_jobs[];
extern const struct job system_jobs[]; /* files, disks, privileges */

void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...);
long number(const char *text);
void nap(long ms);
/* Forks, lets the child do `act`, and waits; the child's wait status is what is returned. */
int child(void (*act)(void *ctx), void *ctx);

#endif

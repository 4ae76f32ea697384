/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps on demand: any thread may ask for the maps as they are now, and waits until a round that
 * began after its question has ended. Questions that came before a round began share it.
 */
#ifndef BOMBUS_RUNNER_READ_COLLECT_DEMAND_H
#define BOMBUS_RUNNER_READ_COLLECT_DEMAND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct demand {
	pthread_mutex_t lock;
	pthread_cond_t answered_cond;
	uint64_t asked, answered; /* numbers of questions */
	uint64_t taken;		  /* those that the round that runs answers */
	bool closed;		  /* no round will come */
};

void demand_init(struct demand *demand);
void demand_release(struct demand *demand);

/* Any thread. Rings at `bell_fd`, a timerfd, and waits for at most `within_ns`; false: the answer
 * is not there by then. */
bool demand_wait(struct demand *demand, int bell_fd, uint64_t within_ns);

/* The thread that sweeps. Whether a question waits for a round. */
bool demand_is_open(struct demand *demand);
void demand_take(struct demand *demand);   /* a round begins */
void demand_answer(struct demand *demand); /* it ended */
void demand_close(struct demand *demand);  /* no round will come: ends all waits */

#endif

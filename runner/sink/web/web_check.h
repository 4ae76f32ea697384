/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares passwords with bcrypt hashes, in a thread of its own with a short queue: bcrypt is slow
 * on purpose, and the thread that serves metrics must not wait for it. Boundary file of libcrypt,
 * which is loaded for it.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_WEB_CHECK_H
#define BOMBUS_RUNNER_SINK_WEB_WEB_CHECK_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define WEB_HASH_ROOM 64 /* of a bcrypt hash, which has 60 characters */
#define WEB_CHECKS_MAX 16

struct web_check {
	char *password; /* owned by the caller */
	char hash[WEB_HASH_ROOM];
	bool is_user;	  /* the caller's: false: the hash is another user's */
	uint64_t mark[2]; /* the caller's */
	bool matches;	  /* the result */
	/* Called in the checker's thread, or in web_checker_stop(). */
	void (*done)(struct web_check *check);
};

struct web_checker;

/* The thread starts with the first check. */
int web_checker_new(struct web_checker **ret, struct err *err);
bool web_checker_has_room(struct web_checker *checker);
/* Where there is room, by the only thread that puts. `check` is borrowed until done() is called. */
void web_checker_put(struct web_checker *checker, struct web_check *check);
/* Checks that wait are done without a match. */
void web_checker_stop(struct web_checker *checker);
void web_checker_free(struct web_checker *checker);

#endif

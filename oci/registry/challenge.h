/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WWW-Authenticate (RFC 9110, 11.6.1): how a registry wants to be asked. One header may hold
 * several challenges, and there may be several headers. Pure; unknown parts are skipped.
 */
#ifndef BOMBUS_OCI_REGISTRY_CHALLENGE_H
#define BOMBUS_OCI_REGISTRY_CHALLENGE_H

#include <stddef.h>

#define CHALLENGES_MAX 8

struct challenge {
	char *scheme;			       /* as written: compare without case */
	char *realm, *service, *scope, *error; /* NULL: not given */
};

/* Appends to list[0..count), which has room for CHALLENGES_MAX; returns the new count. */
size_t challenges_parse(const char *header, struct challenge *list, size_t count);
void challenges_release(struct challenge *list, size_t count);

/* The first one of a scheme; NULL: there is none. */
struct challenge *challenge_find(struct challenge *list, size_t count, const char *scheme);

#endif

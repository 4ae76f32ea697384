/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Untrusted JSON documents, read with limits: size, nesting, no key twice, no NUL in
 * a text. Boundary file of jansson for oci/, together with descriptor.c,
 * manifest.c, index.c and store.c.
 */
#ifndef BOMBUS_OCI_FORMAT_JSON_H
#define BOMBUS_OCI_FORMAT_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define JSON_MAX_BYTES (4u << 20)
#define JSON_MAX_DEPTH 16

static inline void json_unref(json_t **json)
{
	json_decref(*json);
}
#define _cleanup_json_ __attribute__((cleanup(json_unref)))

/* An object, or -EBADMSG. `what` names the document in messages. */
int json_parse(const char *what, const void *bytes, size_t len, json_t **ret, struct err *err);

/* A member's text: *ret is borrowed from `object`, NULL where there is none. -EBADMSG: no text. */
int json_get_text(const json_t *object, const char *key, const char **ret, struct err *err);

/* A member that is a whole number and not negative. -EBADMSG: it is missing or something else. */
int json_get_size(const json_t *object, const char *key, uint64_t *ret, struct err *err);

/* On one line, malloc'ed. */
char *json_text(const json_t *json);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648, section 4). */
#ifndef BOMBUS_BASE_BASE64_H
#define BOMBUS_BASE_BASE64_H

#include <stddef.h>

#define BASE64_ROOM(len) (((len) + 2) / 3 * 4)

/* Writes BASE64_ROOM(len) characters, padding included and no NUL; returns their number. */
size_t base64_encode(char *dst, const void *bytes, size_t len);

/* Takes text with or without padding. 0, -EBADMSG: it is not base64, or -ENOSPC: it is more than
 * `room` bytes. */
int base64_decode(void *dst, size_t room, const char *text, size_t *ret_len);

#endif

// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(char *dst, const void *bytes, size_t len)
{
	const uint8_t *src = bytes;
	size_t n = 0;

	for (size_t i = 0; i < len; i += 3) {
		size_t have = MIN(len - i, (size_t)3);
		uint32_t v = (uint32_t)src[i] << 16 | (have > 1 ? (uint32_t)src[i + 1] << 8 : 0) |
			     (have > 2 ? src[i + 2] : 0);

		dst[n++] = digits[v >> 18];
		dst[n++] = digits[v >> 12 & 63];
		dst[n++] = have > 1 ? digits[v >> 6 & 63] : '=';
		dst[n++] = have > 2 ? digits[v & 63] : '=';
	}
	return n;
}

int base64_decode(void *dst, size_t room, const char *text, size_t *ret_len)
{
	size_t len = strcspn(text, "="), pad = strspn(text + len, "="), n = 0;
	uint8_t *to = dst;
	uint32_t bits = 0;
	unsigned have = 0;

	/* A lone digit is no byte; padding fills the last group. */
	if (len % 4 == 1 || text[len + pad] || (pad && (pad > 2 || (len + pad) % 4)))
		return -EBADMSG;
	for (size_t i = 0; i < len; i++) {
		const char *digit = memchr(digits, text[i], sizeof(digits) - 1);

		if (!digit)
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (n == room)
			return -ENOSPC;
		to[n++] = (uint8_t)(bits >> have);
	}
	*ret_len = n;
	return 0;
}

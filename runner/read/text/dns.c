// SPDX-License-Identifier: Apache-2.0
#include "runner/read/text/dns.h"

#include "base/util.h"

int dns_unpack(char dst[DNS_MAX + 1], const uint8_t *at, size_t room, bool *ret_whole)
{
	size_t in = 0, out = 0;

	*ret_whole = false;
	while (in < room && out < DNS_MAX) {
		size_t len = at[in++], there;

		if (len == 0) {
			*ret_whole = true;
			break;
		}
		if (len > 63)
			return out ? (int)out : -1; /* a compression pointer, or no DNS */
		if (out)
			dst[out++] = '.';
		there = strnlen((const char *)at + in, MIN(len, room - in));
		memcpy(dst + out, at + in, MIN(there, DNS_MAX - out));
		out += MIN(there, DNS_MAX - out);
		if (there < len)
			break;
		in += len;
	}
	return (int)out;
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/web/web_limit.h"

#include <netinet/in.h>

#include "base/util.h"

#define ADDRESSES_MAX 256

struct address {
	uint8_t bytes[8]; /* of IPv4 the last four */
	uint8_t family;
	uint8_t tries;	   /* failed or under way; 0: the place is free */
	uint64_t since_ns; /* when `tries` was last counted down */
};

struct web_limit {
	struct address addresses[ADDRESSES_MAX];
};

struct web_limit *web_limit_new(void)
{
	return xcalloc(1, sizeof(struct web_limit));
}

void web_limit_free(struct web_limit *limit)
{
	free(limit);
}

static bool read_address(const struct sockaddr *from, struct address *ret)
{
	const struct sockaddr_in6 *v6 = (const void *)from;

	*ret = (struct address){ 0 };
	if (from && from->sa_family == AF_INET) {
		ret->family = AF_INET;
		memcpy(ret->bytes + 4, &((const struct sockaddr_in *)from)->sin_addr, 4);
	} else if (from && from->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		ret->family = AF_INET;
		memcpy(ret->bytes + 4, v6->sin6_addr.s6_addr + 12, 4);
	} else if (from && from->sa_family == AF_INET6) {
		ret->family = AF_INET6;
		memcpy(ret->bytes, v6->sin6_addr.s6_addr, 8);
	}
	return ret->family;
}

static struct address *find(struct web_limit *limit, const struct address *wanted)
{
	for (unsigned i = 0; i < ADDRESSES_MAX; i++) {
		struct address *here = &limit->addresses[i];

		if (here->tries && here->family == wanted->family &&
		    memcmp(here->bytes, wanted->bytes, sizeof(here->bytes)) == 0)
			return here;
	}
	return NULL;
}

static void count_down(struct address *address, uint64_t now_ns)
{
	uint64_t passed = now_ns > address->since_ns ? now_ns - address->since_ns : 0;
	uint64_t n = MIN(passed / WEB_LIMIT_NS, (uint64_t)address->tries);

	address->tries -= (uint8_t)n;
	address->since_ns = address->tries ? address->since_ns + n * WEB_LIMIT_NS : now_ns;
}

/* A free place, or that of the address with the fewest tries. */
static struct address *place(struct web_limit *limit, uint64_t now_ns)
{
	struct address *best = &limit->addresses[0];

	for (unsigned i = 0; i < ADDRESSES_MAX && best->tries; i++) {
		struct address *here = &limit->addresses[i];

		count_down(here, now_ns);
		if (here->tries < best->tries)
			best = here;
	}
	return best;
}

bool web_limit_take(struct web_limit *limit, const struct sockaddr *from, uint64_t now_ns)
{
	struct address wanted, *address;

	if (!read_address(from, &wanted))
		return true;
	address = find(limit, &wanted);
	if (address)
		count_down(address, now_ns);
	if (!address || !address->tries) {
		wanted.since_ns = now_ns;
		address = address ? address : place(limit, now_ns);
		*address = wanted;
	}
	if (address->tries >= WEB_LIMIT_TRIES)
		return false;
	address->tries++;
	return true;
}

void web_limit_give_back(struct web_limit *limit, const struct sockaddr *from)
{
	struct address wanted, *address;

	address = read_address(from, &wanted) ? find(limit, &wanted) : NULL;
	if (address)
		address->tries--;
}

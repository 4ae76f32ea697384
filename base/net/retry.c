// SPDX-License-Identifier: Apache-2.0
#include "base/net/retry.h"

#include <sys/random.h>
#include <time.h>

#include "base/num.h"
#include "base/parse.h"
#include "base/util.h"

#define FIRST_PAUSE_NS 200000000ull
#define MAX_DOUBLINGS 8

bool retry_status(int status)
{
	return status == 408 || status == 429 || (status >= 500 && status != 501);
}

/* "Fri, 20 Nov 2026 09:00:00 GMT", or a number of seconds; 0 where it is neither. */
static uint64_t asked_ns(const char *text, uint64_t now_unix_ns)
{
	struct tm tm = { 0 };
	uint64_t seconds = 0, then;

	if (parse_u64(text, &seconds) == 0)
		return seconds > UINT64_MAX / 1000000000 ? UINT64_MAX : seconds * 1000000000;
	if (!strptime_l(text, "%a, %d %b %Y %H:%M:%S GMT", &tm, num_c_locale()))
		return 0;
	if (timegm(&tm) <= 0)
		return 0;
	then = (uint64_t)timegm(&tm) * 1000000000;
	return then > now_unix_ns ? then - now_unix_ns : 0;
}

uint64_t retry_pause_ns(unsigned tries, const char *retry_after, uint64_t now_unix_ns)
{
	uint64_t pause = FIRST_PAUSE_NS << MIN(tries ? tries - 1 : 0u, (unsigned)MAX_DOUBLINGS);
	uint64_t asked = retry_after ? asked_ns(retry_after, now_unix_ns) : 0;
	uint32_t dice = 0;

	/* Without randomness all wait alike, which is no reason to fail. */
	if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != sizeof(dice))
		dice = 0;
	pause -= pause / 2 * (dice % 1024) / 1024;
	return MAX(pause, asked);
}

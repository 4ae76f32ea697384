// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* A counter in a .bss section of 256 MiB. */
#include "run.bpf.h"
#include <bombus/bombus.bpf.h>

__u64 large[32 << 20] = {};
__u64 calls BOMBUS_COUNTER = 0;

ON_ROUND int on_round(void *ctx)
{
	__u64 round;

	if (!next_round(&round))
		return 0;
	large[round & 0xff] = round;
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

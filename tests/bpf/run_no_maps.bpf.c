// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Nothing to show: there is no map. */
#include "run.bpf.h"

ON_ROUND int no_maps(void *ctx)
{
	return 0;
}

// SPDX-License-Identifier: Apache-2.0
/*
 * For sched-trace: the same naps twice, once followed by the kernel and once not.
 *
 *	sched [NAPS [MS]]
 */
#include "demos/demo.h"

#define USAGE "sched [NAPS [MS]]"

static void naps(const struct bombus_span *root, const char *name, long count, long ms,
		 int followed)
{
	struct bombus_span span;

	bombus_span_start(&span, root, name);
	if (followed)
		bombus_follow_thread(&span);
	while (count--)
		demo_nap(ms);
	bombus_follow_thread(NULL);
	bombus_span_end(&span);
}

int main(int argc, char **argv)
{
	long count = demo_number(argc, argv, 1, 5, 100000, USAGE);
	long ms = demo_number(argc, argv, 2, 2, 100000, USAGE);
	struct bombus_span root;

	demo_begin(&root, "sched demo");
	naps(&root, "followed", count, ms, 1);
	naps(&root, "not followed", count, ms, 0);
	bombus_span_end(&root);
	return 0;
}

// SPDX-License-Identifier: Apache-2.0
/*
 * For cfs-throttling-trace: the same work twice, once followed by the kernel and once not. To be
 * throttled it has to run in a cgroup with a quota:
 *
 *	systemd-run --scope -p CPUQuota=20% cfs-throttling [MS]
 */
#include "demos/demo.h"

#define USAGE "cfs-throttling [MS]"

static long since_ms(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - begin->tv_sec) * 1000 + (now.tv_nsec - begin->tv_nsec) / 1000000;
}

static void work(const struct bombus_span *root, const char *name, long ms, int followed)
{
	struct bombus_span span;
	struct timespec begin;

	bombus_span_start(&span, root, name);
	if (followed)
		bombus_follow_thread(&span);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (since_ms(&begin) < ms)
		;
	bombus_follow_thread(NULL);
	bombus_span_end(&span);
}

int main(int argc, char **argv)
{
	long ms = demo_number(argc, argv, 1, 1000, 3600000, USAGE);
	struct bombus_span root;

	demo_begin(&root, "cfs-throttling demo");
	work(&root, "followed", ms, 1);
	work(&root, "not followed", ms, 0);
	bombus_span_end(&root);
	return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <time.h>
#include "base/util.h"
#include "base/process.h"

#define STAT_MAX_BYTES 4096

static uint64_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n > 3 ? n - 3 : 0; /* "." and "..", and the folder itself */
}

static double now_s(clockid_t clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

bool process_stats_read(struct process_stats *ret)
{
	double tick = (double)sysconf(_SC_CLK_TCK);
	uint64_t user, system, threads, start, size, pages;
	struct rlimit limit = { 0 };
	_cleanup_free_ void *text = NULL;
	const char *at;

	if (read_file("/proc/self/stat", STAT_MAX_BYTES, &text, NULL, NULL) < 0)
		return false;
	/* The name may hold anything; the last parenthesis ends it. */
	at = strrchr(text, ')');
	if (!at || sscanf(at,
			  ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			  " %*d %*d %*d %*d %" SCNu64 " %*d %" SCNu64 " %" SCNu64 " %" SCNu64,
			  &user, &system, &threads, &start, &size, &pages) != 6)
		return false;
	getrlimit(RLIMIT_NOFILE, &limit);
	*ret = (struct process_stats){
		.cpu_s = (double)(user + system) / tick,
		.start_s = now_s(CLOCK_REALTIME) - now_s(CLOCK_BOOTTIME) + (double)start / tick,
		.resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE),
		.virtual_bytes = size,
		.fds = count_fds(),
		.max_fds = limit.rlim_cur,
		.threads = threads,
	};
	return true;
}

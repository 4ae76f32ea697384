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

/* --- figures ---------------------------------------------------------------------------------- */

static bool get_cpu(const void *of, struct figure_value *ret)
{
	return figure_number(ret, ((const struct process_stats *)of)->cpu_s);
}

static bool get_start(const void *of, struct figure_value *ret)
{
	return figure_number(ret, ((const struct process_stats *)of)->start_s);
}

static bool get_resident(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct process_stats *)of)->resident_bytes);
}

static bool get_virtual(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct process_stats *)of)->virtual_bytes);
}

static bool get_fds(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct process_stats *)of)->fds);
}

static bool get_max_fds(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct process_stats *)of)->max_fds);
}

static bool get_threads(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct process_stats *)of)->threads);
}

static void each_process(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	struct process_stats stats;

	if (process_stats_read(&stats))
		visit->visit(visit, &stats, NULL, 0);
}

static const struct own_figure figures[] = {
	{ "process_cpu_seconds_total", "User and system time of this process.", "seconds",
	  FIGURE_COUNTER, get_cpu },
	{ "process_start_time_seconds", "When this process began, since 1970.", "seconds",
	  FIGURE_GAUGE, get_start },
	{ "process_resident_memory_bytes", "Memory that it occupies.", "bytes", FIGURE_GAUGE,
	  get_resident },
	{ "process_virtual_memory_bytes", "Addresses that it uses.", "bytes", FIGURE_GAUGE,
	  get_virtual },
	{ "process_open_fds", "Open file descriptors.", "", FIGURE_GAUGE, get_fds },
	{ "process_max_fds", "Most file descriptors that may be open.", "", FIGURE_GAUGE,
	  get_max_fds },
	{ "process_threads", "Threads.", "", FIGURE_GAUGE, get_threads },
};

const struct figure_table process_figures = { figures, ARRAY_LEN(figures), FIGURES_PROCESS,
					      each_process };

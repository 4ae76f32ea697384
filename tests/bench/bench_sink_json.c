// SPDX-License-Identifier: Apache-2.0
/*
 * How fast events become JSON lines in a file: 48-byte records through the queue, the host's
 * thread and the writer, as in a run with -o json.
 *
 *	bench_sink_json [FILE [SECONDS]]	FILE: a new one in TMPDIR, removed at the end
 *
 * Prints one line of JSON: events and bytes a second by the wall clock, and by the processor time
 * of the output's thread alone.
 */
#define WITHOUT_CMOCKA
#include "tests/support/sink_fixture.h"
#include <sys/resource.h>
#include "base/parse.h"

#define DISTINCT 1024
#define BATCH 512

static void make_events(struct connlat *events)
{
	static const char *const names[] = { "curl", "nginx", "python3", "systemd-resolve",
					     "chronyd" };

	for (uint32_t i = 0; i < DISTINCT; i++) {
		uint64_t r = (i + 1) * 0x9e3779b97f4a7c15ull;

		events[i] = a_connlat();
		memcpy(events[i].saddr, &r, 4);
		memcpy(events[i].daddr, (char *)&r + 4, 4);
		snprintf(events[i].comm, sizeof(events[i].comm), "%s", names[i % ARRAY_LEN(names)]);
		events[i].delta_us = r >> (40 + i % 16);
		events[i].tgid = (uint32_t)(r >> 44);
	}
}

static double seconds_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double process_cpu(void)
{
	return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

/* The producer: never drops, as the collector where a sink is the only consumer. */
static uint64_t produce(struct fixture *f, const struct connlat *events, double seconds)
{
	double end = seconds_of(CLOCK_MONOTONIC) + seconds;
	uint64_t count = 0, time_ns = FIXTURE_TIME_NS;
	struct record record;
	struct timespec nap = { .tv_nsec = 200000 };

	while (seconds_of(CLOCK_MONOTONIC) < end) {
		for (int i = 0; i < BATCH; i++) {
			record = record_of(f, MAP_EVENTS, &events[count % DISTINCT]);
			record.time_ns = time_ns += 811;
			while (!queue_put(f->fake.queue, &record)) {
				queue_publish(f->fake.queue);
				nanosleep(&nap, NULL);
			}
			count++;
		}
		queue_publish(f->fake.queue);
	}
	return count;
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	_cleanup_free_ char *own = xasprintf("%s/bench-json.XXXXXX", tmp ? tmp : "/tmp");
	static struct connlat events[DISTINCT];
	double seconds = 3, start, wall, cpu, producer;
	struct err err = { 0 };
	struct host *host;
	struct fixture f;
	struct stat st;
	uint64_t count;
	int fd, ret;

	if (argc > 2 && parse_double(argv[2], &seconds) < 0)
		return EXIT_USAGE;
	fd = argc > 1 ? open(argv[1], O_CREAT | O_TRUNC | O_WRONLY, 0600) : mkstemp(own);
	if (fd < 0)
		return EXIT_FAILED;
	make_events(events);
	fixture_init(&f);
	host = host_up_plain(&f, sink_json_new(fd), &err);
	if (!host)
		return EXIT_FAILED;
	start = seconds_of(CLOCK_MONOTONIC);
	count = produce(&f, events, seconds);
	producer = seconds_of(CLOCK_THREAD_CPUTIME_ID);
	ret = host_stop(host, 60000, NULL, &err);
	wall = seconds_of(CLOCK_MONOTONIC) - start;
	cpu = process_cpu() - producer;
	fstat(fd, &st);
	printf("{\"bench\":\"sink_json\",\"events\":%llu,\"seconds\":%.3f,\"events_per_s\":%.0f,"
	       "\"events_per_cpu_s\":%.0f,\"bytes_per_s\":%.0f,\"bytes_per_event\":%.1f,"
	       "\"result\":%d}\n",
	       (unsigned long long)count, wall, (double)count / wall, (double)count / cpu,
	       (double)st.st_size / wall, (double)st.st_size / (double)count, ret);
	host_free(host);
	fixture_release(&f);
	close(fd);
	if (argc < 2)
		unlink(own);
	return ret ? EXIT_FAILED : EXIT_DONE;
}

// SPDX-License-Identifier: Apache-2.0
/*
 * What a scrape costs, as text, formatted in this process: for 1,000 to 1,000,000 series in memory,
 * and for a hash of 65,536 entries in the kernel beside what reading that map takes by itself.
 *
 *	bench_sink_scrape [ROUNDS]
 *
 * Prints one line of JSON. Times are the median of the rounds; `memory_bytes` is how much more of
 * it was resident at most during the first scrape of a million series.
 */
#define WITHOUT_CMOCKA
#include "tests/support/sink_fixture.h"
#include <bpf/bpf.h>
#include "base/parse.h"
#include "runner/sink/prometheus/catalogue.h"
#include "base/process.h"
#include "runner/sink/prometheus/scrape.h"

#define HASH_ENTRIES 65536u
#define BATCH 16384u
#define MAX_ROUNDS 101
#define CHUNK_BYTES (32u << 10)
#define CACHE_BYTES (64u << 20)

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, uint64_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

static uint64_t resident(void)
{
	struct process_stats stats = { 0 };

	process_stats_read(&stats);
	return stats.resident_bytes;
}

/* One scrape; its size, and the most memory that was resident meanwhile, looked at now and then. */
static uint64_t scrape_all(struct scrape_source *of, uint64_t *ret_resident)
{
	struct scrape_opts opts = { .catalogue = catalogue_new(&naming_usual, &of, 1),
				    .format = &expo_text,
				    .naming = &naming_usual };
	struct scrape *scrape = scrape_new(&opts);
	static char chunk[CHUNK_BYTES];
	uint64_t bytes = 0, pieces = 0;
	ssize_t n;

	while ((n = scrape_read(scrape, chunk, sizeof(chunk))) > 0) {
		bytes += (uint64_t)n;
		if (ret_resident && pieces++ % 64 == 0)
			*ret_resident = MAX(*ret_resident, resident());
	}
	scrape_free(scrape);
	catalogue_unref(opts.catalogue);
	return bytes;
}

static void put_entry(struct fixture *f, const void *key, const void *value)
{
	const struct metric_plan *plan = &f->metrics[MAP_CONNS];
	struct record record = { .map = &f->maps[MAP_CONNS],
				 .part = { key, value },
				 .value_bytes = 8 };
	uint8_t room[16];

	metric_cells(
		plan, &record, 1,
		series_sweep_touch(f->fake.series[MAP_CONNS], metric_key_in(plan, &record, room)));
}

/* The median of `rounds` scrapes, after one that fills the cache where there is one. */
static double scrape_times(struct scrape_source *of, uint64_t rounds)
{
	double times[MAX_ROUNDS];

	scrape_all(of, NULL);
	for (uint64_t i = 0; i < rounds; i++) {
		double start = now_s();

		scrape_all(of, NULL);
		times[i] = now_s() - start;
	}
	return median(times, rounds);
}

static void in_memory(uint32_t count, uint64_t rounds, bool last)
{
	struct scrape_source *of, *plain;
	struct fixture f;
	double kept, made;
	uint64_t before, most, bytes;

	fixture_init_max(&f, count);
	of = scrape_source_new(&f.fake.source, CACHE_BYTES);
	plain = scrape_source_new(&f.fake.source, 0);
	sweep_begin(&f, MAP_CONNS);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t key = i * 2654435761u;
		uint64_t value = (uint64_t)i * 7919;

		put_entry(&f, &key, &value);
	}
	sweep_end(&f, MAP_CONNS);
	before = most = resident();
	/* The first one looks at its memory meanwhile. */
	bytes = scrape_all(of, &most);
	kept = scrape_times(of, rounds);
	made = scrape_times(plain, rounds);
	printf("{\"series\":%u,\"seconds\":%.6f,\"ns_per_series\":%.1f,\"bytes\":%llu,"
	       "\"memory_bytes\":%llu,\"cache_bytes\":%llu,\"ns_without_cache\":%.1f}%s",
	       count, kept, kept * 1e9 / count, (unsigned long long)bytes,
	       (unsigned long long)(most - before),
	       (unsigned long long)label_cache_bytes(of->cache), made * 1e9 / count,
	       last ? "" : ",");
	scrape_source_remove(of);
	scrape_source_remove(plain);
	fixture_release(&f);
}

struct room {
	uint32_t keys[HASH_ENTRIES];
	uint64_t values[HASH_ENTRIES];
};

/* Reads the map whole, as a sweep does; each entry goes to the series of f, where there is one. */
static uint32_t read_hash(int fd, struct room *room, struct fixture *f)
{
	uint32_t in = 0, out = 0, total = 0, count;
	bool first = true;
	int code;

	do {
		count = BATCH;
		code = bpf_map_lookup_batch(fd, first ? NULL : &in, &out, room->keys, room->values,
					    &count, NULL);
		if (code < 0 && errno != ENOENT)
			return 0;
		for (uint32_t i = 0; f && i < count; i++)
			put_entry(f, &room->keys[i], &room->values[i]);
		total += count;
		in = out;
		first = false;
	} while (code == 0);
	return total;
}

static int new_hash(struct room *room)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "bench", 4, 8, HASH_ENTRIES, NULL);
	uint32_t count = HASH_ENTRIES;

	for (uint32_t i = 0; i < HASH_ENTRIES; i++) {
		room->keys[i] = i * 2654435761u;
		room->values[i] = (uint64_t)i * 7919;
	}
	if (fd >= 0 && bpf_map_update_batch(fd, room->keys, room->values, &count, NULL) < 0)
		return -errno;
	return fd;
}

static int kernel_hash(uint64_t rounds)
{
	struct room *room = xcalloc(1, sizeof(*room));
	double raw[MAX_ROUNDS], sweep[MAX_ROUNDS], scrape[MAX_ROUNDS], start;
	struct scrape_source *of;
	struct fixture f;
	int fd = new_hash(room);

	if (fd < 0) {
		fprintf(stderr, "bench_sink_scrape: no map: %s\n", strerror(errno));
		return EXIT_KERNEL;
	}
	fixture_init_max(&f, HASH_ENTRIES);
	of = scrape_source_new(&f.fake.source, CACHE_BYTES);
	for (uint64_t i = 0; i < rounds; i++) {
		start = now_s();
		assert_int_equal(read_hash(fd, room, NULL), HASH_ENTRIES);
		raw[i] = now_s() - start;
		start = now_s();
		sweep_begin(&f, MAP_CONNS);
		read_hash(fd, room, &f);
		sweep_end(&f, MAP_CONNS);
		sweep[i] = now_s() - start;
		start = now_s();
		scrape_all(of, NULL);
		scrape[i] = now_s() - start;
	}
	printf("{\"entries\":%u,\"raw_seconds\":%.6f,\"sweep_seconds\":%.6f,"
	       "\"scrape_seconds\":%.6f,",
	       HASH_ENTRIES, median(raw, rounds), median(sweep, rounds), median(scrape, rounds));
	printf("\"scrape_to_raw\":%.2f,\"sweep_and_scrape_to_raw\":%.2f}",
	       median(scrape, rounds) / median(raw, rounds),
	       (median(sweep, rounds) + median(scrape, rounds)) / median(raw, rounds));
	scrape_source_remove(of);
	fixture_release(&f);
	close(fd);
	free(room);
	return 0;
}

int main(int argc, char **argv)
{
	static const uint32_t counts[] = { 1000, 10000, 100000, 1000000 };
	uint64_t rounds = 5;
	int code;

	if (argc > 2 || (argc > 1 && parse_u64(argv[1], &rounds) < 0) || !rounds ||
	    rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: bench_sink_scrape [ROUNDS]\n");
		return EXIT_USAGE;
	}
	printf("{\"bench\":\"sink_scrape\",\"memory\":[");
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		in_memory(counts[i], rounds, i + 1 == ARRAY_LEN(counts));
	printf("],\"hash\":");
	code = kernel_hash(rounds);
	printf("}\n");
	return code;
}

// SPDX-License-Identifier: Apache-2.0
/* What a sink got while it was recorded is what one gets from the recording. */
#include "tests/support/sink_fixture.h"

#include <signal.h>
#include <sys/eventfd.h>

#include "runner/sink/recording/record.h"
#include "runner/sink/recording/recording.h"
#include "runner/sink/recording/replay.h"
#include "runner/sink/recording/replay_names.h"

#define ELF "not looked at here"
#define FILE_MAX (1 << 20)

/* The rest of the stand-in. */
void collector_replay_rows(struct collector *collector, const struct series_rows *rows)
{
	for (uint32_t i = 0; i < rows->count; i++)
		series_put_row(collector->series[rows->plan->map->index], rows, i);
}
void collector_replay_stats(struct collector *collector, const struct map_plan *map,
			    const struct map_stats *stats)
{
	collector->stats[map->index] = *stats;
}

struct pair {
	struct fixture f;
	int recording;
	char *live;
};

static void end_pair(struct pair *p)
{
	free(p->live);
	close(p->recording);
	fixture_release(&p->f);
}

/* Some of everything: records of two maps, rows that are new, changed and gone, losses. */
static void feed(struct fixture *f, struct sink *sink)
{
	struct connlat e = a_connlat();
	struct record record = record_of(f, MAP_EVENTS, &e);
	struct nested n = { .addr = { 1, 2, 3, 4 }, .ratio = 0.5, .comm = "nested", .list = { 7 } };
	struct record other = record_of(f, MAP_NESTED, &n);

	for (int i = 0; i < 5; i++) {
		e.delta_us += (uint64_t)i;
		record.time_ns += i == 3 ? -5000000 : 1000;
		assert_int_equal(sink->ops->event(sink, &record), 0);
	}
	assert_int_equal(sink->ops->event(sink, &other), 0);
	fill_conns_with_one_gone(f);
	give_rows(f, sink, MAP_CONNS);
	sweep_begin(f, MAP_HTTP);
	put_http(f, 443, 1ull << 63, -7);
	put_http(f, 80, 12, 3);
	sweep_end(f, MAP_HTTP);
	give_rows(f, sink, MAP_HTTP);
	observe(f, "vda", 4);
	observe(f, "sda", 100000);
	give_rows(f, sink, MAP_LAT);
	sink->ops->lost(sink, &f->maps[MAP_EVENTS], LOST_KERNEL, 312, FIXTURE_TIME_NS + 1);
	sink->ops->lost(sink, &f->maps[MAP_NESTED], LOST_QUEUE, 1, FIXTURE_TIME_NS + 2);
	assert_int_equal(sink->ops->event(sink, &record), 0);
	sink->ops->flush(sink);
}

static void record(struct pair *p)
{
	static const struct record_option options[] = { { "map", "lat=histogram" },
							{ "per-cpu", "" } };
	struct record_opts opts = { .path = "memory",
				    .elf = ELF,
				    .elf_bytes = strlen(ELF),
				    .options = options,
				    .noptions = ARRAY_LEN(options) };
	struct err err = { 0 };
	struct sink *sink;

	fixture_init(&p->f);
	p->recording = opts.fd = memfd_create("recording", MFD_CLOEXEC);
	p->f.collector.stats[MAP_EVENTS] = (struct map_stats){ .read = 6, .lost = 312 };
	sink = sink_record_new(&opts, sink_json_new(p->f.fd));
	sink->err = &err;
	assert_int_equal(sink->ops->open(sink, &p->f.env, &err), 0);
	assert_int_equal(sink->ops->start(sink, &err), 0);
	feed(&p->f, sink);
	sink->ops->close(sink);
	assert_int_equal(sink_record_result(sink).error, 0);
	assert_int_equal(sink_record_result(sink).bytes, lseek(p->recording, 0, SEEK_END));
	sink->ops->free(sink);
	p->live = written(&p->f);
	assert_true(strlen(p->live) > 1000);
}

struct played {
	int code;
	struct replay_result result;
	struct map_stats stats;
	struct err err;
	char *text;
};

static void wait_for(int wake_fd)
{
	uint64_t n;

	assert_int_equal(read(wake_fd, &n, sizeof(n)), sizeof(n));
}

/* Plays the file into JSON, in a fixture of its own. */
static struct played play_fd(int fd, uint64_t max_records, struct filter *filters[NMAPS])
{
	struct replay_opts opts = { .filters = filters, .wake_fd = eventfd(0, EFD_CLOEXEC) };
	struct played ret = { 0 };
	struct replay *replay = NULL;
	struct fixture f;
	struct sink *sink;

	fixture_init(&f);
	wallclock_free(f.clock);
	f.clock = f.env.clock = wallclock_new_told();
	f.env.max_records = max_records;
	lseek(fd, 0, SEEK_SET);
	ret.code = replay_open(&replay, fd, "memory", &ret.err);
	sink = sink_json_new(f.fd);
	if (ret.code == 0) {
		f.env.names = replay_names(replay);
		ret.code = replay_start(replay, &f.env, sink, &opts, &ret.err);
	}
	if (ret.code == 0) {
		wait_for(opts.wake_fd);
		ret.code = replay_stop(replay, 1000, &ret.result, &ret.err);
	}
	ret.stats = f.collector.stats[MAP_EVENTS];
	ret.text = written(&f);
	replay_free(replay);
	sink->ops->free(sink);
	close(opts.wake_fd);
	fixture_release(&f);
	return ret;
}

static struct played play_bytes(const void *bytes, size_t len)
{
	int fd = memfd_create("bytes", MFD_CLOEXEC);
	struct played ret;

	assert_int_equal(write(fd, bytes, len), len);
	ret = play_fd(fd, 0, NULL);
	close(fd);
	return ret;
}

static void test_replay_says_what_the_run_said(void **state)
{
	struct pair p;
	struct played played;

	record(&p);
	played = play_fd(p.recording, 0, NULL);
	assert_int_equal(played.code, 0);
	assert_string_equal(played.text, p.live);
	assert_false(played.result.cut);
	assert_int_equal(played.stats.read, 6);
	assert_int_equal(played.stats.lost, 312);
	free(played.text);
	end_pair(&p);
}

static void test_replay_leaves_after_count(void **state)
{
	struct pair p;
	struct played played;
	size_t lines = 0;

	record(&p);
	played = play_fd(p.recording, 7, NULL);
	assert_int_equal(played.code, 0);
	assert_int_equal(strncmp(played.text, p.live, strlen(played.text)), 0);
	for (const char *c = played.text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 7);
	free(played.text);
	end_pair(&p);
}

static void test_replay_open_knows_the_head(void **state)
{
	struct replay *replay = NULL;
	struct err err = { 0 };
	const struct record_option *options;
	size_t len, count;
	struct pair p;

	record(&p);
	lseek(p.recording, 0, SEEK_SET);
	assert_int_equal(replay_open(&replay, p.recording, "memory", &err), 0);
	assert_string_equal(replay_program(replay), "fixture");
	assert_string_equal(replay_version(replay), BOMBUS_VERSION);
	assert_true(now_real_ns() - replay_time_ns(replay) < 60000000000ull);
	assert_memory_equal(replay_elf(replay, &len), ELF, strlen(ELF));
	assert_int_equal(len, strlen(ELF));
	options = replay_options(replay, &count);
	assert_int_equal(count, 2);
	assert_string_equal(options[0].name, "map");
	assert_string_equal(options[0].value, "lat=histogram");
	assert_string_equal(options[1].name, "per-cpu");
	replay_free(replay);
	end_pair(&p);
}

static size_t read_recording(const struct pair *p, uint8_t *bytes)
{
	ssize_t len = pread(p->recording, bytes, FILE_MAX, 0);

	assert_true(len > 0);
	return (size_t)len;
}

/* Whatever is missing at the end: what is there is the beginning of the whole, and it is said. */
static void test_replay_cut_anywhere(void **state)
{
	_cleanup_free_ uint8_t *bytes = xmalloc(FILE_MAX);
	size_t len, with_data = 0;
	struct pair p;

	record(&p);
	len = read_recording(&p, bytes);
	for (size_t n = 0; n < len; n++) {
		struct played played = play_bytes(bytes, n);

		assert_int_equal(strncmp(played.text, p.live, strlen(played.text)), 0);
		if (played.code == 0)
			assert_true(played.result.cut && played.result.offset <= n);
		else
			assert_true(played.code == -EINVAL || played.code == -ENODATA);
		with_data += *played.text != '\0';
		free(played.text);
	}
	assert_true(with_data >= BLOCK_HEADER_BYTES); /* at least the end may be missing */
	end_pair(&p);
}

/* A wrong byte is found before what it is part of is believed. */
static void test_replay_damaged_anywhere(void **state)
{
	_cleanup_free_ uint8_t *bytes = xmalloc(FILE_MAX);
	size_t len;
	struct pair p;

	record(&p);
	len = read_recording(&p, bytes);
	for (size_t n = 0; n < len; n++) {
		struct played played;
		bool reserved;

		bytes[n] ^= 0x41;
		played = play_bytes(bytes, len);
		bytes[n] ^= 0x41;
		/* A length that points behind the end is the same as a file that ends early. */
		reserved = played.code == 0 && played.result.cut;
		if (!reserved && played.code != -EBADMSG && played.code != -EINVAL &&
		    played.code != -ENOTSUP && played.code != -ENODATA)
			fail_msg("byte %zu: %d", n, played.code);
		assert_int_equal(strncmp(played.text, p.live, strlen(played.text)), 0);
		free(played.text);
	}
	end_pair(&p);
}

static void test_replay_refuses_what_it_cannot_read(void **state)
{
	struct played played = play_bytes("#!/bin/sh\necho hello, world\n", 28);
	uint8_t newer[RECORDING_START_BYTES];

	assert_int_equal(played.code, -EINVAL);
	assert_string_equal(played.err.msg, "memory: this is no recording");
	assert_non_null(strstr(played.err.hint, "--record"));
	free(played.text);
	recording_start(newer);
	newer[8]++;
	played = play_bytes(newer, sizeof(newer));
	assert_int_equal(played.code, -ENOTSUP);
	assert_non_null(strstr(played.err.hint, "newer"));
	free(played.text);
}

static void test_replay_compares_the_plan(void **state)
{
	struct replay_opts opts = { .wake_fd = -1 };
	struct replay *replay = NULL;
	struct err err = { 0 };
	struct pair p;

	record(&p);
	lseek(p.recording, 0, SEEK_SET);
	assert_int_equal(replay_open(&replay, p.recording, "memory", &err), 0);
	p.f.maps[MAP_NESTED].value.size_bytes++;
	p.f.env.names = replay_names(replay);
	assert_int_equal(replay_start(replay, &p.f.env, NULL, &opts, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "'nested'"));
	replay_free(replay);
	end_pair(&p);
}

/* Rows are chosen by what they show: labels and values. */
static void test_replay_filters_records_and_rows(void **state)
{
	struct filter *filters[NMAPS] = { 0 };
	struct arena arena = { 0 };
	struct map_plan http;
	struct err err = { 0 };
	struct played played;
	struct pair p;

	record(&p);
	metric_row_map(&http, &p.f.metrics[MAP_HTTP], &arena);
	assert_int_equal(filter_compile(&filters[MAP_EVENTS], &p.f.maps[MAP_EVENTS],
					"delta_us == 1220", &err),
			 0);
	assert_int_equal(filter_compile(&filters[MAP_HTTP], &http,
					"src.port == 80 && bytes < 100 && depth > -1", &err),
			 0);
	assert_int_equal(filter_compile(&filters[MAP_NESTED], &p.f.maps[MAP_NESTED],
					"comm == \"other\"", &err),
			 0);
	played = play_fd(p.recording, 0, filters);
	assert_int_equal(played.code, 0);
	assert_null(strstr(played.text, "\"map\":\"nested\",\"kind\":\"event\""));
	assert_null(strstr(played.text, "\"port\":443"));
	assert_non_null(strstr(played.text, "\"port\":80"));
	assert_non_null(strstr(played.text, "\"delta_us\":1220,"));
	assert_null(strstr(played.text, "\"delta_us\":1221,"));
	free(played.text);
	for (size_t i = 0; i < NMAPS; i++)
		filter_free(filters[i]);
	arena_release(&arena);
	end_pair(&p);
}

/* A file that cannot be written: with an output the run goes on, alone it ends. */
static void test_record_to_a_full_disk(void **state)
{
	struct record_opts opts = { .path = "/dev/full", .elf = ELF, .elf_bytes = strlen(ELF) };
	struct err err = { 0 };
	struct fixture f;
	struct sink *sink;

	fixture_init(&f);
	opts.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(opts.fd >= 0);
	sink = sink_record_new(&opts, NULL);
	sink->err = &err;
	assert_int_equal(sink->ops->open(sink, &f.env, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "/dev/full"));
	sink->ops->free(sink);
	close(opts.fd);
	fixture_release(&f);
}

static void test_record_goes_on_without_its_file(void **state)
{
	struct record_opts opts = { .path = "a pipe", .elf = ELF, .elf_bytes = strlen(ELF) };
	struct err err = { 0 };
	struct fixture f;
	struct sink *sink;
	int pipe_fds[2], ret;
	char *text;

	signal(SIGPIPE, SIG_IGN);
	for (int alone = 0; alone < 2; alone++) {
		fixture_init(&f);
		assert_int_equal(pipe(pipe_fds), 0);
		opts.fd = pipe_fds[1];
		sink = sink_record_new(&opts, alone ? NULL : sink_json_new(f.fd));
		sink->err = &err;
		assert_int_equal(sink->ops->open(sink, &f.env, &err), 0);
		assert_int_equal(sink->ops->start(sink, &err), 0);
		close(pipe_fds[0]);
		for (int i = 0; i < 200; i++) {
			struct connlat e = a_connlat();
			struct record r = record_of(&f, MAP_EVENTS, &e);

			ret = sink->ops->event(sink, &r);
			ret = ret ? ret : sink->ops->flush(sink);
			if (ret)
				break;
			usleep(5000);
		}
		assert_int_equal(ret, alone ? -EPIPE : 0);
		sink->ops->close(sink);
		assert_int_equal(sink_record_result(sink).error, -EPIPE);
		sink->ops->free(sink);
		text = written(&f);
		assert_true(alone || strlen(text) > 200 * 100);
		free(text);
		close(pipe_fds[1]);
		fixture_release(&f);
	}
}

static void test_names_come_from_the_recording(void **state)
{
	struct replay_names *names = replay_names_new();
	struct wallclock *clock = wallclock_new_told();
	struct resolver *resolver = resolver_new_from(replay_names_source(names), clock);
	char text[32];

	assert_null(resolve(resolver, MEAN_UID, 0));
	replay_names_put(names, MEAN_UID, 0, "somebody", 8);
	assert_string_equal(resolve(resolver, MEAN_UID, 0), "somebody");
	assert_null(resolve(resolver, MEAN_GID, 0));
	replay_names_put(names, MEAN_UID, 0, NULL, 0);
	assert_null(resolve(resolver, MEAN_UID, 0));
	for (uint64_t id = 0; id < 2 * REPLAY_MAX_NAMES; id++)
		replay_names_put(
			names, MEAN_CGROUP, id, text,
			(size_t)snprintf(text, sizeof(text), "/%llu", (unsigned long long)id));
	assert_string_equal(resolve(resolver, MEAN_CGROUP, 77), "/77");
	assert_null(resolve(resolver, MEAN_CGROUP, 2 * REPLAY_MAX_NAMES - 1));
	resolver_free(resolver);
	wallclock_free(clock);
	replay_names_free(names);
}

static void test_varints(void **state)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX };
	uint8_t bytes[VARINT_MAX * ARRAY_LEN(values)], *p = bytes;
	struct cursor c = { bytes, bytes, false };

	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		p = put_varint(p, values[i]);
	c.end = p;
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		assert_true(get_varint(&c) == values[i]);
	assert_false(c.bad);
	assert_int_equal(get_varint(&c), 0);
	assert_true(c.bad);
	assert_true(unzigzag(zigzag(-5ull)) == -5ull && zigzag(-5ull) == 9 && zigzag(5) == 10);
	memset(bytes, 0xff, sizeof(bytes));
	c = (struct cursor){ bytes, bytes + sizeof(bytes), false };
	get_varint(&c);
	assert_true(c.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay_says_what_the_run_said),
		cmocka_unit_test(test_replay_leaves_after_count),
		cmocka_unit_test(test_replay_open_knows_the_head),
		cmocka_unit_test(test_replay_cut_anywhere),
		cmocka_unit_test(test_replay_damaged_anywhere),
		cmocka_unit_test(test_replay_refuses_what_it_cannot_read),
		cmocka_unit_test(test_replay_compares_the_plan),
		cmocka_unit_test(test_replay_filters_records_and_rows),
		cmocka_unit_test(test_record_to_a_full_disk),
		cmocka_unit_test(test_record_goes_on_without_its_file),
		cmocka_unit_test(test_names_come_from_the_recording),
		cmocka_unit_test(test_varints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

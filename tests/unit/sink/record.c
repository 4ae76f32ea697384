// SPDX-License-Identifier: Apache-2.0
/* What a sink got while it was recorded is what one gets from the recording. */
#include "tests/support/sink_fixture.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <zlib.h>

#include "runner/read/filter/filter.h"
#include "runner/sink/recording/record.h"
#include "runner/sink/recording/record_file.h"
#include "runner/sink/recording/recording.h"
#include "runner/sink/recording/replay.h"
#include "runner/sink/recording/replay_file.h"
#include "runner/sink/recording/replay_names.h"

#define ELF "not looked at here"
#define FILE_MAX (1 << 20)

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

/* What changed in a map since the last call, as a host gives it. */
static void feed_rows(struct fixture *f, struct source_feed *feed, uint32_t map)
{
	struct source_walk walk;

	source_walk_init(&walk, &f->fake.source, &f->maps[map], 256);
	source_walk_begin_changed(&walk);
	while (source_walk_next(&walk))
		assert_int_equal(feed->rows(feed, &f->fake.source, &walk.rows, FIXTURE_TIME_NS), 0);
	source_walk_release(&walk);
}

/* Some of everything: records of two maps, rows that are new, changed and gone, losses. */
static int play_some(struct source *source, struct source_feed *feed, struct err *err)
{
	struct fixture *f = container_of(source, struct fixture, fake.source);
	struct connlat e = a_connlat();
	struct record record = record_of(f, MAP_EVENTS, &e);
	struct nested n = { .addr = { 1, 2, 3, 4 }, .ratio = 0.5, .comm = "nested", .list = { 7 } };
	struct record other = record_of(f, MAP_NESTED, &n);

	for (int i = 0; i < 5; i++) {
		e.delta_us += (uint64_t)i;
		record.time_ns += i == 3 ? -5000000 : 1000;
		assert_int_equal(feed->event(feed, source, &record), 0);
	}
	assert_int_equal(feed->event(feed, source, &other), 0);
	fill_conns_with_one_gone(f);
	feed_rows(f, feed, MAP_CONNS);
	sweep_begin(f, MAP_HTTP);
	put_http(f, 443, 1ull << 63, -7);
	put_http(f, 80, 12, 3);
	sweep_end(f, MAP_HTTP);
	feed_rows(f, feed, MAP_HTTP);
	observe(f, "vda", 4);
	observe(f, "sda", 100000);
	feed_rows(f, feed, MAP_LAT);
	feed->lost(feed, source, &f->maps[MAP_EVENTS], LOST_KERNEL, 312, FIXTURE_TIME_NS + 1);
	feed->lost(feed, source, &f->maps[MAP_NESTED], LOST_QUEUE, 1, FIXTURE_TIME_NS + 2);
	assert_int_equal(feed->event(feed, source, &record), 0);
	return feed->rest(feed, -1, 0);
}

static void wait_for(int wake_fd)
{
	uint64_t n;

	assert_int_equal(read(wake_fd, &n, sizeof(n)), sizeof(n));
}

static void record(struct pair *p)
{
	static const struct record_option options[] = { { "map", "lat=histogram" },
							{ "per-cpu", "" } };
	const struct record_image image = { .elf = ELF,
					    .elf_bytes = strlen(ELF),
					    .options = options,
					    .noptions = ARRAY_LEN(options) };
	struct record_opts opts = { .path = "memory", .images = &image, .nimages = 1 };
	struct host_opts host_opts = { .wake_fd = eventfd(0, EFD_CLOEXEC) };
	struct host *host = host_new(&host_opts);
	struct source_ops ops;
	struct err err = { 0 };
	struct sink *sinks[2];

	fixture_init(&p->f);
	p->recording = opts.fd = memfd_create("recording", MFD_CLOEXEC);
	p->f.fake.stats[MAP_EVENTS] = (struct map_stats){ .read = 6, .lost = 312 };
	ops = *p->f.fake.source.ops;
	ops.play = play_some;
	p->f.fake.source.ops = &ops;
	sinks[0] = sink_record_new(&opts);
	sinks[1] = sink_json_new(p->f.fd);
	host_add_sinks(host, sinks, 2);
	assert_int_equal(host_open(host, &err), 0);
	assert_int_equal(host_add_source(host, &p->f.fake.source, &err), 0);
	assert_int_equal(host_start(host, &err), 0);
	wait_for(host_opts.wake_fd);
	assert_int_equal(host_stop(host, 30000, NULL, &err), 0);
	assert_int_equal(sink_record_result(sinks[0]).error, 0);
	assert_int_equal(sink_record_result(sinks[0]).bytes, lseek(p->recording, 0, SEEK_END));
	host_free(host);
	close(host_opts.wake_fd);
	p->live = written(&p->f);
	assert_true(strlen(p->live) > 1000);
}

struct played {
	int code;
	struct replay_result result;
	struct map_stats stats;
	uint32_t rows; /* of the map http, at the end */
	struct err err;
	char *text;
};

static int prepare(struct replay *replay, struct fixture *f, struct wallclock *clock,
		   struct err *err)
{
	struct metric_plan *metrics[NMAPS] = { 0 };

	for (uint32_t i = MAP_CONNS; i < NMAPS; i++) {
		metrics[i] = xcalloc(1, sizeof(*metrics[i]));
		assert_int_equal(metric_compile(metrics[i], &f->maps[i], NULL, err), 0);
	}
	return replay_prepare(replay, 0, &f->plan, metrics, clock, NULL, err);
}

static int play(struct replay *replay, struct sink *sink, uint64_t max_records,
		struct filter *filters[NMAPS], struct err *err)
{
	struct host_opts opts = { .max_records = max_records, .wake_fd = eventfd(0, EFD_CLOEXEC) };
	struct host *host = host_new(&opts);
	int ret;

	replay_set_filters(replay, 0, filters);
	host_add_sinks(host, &sink, 1);
	assert_int_equal(host_open(host, err), 0);
	assert_int_equal(host_add_source(host, replay_source(replay, 0), err), 0);
	assert_int_equal(host_start(host, err), 0);
	wait_for(opts.wake_fd);
	ret = host_stop(host, 30000, NULL, err);
	host_free(host);
	close(opts.wake_fd);
	return ret;
}

static uint32_t count_rows(struct source *source, const struct map_plan *map)
{
	struct source_walk walk;
	uint32_t count = 0;

	source_walk_init(&walk, source, map, 1);
	source_walk_begin(&walk);
	while (source_walk_next(&walk))
		count += walk.rows.count;
	source_walk_release(&walk);
	return count;
}

/* Plays the file into JSON, in a fixture of its own. */
static struct played play_fd(int fd, uint64_t max_records, struct filter *filters[NMAPS])
{
	struct wallclock *clock = wallclock_new_told();
	struct played ret = { 0 };
	struct replay *replay = NULL;
	struct fixture f;

	fixture_init(&f);
	lseek(fd, 0, SEEK_SET);
	ret.code = replay_open(&replay, fd, "memory", &ret.err);
	if (ret.code == 0)
		ret.code = prepare(replay, &f, clock, &ret.err);
	if (ret.code == 0) {
		ret.code = play(replay, sink_json_new(f.fd), max_records, filters, &ret.err);
		ret.result = replay_result(replay);
		ret.rows = count_rows(replay_source(replay, 0), &f.maps[MAP_HTTP]);
		ret.stats = source_map_stats(replay_source(replay, 0), &f.maps[MAP_EVENTS]);
	}
	ret.text = written(&f);
	replay_free(replay);
	fixture_release(&f);
	wallclock_free(clock);
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
	assert_int_equal(played.rows, 2);
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
	assert_string_equal(replay_program(replay, 0), "fixture");
	assert_string_equal(replay_version(replay), BOMBUS_VERSION);
	assert_true(now_real_ns() - replay_time_ns(replay) < 60000000000ull);
	assert_memory_equal(replay_elf(replay, 0, &len), ELF, strlen(ELF));
	assert_int_equal(len, strlen(ELF));
	options = replay_options(replay, 0, &count);
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

/* A small file of blocks that unpack to a thousand times their size. */
static void test_replay_refuses_a_block_that_explodes(void **state)
{
	_cleanup_free_ uint8_t *bytes = xmalloc(FILE_MAX), *raw = xcalloc(1, RECORDING_MAX_BLOCK);
	struct block_header header = { .kind = BLOCK_DATA,
				       .flags = BLOCK_DEFLATED,
				       .raw_bytes = RECORDING_MAX_BLOCK };
	struct played played;
	struct pair p;
	uLongf packed;
	size_t len;

	record(&p);
	len = read_recording(&p, bytes) - BLOCK_HEADER_BYTES; /* without the end */
	packed = FILE_MAX - len - BLOCK_HEADER_BYTES;
	assert_int_equal(
		compress2(bytes + len + BLOCK_HEADER_BYTES, &packed, raw, RECORDING_MAX_BLOCK, 9),
		Z_OK);
	header.stored_bytes = (uint32_t)packed;
	block_header_put(bytes + len, &header, bytes + len + BLOCK_HEADER_BYTES);
	played = play_bytes(bytes, len + BLOCK_HEADER_BYTES + packed);
	assert_int_equal(played.code, -EBADMSG);
	assert_non_null(strstr(played.err.msg, "far more than it stores"));
	free(played.text);
	end_pair(&p);
}

/* What is written can be read, however much alike it is. */
static void test_a_block_of_zeros_is_kept(void **state)
{
	int fd = memfd_create("zeros", MFD_CLOEXEC);
	struct record_file *file = record_file_new(fd, true, RECORDING_OF_ONE);
	struct replay_file replay = { .fd = fd, .stop_fd = -1, .path = "zeros" };
	uint8_t *room;

	assert_int_equal(record_file_put(file, BLOCK_HEAD, "", 0), 0);
	assert_int_equal(record_file_start(file, NULL), 0);
	room = record_file_room(file, 200000);
	memset(room, 0, 200000);
	record_file_advance(file, room + 200000);
	record_file_end(file, 1000);
	assert_int_equal(record_file_error(file), 0);
	record_file_free(file);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(replay_file_start(&replay, NULL), 0);
	assert_int_equal(replay_file_next(&replay, NULL), 0);
	assert_int_equal(replay_file_next(&replay, NULL), 0);
	assert_int_equal(replay.len, 200000);
	replay_file_release(&replay);
	close(fd);
}

static void test_replay_refuses_what_it_cannot_read(void **state)
{
	struct played played = play_bytes("#!/bin/sh\necho hello, world\n", 28);
	uint8_t newer[RECORDING_START_BYTES];

	assert_int_equal(played.code, -EINVAL);
	assert_string_equal(played.err.msg, "memory: this is no recording");
	assert_non_null(strstr(played.err.hint, "--record"));
	free(played.text);
	recording_start(newer, RECORDING_VERSION);
	newer[8]++;
	played = play_bytes(newer, sizeof(newer));
	assert_int_equal(played.code, -ENOTSUP);
	assert_non_null(strstr(played.err.hint, "newer"));
	free(played.text);
}

static void test_replay_compares_the_plan(void **state)
{
	struct wallclock *clock = wallclock_new_told();
	struct replay *replay = NULL;
	struct err err = { 0 };
	struct pair p;

	record(&p);
	lseek(p.recording, 0, SEEK_SET);
	assert_int_equal(replay_open(&replay, p.recording, "memory", &err), 0);
	p.f.maps[MAP_NESTED].value.size_bytes++;
	assert_int_equal(prepare(replay, &p.f, clock, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "'nested'"));
	replay_free(replay);
	wallclock_free(clock);
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
	const struct record_image image = { .elf = ELF, .elf_bytes = strlen(ELF) };
	struct record_opts opts = { .path = "/dev/full", .images = &image, .nimages = 1 };
	struct err err = { 0 };
	struct fixture f;
	struct sink *sink;

	fixture_init(&f);
	opts.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(opts.fd >= 0);
	opts.alone = true;
	sink = sink_record_new(&opts);
	sink->err = &err;
	assert_int_equal(sink->ops->add(sink, &f.fake.source, &err), 0);
	assert_int_equal(sink->ops->start(sink, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "/dev/full"));
	sink->ops->free(sink);
	close(opts.fd);
	fixture_release(&f);
}

static void test_record_goes_on_without_its_file(void **state)
{
	const struct record_image image = { .elf = ELF, .elf_bytes = strlen(ELF) };
	struct record_opts opts = { .path = "a pipe", .images = &image, .nimages = 1 };
	struct err err = { 0 };
	struct fixture f;
	struct sink *sink;
	int pipe_fds[2], ret;

	signal(SIGPIPE, SIG_IGN);
	for (int alone = 0; alone < 2; alone++) {
		fixture_init(&f);
		assert_int_equal(pipe(pipe_fds), 0);
		opts.fd = pipe_fds[1];
		opts.alone = alone;
		sink = sink_record_new(&opts);
		sink->err = &err;
		assert_int_equal(sink->ops->add(sink, &f.fake.source, &err), 0);
		assert_int_equal(sink->ops->start(sink, &err), 0);
		close(pipe_fds[0]);
		for (int i = 0; i < 200; i++) {
			struct connlat e = a_connlat();
			struct record r = record_of(&f, MAP_EVENTS, &e);

			ret = give_event(&f, sink, &r);
			ret = ret ? ret : sink->ops->flush(sink);
			if (ret)
				break;
			usleep(5000);
		}
		assert_int_equal(ret, alone ? -EPIPE : 0);
		sink->ops->close(sink);
		assert_int_equal(sink_record_result(sink).error, -EPIPE);
		sink->ops->free(sink);
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
		cmocka_unit_test(test_replay_refuses_a_block_that_explodes),
		cmocka_unit_test(test_a_block_of_zeros_is_kept),
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

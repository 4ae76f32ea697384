// SPDX-License-Identifier: Apache-2.0
/*
 * Recordings are anybody's bytes. The first byte says what the others are: a whole file; or, since
 * no fuzzer guesses checksums, the content of a block that has a good one, behind a good head
 * (data), or as the head itself.
 */
#define WITHOUT_CMOCKA
#include "tests/support/sink_fixture.h"

#include <sys/eventfd.h>

#include "base/log.h"
#include "runner/sink/recording/record.h"
#include "runner/sink/recording/recording.h"
#include "runner/sink/recording/replay.h"

#define HEAD_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore_message(void *ctx, enum log_level level, const char *line)
{
}

static void put_block(int fd, enum block_kind kind, const void *bytes, size_t len)
{
	struct block_header header = { .kind = (uint8_t)kind,
				       .stored_bytes = (uint32_t)len,
				       .raw_bytes = (uint32_t)len };
	uint8_t head[BLOCK_HEADER_BYTES];

	block_header_put(head, &header, bytes);
	assert_true(write(fd, head, sizeof(head)) == (ssize_t)sizeof(head));
	assert_true(write(fd, bytes, len) == (ssize_t)len);
}

/* A recording of nothing, up to its end. */
static size_t make_head(uint8_t bytes[HEAD_MAX])
{
	const struct record_image image = { .elf = "" };
	struct record_opts opts = { .path = "head", .images = &image, .nimages = 1 };
	struct err err = { 0 };
	struct fixture f;
	struct sink *sink;
	size_t len;

	fixture_init(&f);
	opts.fd = f.fd;
	sink = sink_record_new(&opts);
	sink->err = &err;
	assert_true(sink->ops->add(sink, &f.fake.source, &err) == 0);
	assert_true(sink->ops->start(sink, &err) == 0);
	len = (size_t)pread(f.fd, bytes, HEAD_MAX, 0);
	sink->ops->close(sink);
	sink->ops->free(sink);
	fixture_release(&f);
	return len;
}

static void play_into(struct host *host, struct replay *replay, struct fixture *f, int wake_fd)
{
	struct metric_plan *metrics[NMAPS] = { 0 };
	struct wallclock *clock = wallclock_new_told();
	struct series_opts series = { .max_series = 100 };
	struct err err = { 0 };
	uint64_t n;

	for (uint32_t i = MAP_CONNS; i < NMAPS; i++) {
		metrics[i] = xcalloc(1, sizeof(*metrics[i]));
		assert_true(metric_compile(metrics[i], &f->maps[i], NULL, &err) == 0);
	}
	if (replay_prepare(replay, 0, &f->plan, metrics, clock, &series, NULL) == 0) {
		assert_true(host_add_source(host, replay_source(replay, 0), &err) == 0);
		assert_true(host_start(host, &err) == 0);
		while (read(wake_fd, &n, sizeof(n)) < 0)
			assert_true(errno == EINTR); /* the fuzzer's own timer */
		host_stop(host, 1000, NULL, NULL);
	}
	host_free(host);
	replay_free(replay);
	wallclock_free(clock);
}

static void play(int fd)
{
	struct host_opts opts = { .wake_fd = eventfd(0, EFD_CLOEXEC) };
	struct host *host = host_new(&opts);
	struct replay *replay = NULL;
	struct fixture f;
	struct sink *sink;

	fixture_init_max(&f, 100);
	sink = sink_json_new(f.fd);
	host_add_sinks(host, &sink, 1);
	assert_true(host_open(host, NULL) == 0);
	lseek(fd, 0, SEEK_SET);
	if (replay_open(&replay, fd, "fuzz", NULL) == 0)
		play_into(host, replay, &f, opts.wake_fd);
	else
		host_free(host);
	close(opts.wake_fd);
	fixture_release(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t head[HEAD_MAX];
	static size_t head_len;
	int fd = memfd_create("recording", MFD_CLOEXEC);

	log_to(ignore_message, NULL);
	if (!head_len)
		head_len = make_head(head);
	if (size && data[0] % 4) {
		size_t len = data[0] % 4 == 1 ? RECORDING_START_BYTES : head_len;

		assert_true(write(fd, head, len) == (ssize_t)len);
		put_block(fd, data[0] % 4 == 1 ? BLOCK_HEAD : BLOCK_DATA, data + 1, size - 1);
		put_block(fd, BLOCK_PROGRAM, "", 0);
	} else if (size) {
		assert_true(write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
	}
	play(fd);
	close(fd);
	return 0;
}

// SPDX-License-Identifier: Apache-2.0
/*
 * Recordings are anybody's bytes. The first byte says what the others are: a whole file; or, since
 * no fuzzer guesses checksums, the content of a block that has a good one, behind a good head
 * (data), or as the head itself.
 */
#define FIXTURE_WITHOUT_CMOCKA
#include "tests/support/sink_fixture.h"

#include <sys/eventfd.h>

#include "base/log.h"
#include "runner/sink/recording/record.h"
#include "runner/sink/recording/recording.h"
#include "runner/sink/recording/replay.h"

#define HEAD_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	struct record_opts opts = { .path = "head", .elf = "", .elf_bytes = 0 };
	struct err err = { 0 };
	struct fixture f;
	struct sink *sink;
	size_t len;

	fixture_init(&f);
	opts.fd = f.fd;
	sink = sink_record_new(&opts, NULL);
	sink->err = &err;
	assert_true(sink->ops->open(sink, &f.env, &err) == 0);
	assert_true(sink->ops->start(sink, &err) == 0);
	len = (size_t)pread(f.fd, bytes, HEAD_MAX, 0);
	sink->ops->close(sink);
	sink->ops->free(sink);
	fixture_release(&f);
	return len;
}

static void play(int fd)
{
	struct replay_opts opts = { .wake_fd = eventfd(0, EFD_CLOEXEC) };
	struct replay *replay = NULL;
	struct fixture f;
	struct sink *sink;
	uint64_t n;

	fixture_init_max(&f, 100);
	wallclock_free(f.clock);
	f.clock = f.env.clock = wallclock_new_told();
	sink = sink_json_new(f.fd);
	lseek(fd, 0, SEEK_SET);
	if (replay_open(&replay, fd, "fuzz", NULL) == 0) {
		f.env.names = replay_names(replay);
		if (replay_start(replay, &f.env, sink, &opts, NULL) == 0) {
			while (read(opts.wake_fd, &n, sizeof(n)) < 0)
				assert_true(errno == EINTR); /* the fuzzer's own timer */
			replay_stop(replay, 1000, NULL, NULL);
		}
	}
	replay_free(replay);
	sink->ops->free(sink);
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

// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/recording/replay.h"

#include <errno.h>
#include <poll.h>

#include "base/util.h"
#include "runner/sink/recording/replay_internal.h"

#define MAX_MAPS 65536

static const char *get_text(struct replay *rp, struct cursor *c)
{
	uint64_t len = get_number(c, RECORDING_MAX_TEXT);
	const char *text = get_bytes(c, len);
	char *copy = text ? arena_alloc(&rp->arena, len + 1, 1) : NULL;

	if (copy)
		memcpy(copy, text, len);
	return copy ? copy : "";
}

static bool read_head(struct replay *rp)
{
	struct cursor c = { rp->file.bytes, rp->file.bytes + rp->file.len, false };

	rp->version = get_text(rp, &c);
	rp->program = get_text(rp, &c);
	rp->time_ns = get_varint(&c);
	rp->noptions = get_number(&c, RECORDING_MAX_OPTIONS);
	rp->options = arena_array(&rp->arena, struct record_option, rp->noptions + 1);
	for (size_t i = 0; i < rp->noptions && !c.bad; i++) {
		rp->options[i].name = get_text(rp, &c);
		rp->options[i].value = get_text(rp, &c);
	}
	rp->nmaps = (uint32_t)get_number(&c, MAX_MAPS);
	rp->maps = arena_array(&rp->arena, struct recorded_map, rp->nmaps + 1);
	for (uint32_t i = 0; i < rp->nmaps && !c.bad; i++) {
		rp->maps[i].symbol = get_text(rp, &c);
		for (size_t k = 0; k < ARRAY_LEN(rp->maps[i].numbers); k++)
			rp->maps[i].numbers[k] = get_varint(&c);
	}
	return !c.bad;
}

static int open_blocks(struct replay *rp, struct err *err)
{
	int ret = replay_file_start(&rp->file, err);

	if (ret == 0)
		ret = replay_file_next(&rp->file, err);
	if (ret == 0 && (rp->file.header.kind != BLOCK_HEAD || !read_head(rp)))
		return err_set(err, EBADMSG, "%s: its head is damaged", rp->file.path);
	if (ret == 0)
		ret = replay_file_next(&rp->file, err);
	if (ret == 0 && rp->file.header.kind != BLOCK_PROGRAM)
		return err_set(err, EBADMSG, "%s: its program is missing", rp->file.path);
	if (ret == -ENODATA) {
		err_hint(err, "there is nothing in it to be replayed");
		return err_set(err, ENODATA, "%s: the recording was cut before its first event",
			       rp->file.path);
	}
	if (ret < 0)
		return ret;
	rp->elf = xmalloc(rp->file.len + 1);
	memcpy(rp->elf, rp->file.bytes, rp->file.len);
	rp->elf_len = rp->file.len;
	/* The program may be large, the blocks behind it are not. */
	replay_file_release(&rp->file);
	rp->file.stored = rp->file.raw = NULL;
	rp->file.stored_cap = rp->file.raw_cap = 0;
	return 0;
}

int replay_open(struct replay **ret, int fd, const char *path, struct err *err)
{
	struct replay *rp = xcalloc(1, sizeof(*rp));
	int code;

	rp->file = (struct replay_file){ .fd = fd, .stop_fd = -1, .path = path };
	rp->names = replay_names_new();
	code = open_blocks(rp, err);
	if (code < 0) {
		replay_free(rp);
		return code;
	}
	*ret = rp;
	return 0;
}

void replay_free(struct replay *rp)
{
	if (!rp)
		return;
	replay_source_release(rp);
	free(rp->elf);
	replay_names_free(rp->names);
	replay_file_release(&rp->file);
	arena_release(&rp->arena);
	free(rp);
}

const char *replay_program(const struct replay *rp)
{
	return rp->program;
}
const char *replay_version(const struct replay *rp)
{
	return rp->version;
}
uint64_t replay_time_ns(const struct replay *rp)
{
	return rp->time_ns;
}
const void *replay_elf(const struct replay *rp, size_t *ret_len)
{
	*ret_len = rp->elf_len;
	return rp->elf;
}
const struct record_option *replay_options(const struct replay *rp, size_t *ret_count)
{
	*ret_count = rp->noptions;
	return rp->options;
}

/* ---- playing ---- */

static bool nothing_there(const struct replay *rp)
{
	struct pollfd pfd = { .fd = rp->file.fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 0;
}

/* From a pipe of a run that goes on: what came is to be seen meanwhile. */
static int wait_for_block(struct replay *rp)
{
	int ret;

	do
		ret = rp->feed->rest(rp->feed, rp->file.fd, nothing_there(rp) ? UINT64_MAX : 0);
	while (!ret && nothing_there(rp));
	return ret;
}

static int play_file(struct replay *rp)
{
	for (;;) {
		int ret = wait_for_block(rp);

		if (!ret)
			ret = replay_file_next(&rp->file, rp->err);
		if (ret == -ENODATA) {
			rp->result.cut = true;
			return 0;
		}
		if (ret == -ECANCELED)
			return 1;
		if (ret || rp->file.header.kind == BLOCK_END)
			return ret;
		if (rp->file.header.kind != BLOCK_DATA)
			return err_set(rp->err, EBADMSG, "%s: a second head or program",
				       rp->file.path);
		ret = replay_block(rp);
		if (ret)
			return ret;
	}
}

static int play(struct source *source, struct source_feed *feed, struct err *err)
{
	struct replay *rp = container_of(source, struct replay, source);
	int ret;

	rp->feed = feed;
	rp->err = err;
	rp->file.stop_fd = feed->stop_fd;
	rp->start_ns = now_mono_ns();
	ret = play_file(rp);
	rp->result.offset = rp->file.offset;
	return ret;
}

/* ---- before ---- */

/* Recordings of earlier bombus have no cell for whether a histogram's sum is known: it was. */
static void take_fewer_cells(struct map_shape *shape, uint64_t recorded)
{
	const struct metric_plan *metric = shape->metric;

	if (metric && metric->nfamilies == 1 && metric->families[0].sum_optional &&
	    recorded + 1 == shape->row_cells)
		shape->row_cells--;
}

static bool same_shape(const struct map_shape *shape, const uint64_t recorded[4])
{
	const uint64_t numbers[4] = { shape->record_key_bytes, shape->record_value_bytes,
				      shape->row_key_bytes, shape->row_cells };

	return memcmp(numbers, recorded, sizeof(numbers)) == 0;
}

/* libbpf puts the object's name, which a run may choose, before ".bss" and its like. */
static bool same_symbol(const char *a, const char *b)
{
	const char *of_a = strrchr(a, '.'), *of_b = strrchr(b, '.');

	return of_a && of_b ? streq(of_a, of_b) : streq(a, b);
}

static int compare(const struct replay *rp, struct err *err)
{
	const struct plan *plan = rp->source.plan;
	uint32_t i = 0;

	for (; i < plan->nmaps && i < rp->nmaps; i++) {
		take_fewer_cells(&rp->shapes[i], rp->maps[i].numbers[3]);
		if (!same_symbol(plan->maps[i].symbol, rp->maps[i].symbol) ||
		    !same_shape(&rp->shapes[i], rp->maps[i].numbers))
			break;
	}
	if (i == plan->nmaps && i == rp->nmaps)
		return 0;
	err_hint(err, "bombus %s made it, and can replay it", rp->version);
	return err_set(err, EINVAL, "%s: this bombus reads the program's map '%s' in another way",
		       rp->file.path, i < rp->nmaps ? rp->maps[i].symbol : plan->maps[i].symbol);
}

int replay_prepare(struct replay *rp, const struct plan *plan, struct metric_plan **metrics,
		   struct wallclock *clock, const struct series_opts *opts, struct err *err)
{
	replay_source_init(rp, plan, metrics, clock, opts);
	rp->ops.play = play;
	return compare(rp, err);
}

struct source *replay_source(struct replay *rp)
{
	return &rp->source;
}

void replay_choose(struct replay *rp, const struct replay_opts *opts)
{
	rp->opts = *opts;
}

struct replay_result replay_result(const struct replay *rp)
{
	return rp->result;
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/replay.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/sink/out.h"
#include "runner/sink/replay_file.h"
#include "runner/sink/replay_names.h"
#include "runner/sink/text.h"

#define WATCH_MS 500  /* how soon a reader that left is noticed */
#define STAY_MS 50    /* how often a sink that stays is asked whether it wants to */
#define CANCEL_MS 1000
#define MAX_MAPS 65536

/* As the head block has it. */
struct told_map {
	const char *symbol;
	uint64_t numbers[4];
};

struct replay {
	struct replay_file file;
	struct arena arena;
	const char *program, *version;
	uint64_t time_ns;
	struct record_option *options;
	size_t noptions;
	struct told_map *maps;
	uint32_t nmaps;
	void *elf;
	size_t elf_len;
	struct replay_names *names;

	/* While it plays. */
	struct sink_env env;
	struct sink *sink; /* NULL: none */
	struct replay_opts opts;
	struct map_shape *shapes;
	struct series_rows *rows; /* by map index */
	pthread_t thread;
	bool started, abandoned;
	int stop_fd;
	uint64_t start_ns, last_ns;
	struct replay_result result;
	int code;
	struct err err;
};

/* ---- opening ---- */

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
	rp->maps = arena_array(&rp->arena, struct told_map, rp->nmaps + 1);
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
	rp->stop_fd = -1;
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
	if (rp->started)
		replay_stop(rp, 0, NULL, NULL);
	if (rp->abandoned) /* its thread still uses all of this */
		return;
	for (uint32_t i = 0; rp->rows && i < rp->env.plan->nmaps; i++)
		if (rp->rows[i].plan)
			series_rows_release(&rp->rows[i]);
	free(rp->rows);
	free(rp->shapes);
	free(rp->elf);
	close_fd(&rp->stop_fd);
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
const struct name_source *replay_names(const struct replay *rp)
{
	return replay_names_source(rp->names);
}

/* ---- playing ---- */

static bool is_stopped(const struct replay *rp, int timeout_ms)
{
	struct pollfd pfd = { .fd = rp->stop_fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) > 0;
}

static struct out *sink_out(const struct replay *rp)
{
	return rp->sink && rp->sink->ops->out ? rp->sink->ops->out(rp->sink) : NULL;
}

static int flush(struct replay *rp)
{
	struct out *out = sink_out(rp);
	int ret = rp->sink && rp->sink->ops->flush ? rp->sink->ops->flush(rp->sink) : 0;

	if (!ret && out && out_reader_left(out))
		return -EPIPE;
	return ret;
}

/* Sleeps until what comes next is due. */
static int play_time(struct replay *rp, struct cursor *c)
{
	uint64_t step = get_number(c, UINT64_MAX / 4 - rp->result.span_ns), due, now;
	int ret = 0;

	rp->result.span_ns += step;
	if (!(rp->opts.speed > 0))
		return 0;
	due = rp->start_ns + (uint64_t)((double)rp->result.span_ns / rp->opts.speed);
	for (now = now_mono_ns(); !ret && now < due; now = now_mono_ns()) {
		ret = flush(rp);
		if (!ret && is_stopped(rp, (int)MIN((due - now) / 1000000 + 1, (uint64_t)WATCH_MS)))
			ret = -ECANCELED;
	}
	return ret;
}

static uint64_t get_time(struct replay *rp, struct cursor *c)
{
	rp->last_ns += unzigzag(get_varint(c));
	return rp->last_ns;
}

static uint32_t get_map(const struct replay *rp, struct cursor *c)
{
	if (rp->env.plan->nmaps)
		return (uint32_t)get_number(c, rp->env.plan->nmaps - 1);
	c->bad = true;
	return 0;
}

static bool passes(const struct replay *rp, const struct record *record)
{
	struct filter *filter = rp->opts.filters ? rp->opts.filters[record->map->index] : NULL;

	return filter_match(filter, record);
}

static int play_record(struct replay *rp, struct cursor *c)
{
	uint32_t map = get_map(rp, c);
	const struct map_shape *shape = &rp->shapes[map];
	struct record record = { .map = &rp->env.plan->maps[map],
				 .value_bytes = shape->record_value_bytes };

	c->bad |= !shape->record_value_bytes;
	record.time_ns = get_time(rp, c);
	if (shape->record_key_bytes)
		record.part[PART_KEY] = get_bytes(c, shape->record_key_bytes);
	record.part[PART_VALUE] = get_bytes(c, shape->record_value_bytes);
	if (c->bad || !passes(rp, &record) || !rp->sink || !rp->sink->ops->event)
		return 0;
	return rp->sink->ops->event(rp->sink, &record);
}

/* One row behind those that are kept; false: the filter hides it. */
static bool get_row(const struct replay *rp, struct cursor *c, struct series_rows *rows,
		    uint64_t *id, uint64_t *change_ns)
{
	const struct metric_plan *metric = rows->plan;
	uint32_t i = rows->count;
	union cell *cells = rows->cells + (size_t)i * metric->ncells;
	const void *key;
	struct record record = { .map = metric->map };

	rows->flags[i] = (uint8_t)get_number(c, SERIES_NEW | SERIES_CHANGED | SERIES_GONE |
							SERIES_OVERFLOW);
	rows->id[i] = *id += unzigzag(get_varint(c));
	rows->change_ns[i] = *change_ns += unzigzag(get_varint(c));
	key = get_bytes(c, metric->key_bytes);
	if (!key)
		return false;
	memcpy(rows->keys + (size_t)i * metric->key_bytes, key, metric->key_bytes);
	for (uint32_t k = 0; k < metric->ncells; k++)
		cells[k].u = rows->flags[i] & SERIES_GONE ? 0 : get_varint(c);
	record.part[PART_KEY] = row_key(rows, i);
	record.part[PART_VALUE] = cells;
	record.value_bytes = metric->ncells * (uint32_t)sizeof(*cells);
	return passes(rp, &record);
}

static int play_rows(struct replay *rp, struct cursor *c)
{
	uint32_t map = get_map(rp, c);
	uint64_t time_ns = get_time(rp, c), id = 0, change_ns = 0;
	uint64_t count = get_number(c, RECORDING_MAX_ROWS);
	struct series_rows *rows = &rp->rows[map];

	c->bad |= !rp->shapes[map].metric;
	if (c->bad)
		return 0;
	rows->count = 0;
	for (uint64_t i = 0; i < count && !c->bad; i++)
		rows->count += get_row(rp, c, rows, &id, &change_ns);
	if (c->bad || !rows->count)
		return 0;
	collector_replay_rows(rp->env.collector, rows);
	if (!rp->sink || !rp->sink->ops->rows)
		return 0;
	return rp->sink->ops->rows(rp->sink, rows, time_ns);
}

static int play_lost(struct replay *rp, struct cursor *c)
{
	uint32_t map = get_map(rp, c);
	enum lost_where where = get_number(c, LOST_QUEUE);
	uint64_t count = get_varint(c), time_ns = get_time(rp, c);

	if (c->bad || !rp->sink || !rp->sink->ops->lost)
		return 0;
	return rp->sink->ops->lost(rp->sink, &rp->env.plan->maps[map], where, count, time_ns);
}

static int play_stats(struct replay *rp, struct cursor *c)
{
	uint32_t map = get_map(rp, c);
	struct map_stats s = { 0 };

	s.read = get_varint(c);
	s.filtered = get_varint(c);
	s.malformed = get_varint(c);
	s.lost = get_varint(c);
	s.lost_known = get_number(c, 1);
	s.dropped = get_varint(c);
	s.sweeps = get_varint(c);
	s.sweep_ns = get_varint(c);
	s.entries = get_varint(c);
	s.ring_high_bytes = get_varint(c);
	s.sweep_errors = get_varint(c);
	if (!c->bad)
		collector_replay_stats(rp->env.collector, &rp->env.plan->maps[map], &s);
	return 0;
}

static int play_prog(struct replay *rp, struct cursor *c)
{
	uint64_t prog = get_varint(c);
	enum prog_state state = get_number(c, PROG_ATTACHED);
	size_t len = get_number(c, RECORDING_MAX_TEXT);
	const char *text = get_bytes(c, len);
	_cleanup_free_ char *reason = text && len ? xstrndup(text, len) : NULL;
	struct prog_stats stats = { 0 };

	stats.runs = get_varint(c);
	stats.run_ns = get_varint(c);
	stats.misses = get_varint(c);
	c->bad |= prog >= rp->env.plan->nprogs;
	if (!c->bad && rp->env.object)
		object_replay_prog(rp->env.object, (uint32_t)prog, state, reason, &stats);
	return 0;
}

static int play_name(struct replay *rp, struct cursor *c)
{
	enum meaning meaning = recording_name_meaning(get_varint(c));
	uint64_t id = get_varint(c);
	bool found = get_number(c, 1);
	size_t len = found ? get_number(c, RECORDING_MAX_TEXT) : 0;
	const char *text = found ? get_bytes(c, len) : NULL;

	if (!c->bad)
		replay_names_put(rp->names, meaning, id, text, len);
	return 0;
}

static int play_log(struct replay *rp, struct cursor *c)
{
	enum log_level level = get_number(c, LOG_DEBUG);
	size_t len = get_number(c, RECORDING_MAX_TEXT);
	const char *text = get_bytes(c, len);

	if (!c->bad)
		log_msg(level, "%.*s", (int)len, text);
	return 0;
}

static int play_clock(struct replay *rp, struct cursor *c)
{
	struct clock_offsets offsets = { 0 };

	offsets.mono.from_ns = get_varint(c);
	offsets.mono.offset_ns = get_varint(c);
	offsets.boot.from_ns = get_varint(c);
	offsets.boot.offset_ns = get_varint(c);
	if (!c->bad)
		wallclock_tell(rp->env.clock, &offsets);
	return 0;
}

static int play_block(struct replay *rp)
{
	static int (*const play[])(struct replay *rp, struct cursor *c) = {
		[ITEM_TIME] = play_time,   [ITEM_RECORD] = play_record, [ITEM_ROWS] = play_rows,
		[ITEM_LOST] = play_lost,   [ITEM_STATS] = play_stats,	[ITEM_PROG] = play_prog,
		[ITEM_NAME] = play_name,   [ITEM_LOG] = play_log,	[ITEM_CLOCK] = play_clock,
	};
	struct cursor c = { rp->file.bytes, rp->file.bytes + rp->file.len, false };
	int ret = 0;

	while (!ret && !c.bad && c.at < c.end) {
		uint8_t item = *c.at++;

		if (item < ARRAY_LEN(play) && play[item])
			ret = play[item](rp, &c);
		else
			c.bad = true;
	}
	if (!c.bad)
		return ret;
	err_hint(&rp->err, "what stands before it was replayed");
	return err_set(&rp->err, EBADMSG, "%s: the block in front of byte %llu has wrong content",
		       rp->file.path, (unsigned long long)rp->file.offset);
}

static bool nothing_there(const struct replay *rp)
{
	struct pollfd pfd = { .fd = rp->file.fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 0;
}

static int play_file(struct replay *rp)
{
	int ret = 0;

	for (;;) {
		/* From a pipe of a run that goes on: what came is to be seen meanwhile. */
		if (nothing_there(rp))
			ret = flush(rp);
		if (!ret)
			ret = replay_file_next(&rp->file, &rp->err);
		if (ret == -ENODATA) {
			rp->result.cut = true;
			return 0;
		}
		if (ret || rp->file.header.kind == BLOCK_END)
			return ret;
		if (rp->file.header.kind != BLOCK_DATA)
			return err_set(&rp->err, EBADMSG, "%s: a second head or program",
				       rp->file.path);
		ret = play_block(rp);
		if (ret)
			return ret;
	}
}

static void *play(void *arg)
{
	struct replay *rp = arg;
	uint64_t one = 1;
	int ret, flushed;

	rp->start_ns = now_mono_ns();
	ret = play_file(rp);
	/* What was given is to be seen, also what stood before the damage. */
	flushed = flush(rp);
	while (!ret && !flushed && rp->opts.stay && !is_stopped(rp, STAY_MS))
		flushed = flush(rp);
	if (ret >= 0)
		ret = MIN(flushed, 0);
	rp->result.offset = rp->file.offset;
	rp->code = ret == -ECANCELED ? 0 : ret;
	if (rp->sink && rp->sink->ops->close)
		rp->sink->ops->close(rp->sink);
	if (rp->opts.wake_fd >= 0 && write(rp->opts.wake_fd, &one, sizeof(one)) < 0)
		return NULL; /* it is readable already */
	return NULL;
}

static int compare(const struct replay *rp, struct err *err)
{
	const struct plan *plan = rp->env.plan;
	uint32_t i = 0;

	for (; i < plan->nmaps && i < rp->nmaps; i++) {
		const struct map_shape *s = &rp->shapes[i];
		const uint64_t numbers[4] = { s->record_key_bytes, s->record_value_bytes,
					      s->row_key_bytes, s->row_cells };

		if (!streq(plan->maps[i].symbol, rp->maps[i].symbol) ||
		    memcmp(numbers, rp->maps[i].numbers, sizeof(numbers)) != 0)
			break;
	}
	if (i == plan->nmaps && i == rp->nmaps)
		return 0;
	err_hint(err, "bombus %s made it, and can replay it", rp->version);
	return err_set(err, EINVAL, "%s: this bombus reads the program's map '%s' in another way",
		       rp->file.path, i < rp->nmaps ? rp->maps[i].symbol : plan->maps[i].symbol);
}

static int prepare(struct replay *rp, struct err *err)
{
	const struct plan *plan = rp->env.plan;

	rp->shapes = xcalloc(plan->nmaps + 1, sizeof(*rp->shapes));
	rp->rows = xcalloc(plan->nmaps + 1, sizeof(*rp->rows));
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		rp->shapes[i] = recording_shape(rp->env.collector, &plan->maps[i]);
		if (rp->shapes[i].metric)
			series_rows_init(&rp->rows[i], rp->shapes[i].metric, RECORDING_MAX_ROWS);
	}
	rp->stop_fd = rp->file.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rp->stop_fd < 0)
		return err_sys(err, errno, "eventfd");
	return compare(rp, err);
}

int replay_start(struct replay *rp, const struct sink_env *env, struct sink *sink,
		 const struct replay_opts *opts, struct err *err)
{
	sigset_t all, before;
	int ret;

	rp->env = *env;
	rp->sink = sink;
	rp->opts = *opts;
	ret = prepare(rp, err);
	if (ret == 0 && sink) {
		sink->err = &rp->err;
		ret = sink->ops->open ? sink->ops->open(sink, &rp->env, err) : 0;
		if (ret >= 0 && sink->ops->start)
			ret = sink->ops->start(sink, err);
	}
	if (ret < 0)
		return ret;
	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&rp->thread, NULL, play, rp);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret)
		return err_sys(err, ret, "cannot start the replay's thread");
	rp->started = true;
	pthread_setname_np(rp->thread, "replay");
	return 0;
}

static bool join_within(struct replay *rp, int timeout_ms)
{
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += timeout_ms / 1000;
	return pthread_clockjoin_np(rp->thread, NULL, CLOCK_MONOTONIC, &deadline) == 0;
}

int replay_stop(struct replay *rp, int timeout_ms, struct replay_result *ret, struct err *err)
{
	struct out *out = sink_out(rp);
	uint64_t one = 1;

	if (!rp->started)
		return 0;
	rp->started = false;
	if (write(rp->stop_fd, &one, sizeof(one)) < 0)
		return err_sys(err, errno, "eventfd");
	if (!join_within(rp, timeout_ms)) {
		if (out)
			out_cancel(out);
		if (!join_within(rp, CANCEL_MS)) {
			pthread_detach(rp->thread);
			rp->abandoned = true;
			return -ETIMEDOUT;
		}
	}
	if (ret)
		*ret = rp->result;
	if (rp->code < 0 && rp->code != -EPIPE && err) {
		if (rp->err.msg[0])
			*err = rp->err;
		else
			err_sys(err, -rp->code, "cannot write the %s output", rp->sink->ops->name);
	}
	return rp->code;
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/record.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <xxhash.h>

#include "base/err.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/sink/out.h"
#include "runner/sink/record_file.h"
#include "runner/sink/text.h"

#define NS_PER_S 1000000000ull
#define TIME_STEP_NS 5000000 /* arrival is kept as finely as this */
#define FLUSH_NS 200000000   /* of a block that is not full, when there is nothing to do */
#define SEEN_NAMES 4096u     /* ids that were looked up within the last second */
#define LOG_BYTES (64u << 10)
#define END_TIMEOUT_MS 2000
#define ITEM_HEAD_MAX (1 + 6 * VARINT_MAX)
#define STATS_NUMBERS 11

/* What was written last of an id's name. */
struct seen_name {
	uint64_t id, hash, until_ns;
	uint8_t kind;
};

struct record_map {
	struct map_shape shape;
	const struct field **named; /* fields of records or labels whose names have to travel */
	uint8_t *named_part;
	uint32_t nnamed;
	uint64_t dropped; /* not yet said in the file */
};

struct recorder {
	struct sink sink;
	struct sink *output; /* NULL: none */
	struct record_opts opts;
	struct record_file *file;
	struct sink_env env; /* a copy: free() may come when the host is gone */
	struct sink_names names;
	struct seen_name *seen;
	struct record_map *maps;
	uint64_t last_ns;     /* the time that records and rows are told against */
	uint64_t arrival_ns;  /* monotonic, of the last ITEM_TIME */
	uint64_t flushed_ns, stats_ns;
	struct clock_offsets clock;
	uint64_t left; /* until -n is reached, without an output */
	bool warned, has_rows;
	struct record_result result;
	pthread_mutex_t log_lock;
	struct strbuf log; /* items, made by any thread */
};

static struct recorder *recorder_of(struct sink *sink)
{
	return container_of(sink, struct recorder, sink);
}

/* Fine enough for a replay, and a few nanoseconds a call. */
static uint64_t arrival_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* ---- items ---- */

static uint8_t *put_difference(struct recorder *r, uint8_t *p, uint64_t time_ns)
{
	p = put_varint(p, zigzag(time_ns - r->last_ns));
	r->last_ns = time_ns;
	return p;
}

static uint8_t *put_text(uint8_t *p, const char *text, size_t len)
{
	return put_bytes(put_varint(p, len), text, len);
}

static void write_clock(struct recorder *r)
{
	struct clock_offsets now = wallclock_offsets(r->env.clock);
	uint8_t *p = record_file_room(r->file, ITEM_HEAD_MAX);

	if (!p || memcmp(&now, &r->clock, sizeof(now)) == 0)
		return;
	r->clock = now;
	*p++ = ITEM_CLOCK;
	p = put_varint(p, now.mono.from_ns);
	p = put_varint(p, now.mono.offset_ns);
	p = put_varint(p, now.boot.from_ns);
	record_file_advance(r->file, put_varint(p, now.boot.offset_ns));
}

static void write_time(struct recorder *r)
{
	uint64_t now = arrival_now_ns();
	uint8_t *p;

	if (now - r->arrival_ns < TIME_STEP_NS)
		return;
	p = record_file_room(r->file, ITEM_HEAD_MAX);
	if (!p)
		return;
	*p++ = ITEM_TIME;
	record_file_advance(r->file, put_varint(p, now - r->arrival_ns));
	r->arrival_ns = now;
	write_clock(r);
}

static void write_lost(struct recorder *r, uint32_t map, enum lost_where where, uint64_t count,
		       uint64_t time_ns)
{
	uint8_t *p = record_file_room(r->file, ITEM_HEAD_MAX);

	if (!p)
		return;
	*p++ = ITEM_LOST;
	p = put_varint(p, map);
	*p++ = (uint8_t)where;
	p = put_varint(p, count);
	record_file_advance(r->file, put_difference(r, p, time_ns));
}

/* What the file could not take is said in it once there is room again. */
static void write_dropped(struct recorder *r, struct record_map *map)
{
	if (unlikely(map->dropped) && record_file_room(r->file, ITEM_HEAD_MAX)) {
		write_lost(r, (uint32_t)(map - r->maps), LOST_QUEUE, map->dropped, r->last_ns);
		map->dropped = 0;
	}
}

static void drop(struct recorder *r, struct record_map *map, uint64_t count)
{
	map->dropped += count;
	r->result.dropped += count;
}

static struct seen_name *seen_of(struct recorder *r, uint8_t kind, uint64_t id)
{
	uint64_t mixed = (id ^ (uint64_t)kind << 56) * 0x9e3779b97f4a7c15ull;

	return &r->seen[mixed >> 32 & (SEEN_NAMES - 1)];
}

/* An id's name, when it is new here or another one than before. */
static void write_name(struct recorder *r, enum meaning meaning, uint64_t id)
{
	uint8_t kind = recording_name_kind(meaning), *p;
	struct seen_name *seen = seen_of(r, kind, id);
	bool known = seen->kind == kind && seen->id == id;
	const char *name;
	uint64_t hash;
	size_t len;

	if (likely(known && r->arrival_ns < seen->until_ns))
		return;
	name = resolve(sink_names_get(&r->names), meaning, id);
	len = name ? strlen(name) : 0;
	hash = name ? XXH3_64bits(name, len) : 0;
	if (!known || seen->hash != hash) {
		p = record_file_room(r->file, ITEM_HEAD_MAX + len);
		if (!p)
			return;
		*p++ = ITEM_NAME;
		*p++ = kind;
		p = put_varint(p, id);
		*p++ = name != NULL;
		record_file_advance(r->file, name ? put_text(p, name, len) : p);
	}
	*seen = (struct seen_name){ id, hash, r->arrival_ns + NS_PER_S, kind };
}

static void write_names(struct recorder *r, const struct record_map *map, const void *const part[2])
{
	for (uint32_t i = 0; i < map->nnamed; i++) {
		const struct field *field = map->named[i];

		for (uint32_t k = 0; k < field->count; k++)
			write_name(r, field->meaning, field_u64(field, part[map->named_part[i]], k));
	}
}

static void write_stats(struct recorder *r)
{
	const struct plan *plan = r->env.plan;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		struct map_stats s;
		uint8_t *p = record_file_room(r->file, ITEM_HEAD_MAX + STATS_NUMBERS * VARINT_MAX);

		if (!p || plan->maps[i].role == ROLE_INTERNAL)
			continue;
		s = collector_stats(r->env.collector, &plan->maps[i]);
		const uint64_t numbers[STATS_NUMBERS] = {
			s.read,	   s.filtered, s.malformed, s.lost,	       s.lost_known,   s.dropped,
			s.sweeps,  s.sweep_ns, s.entries,   s.ring_high_bytes, s.sweep_errors,
		};
		*p++ = ITEM_STATS;
		p = put_varint(p, i);
		for (size_t k = 0; k < STATS_NUMBERS; k++)
			p = put_varint(p, numbers[k]);
		record_file_advance(r->file, p);
	}
}

static void write_progs(struct recorder *r)
{
	const struct plan *plan = r->env.plan;

	for (uint32_t i = 0; r->env.object && i < plan->nprogs; i++) {
		const struct prog_plan *prog = &plan->progs[i];
		size_t len = prog->reason ? MIN(strlen(prog->reason), (size_t)4096) : 0;
		uint8_t *p = record_file_room(r->file, ITEM_HEAD_MAX + len);
		struct prog_stats s = { 0 };

		if (!p)
			return;
		/* Before that the object is another thread's, which is starting it. */
		if (prog->state == PROG_LOADED || prog->state == PROG_ATTACHED)
			object_prog_stats(r->env.object, prog, &s);
		*p++ = ITEM_PROG;
		p = put_varint(p, i);
		*p++ = prog->state;
		p = put_text(p, prog->reason ? prog->reason : "", len);
		p = put_varint(p, s.runs);
		p = put_varint(p, s.run_ns);
		record_file_advance(r->file, put_varint(p, s.misses));
	}
}

static void write_log(struct recorder *r)
{
	uint8_t *p;

	pthread_mutex_lock(&r->log_lock);
	p = r->log.len ? record_file_room(r->file, r->log.len) : NULL;
	if (p)
		record_file_advance(r->file, put_bytes(p, r->log.buf, r->log.len));
	strbuf_reset(&r->log);
	pthread_mutex_unlock(&r->log_lock);
}

/* Any thread; what is said too fast is not worth more room. */
static void note_log(void *ctx, enum log_level level, const char *line)
{
	struct recorder *r = ctx;
	uint8_t head[ITEM_HEAD_MAX], *p = head;
	size_t len = MIN(strlen(line), (size_t)4096);

	*p++ = ITEM_LOG;
	*p++ = (uint8_t)level;
	p = put_varint(p, len);
	pthread_mutex_lock(&r->log_lock);
	if (r->log.len + ITEM_HEAD_MAX + len <= LOG_BYTES) {
		strbuf_add(&r->log, head, (size_t)(p - head));
		strbuf_add(&r->log, line, len);
	}
	pthread_mutex_unlock(&r->log_lock);
}

/* Time, and what is looked at once a second. In front of whatever comes next. */
static void tick(struct recorder *r)
{
	write_time(r);
	if (likely(r->arrival_ns - r->stats_ns < NS_PER_S))
		return;
	r->stats_ns = r->arrival_ns;
	write_stats(r);
	write_progs(r);
	write_log(r);
}

/* ---- the sink ---- */

/* Where the file is no more: goes on without where there is something else to do. */
static int check_file(struct recorder *r)
{
	int error = record_file_error(r->file);

	if (likely(!error) || r->warned)
		return 0;
	if (!r->output) {
		if (error != -EPIPE && error != -ECANCELED)
			err_sys(r->sink.err, -error, "%s", r->opts.path);
		return error;
	}
	r->warned = true;
	log_warn("the recording ends here: %s: %s", r->opts.path, strerror(-error));
	return 0;
}

static int record_event(struct sink *sink, const struct record *record)
{
	struct recorder *r = recorder_of(sink);
	struct record_map *map = &r->maps[record->map->index];
	const struct map_shape *shape = &map->shape;
	int ret;
	uint8_t *p;

	tick(r);
	if (map->nnamed)
		write_names(r, map, record->part);
	write_dropped(r, map);
	p = record_file_room(r->file, ITEM_HEAD_MAX + shape->record_key_bytes +
					      shape->record_value_bytes);
	if (likely(p != NULL)) {
		*p++ = ITEM_RECORD;
		p = put_varint(p, record->map->index);
		p = put_difference(r, p, record->time_ns);
		if (unlikely(shape->record_key_bytes))
			p = put_bytes(p, record->part[PART_KEY], shape->record_key_bytes);
		p = put_bytes(p, record->part[PART_VALUE], shape->record_value_bytes);
		record_file_advance(r->file, p);
	} else {
		drop(r, map, 1);
	}
	ret = check_file(r);
	if (ret)
		return ret;
	if (r->output)
		return r->output->ops->event ? r->output->ops->event(r->output, record) : 0;
	return --r->left == 0;
}

static uint8_t *put_row(const struct map_shape *shape, uint8_t *p, const struct series_rows *rows,
			uint32_t i)
{
	const union cell *cells = row_cells(rows, i);

	*p++ = rows->flags[i];
	p = put_varint(p, zigzag(rows->id[i] - (i ? rows->id[i - 1] : 0)));
	p = put_varint(p, zigzag(rows->change_ns[i] - (i ? rows->change_ns[i - 1] : 0)));
	p = put_bytes(p, row_key(rows, i), shape->row_key_bytes);
	for (uint32_t k = 0; !(rows->flags[i] & SERIES_GONE) && k < shape->row_cells; k++)
		p = put_varint(p, cells[k].u);
	return p;
}

static void write_rows(struct recorder *r, struct record_map *map, const struct series_rows *rows,
		       uint64_t time_ns)
{
	size_t row = 1 + VARINT_MAX * (2 + (size_t)map->shape.row_cells) + map->shape.row_key_bytes;
	const void *part[2] = { NULL, NULL };
	uint8_t *p;

	for (uint32_t i = 0; map->nnamed && i < rows->count; i++) {
		part[PART_KEY] = row_key(rows, i);
		write_names(r, map, part);
	}
	write_dropped(r, map);
	p = record_file_room(r->file, ITEM_HEAD_MAX + rows->count * row);
	if (!p) {
		drop(r, map, rows->count);
		return;
	}
	*p++ = ITEM_ROWS;
	p = put_varint(p, rows->plan->map->index);
	p = put_difference(r, p, time_ns);
	p = put_varint(p, rows->count);
	for (uint32_t i = 0; i < rows->count; i++)
		p = put_row(&map->shape, p, rows, i);
	record_file_advance(r->file, p);
}

static int record_rows(struct sink *sink, const struct series_rows *rows, uint64_t time_ns)
{
	struct recorder *r = recorder_of(sink);
	int ret;

	tick(r);
	write_rows(r, &r->maps[rows->plan->map->index], rows, time_ns);
	r->has_rows = true;
	ret = check_file(r);
	if (ret)
		return ret;
	if (r->output)
		return r->output->ops->rows ? r->output->ops->rows(r->output, rows, time_ns) : 0;
	if (r->left <= rows->count)
		return 1;
	r->left -= rows->count;
	return 0;
}

static int record_lost(struct sink *sink, const struct map_plan *map, enum lost_where where,
		       uint64_t count, uint64_t time_ns)
{
	struct recorder *r = recorder_of(sink);
	const struct sink_ops *ops = r->output ? r->output->ops : NULL;

	tick(r);
	write_lost(r, map->index, where, count, time_ns);
	return ops && ops->lost ? ops->lost(r->output, map, where, count, time_ns) : 0;
}

/* A block that is not full goes out when there is a pause, but not many small ones. */
static int record_flush(struct sink *sink)
{
	struct recorder *r = recorder_of(sink);
	uint64_t now = arrival_now_ns();
	int ret = check_file(r);

	tick(r);
	if (record_file_pending(r->file) && (r->has_rows || now - r->flushed_ns >= FLUSH_NS)) {
		r->flushed_ns = now;
		r->has_rows = false;
		record_file_submit(r->file);
	}
	if (ret || !r->output || !r->output->ops->flush)
		return ret;
	return r->output->ops->flush(r->output);
}

static void record_close(struct sink *sink)
{
	struct recorder *r = recorder_of(sink);

	log_also(NULL, NULL);
	write_time(r);
	write_clock(r);
	for (uint32_t i = 0; i < r->env.plan->nmaps; i++)
		write_dropped(r, &r->maps[i]);
	write_stats(r);
	write_progs(r);
	write_log(r);
	record_file_end(r->file, END_TIMEOUT_MS);
	check_file(r);
	r->result.bytes = record_file_bytes(r->file);
	r->result.error = record_file_error(r->file);
	if (r->output && r->output->ops->close)
		r->output->ops->close(r->output);
}

/* ---- opening ---- */

static void add_varint(struct strbuf *sb, uint64_t v)
{
	uint8_t bytes[VARINT_MAX];

	strbuf_add(sb, bytes, (size_t)(put_varint(bytes, v) - bytes));
}

static void add_text(struct strbuf *sb, const char *text)
{
	add_varint(sb, strlen(text));
	strbuf_adds(sb, text);
}

static void make_head(const struct recorder *r, struct strbuf *sb)
{
	const struct plan *plan = r->env.plan;

	add_text(sb, BOMBUS_VERSION);
	add_text(sb, r->env.program);
	add_varint(sb, now_real_ns());
	add_varint(sb, r->opts.noptions);
	for (size_t i = 0; i < r->opts.noptions; i++) {
		add_text(sb, r->opts.options[i].name);
		add_text(sb, r->opts.options[i].value);
	}
	add_varint(sb, plan->nmaps);
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_shape *shape = &r->maps[i].shape;

		add_text(sb, plan->maps[i].symbol);
		add_varint(sb, shape->record_key_bytes);
		add_varint(sb, shape->record_value_bytes);
		add_varint(sb, shape->row_key_bytes);
		add_varint(sb, shape->row_cells);
	}
}

static void add_named(struct record_map *map, const struct field *field, uint8_t part)
{
	if (!recording_name_kind(field->meaning) || field->tags & TAG_HIDE)
		return;
	map->named = xreallocarray(map->named, map->nnamed + 1, sizeof(*map->named));
	map->named_part = xreallocarray(map->named_part, map->nnamed + 1, 1);
	map->named[map->nnamed] = field;
	map->named_part[map->nnamed++] = part;
}

static void find_named(struct record_map *map, const struct map_plan *plan)
{
	const struct metric_plan *metric = map->shape.metric;

	for (uint32_t i = 0; metric && i < metric->nlabels; i++)
		add_named(map, &metric->labels[i].in_key, PART_KEY);
	for (uint32_t i = 0; map->shape.record_key_bytes && i < plan->key.nfields; i++)
		add_named(map, &plan->key.fields[i], PART_KEY);
	for (uint32_t i = 0; map->shape.record_value_bytes && i < plan->value.nfields; i++)
		add_named(map, &plan->value.fields[i], PART_VALUE);
}

static int open_file(struct recorder *r, struct err *err)
{
	struct strbuf head = STRBUF_INIT(RECORDING_MAX_BLOCK);
	int ret;

	make_head(r, &head);
	r->file = record_file_new(r->opts.fd, !r->output);
	ret = head.full ? -E2BIG : record_file_put(r->file, BLOCK_HEAD, head.buf, head.len);
	strbuf_release(&head);
	if (ret == 0)
		ret = record_file_put(r->file, BLOCK_PROGRAM, r->opts.elf, r->opts.elf_bytes);
	if (ret < 0)
		return err_sys(err, -ret, "%s", r->opts.path);
	return 0;
}

static int record_open(struct sink *sink, const struct sink_env *env, struct err *err)
{
	struct recorder *r = recorder_of(sink);
	int ret = 0;

	r->env = *env;
	r->left = env->max_records ? env->max_records : UINT64_MAX;
	r->seen = xcalloc(SEEN_NAMES, sizeof(*r->seen));
	r->maps = xcalloc(env->plan->nmaps + 1, sizeof(*r->maps));
	for (uint32_t i = 0; i < env->plan->nmaps; i++) {
		r->maps[i].shape = recording_shape(env->collector, &env->plan->maps[i]);
		find_named(&r->maps[i], &env->plan->maps[i]);
	}
	sink_names_init(&r->names, &r->env);
	r->arrival_ns = r->flushed_ns = r->stats_ns = arrival_now_ns();
	if (r->output) {
		r->output->err = sink->err;
		if (r->output->ops->open)
			ret = r->output->ops->open(r->output, env, err);
	}
	if (ret >= 0)
		ret = open_file(r, err);
	if (ret < 0)
		return ret;
	write_clock(r); /* before the first record that is dated by it */
	log_also(note_log, r);
	return 0;
}

static int record_start(struct sink *sink, struct err *err)
{
	struct recorder *r = recorder_of(sink);
	int ret = record_file_start(r->file, err);

	if (ret >= 0 && r->output && r->output->ops->start)
		ret = r->output->ops->start(r->output, err);
	return ret;
}

static void record_free(struct sink *sink)
{
	struct recorder *r = recorder_of(sink);

	for (uint32_t i = 0; r->maps && i < r->env.plan->nmaps; i++) {
		free(r->maps[i].named);
		free(r->maps[i].named_part);
	}
	if (r->maps)
		sink_names_release(&r->names);
	free(r->maps);
	free(r->seen);
	record_file_free(r->file);
	strbuf_release(&r->log);
	pthread_mutex_destroy(&r->log_lock);
	if (r->output)
		r->output->ops->free(r->output);
	free(r);
}

/* A recorder beside another output never waits, so that only the output can stall. */
static struct out *record_out(struct sink *sink)
{
	struct recorder *r = recorder_of(sink);

	if (!r->output)
		return record_file_out(r->file);
	return r->output->ops->out ? r->output->ops->out(r->output) : NULL;
}

static const struct sink_ops record_ops = {
	.name = "record",
	.open = record_open,
	.start = record_start,
	.event = record_event,
	.rows = record_rows,
	.lost = record_lost,
	.flush = record_flush,
	.close = record_close,
	.free = record_free,
	.out = record_out,
};

struct record_result sink_record_result(const struct sink *sink)
{
	return recorder_of((struct sink *)sink)->result;
}

struct sink *sink_record_new(const struct record_opts *opts, struct sink *output)
{
	struct recorder *r = xcalloc(1, sizeof(*r));

	r->sink.ops = &record_ops;
	r->opts = *opts;
	r->output = output;
	pthread_mutex_init(&r->log_lock, NULL);
	strbuf_init(&r->log, LOG_BYTES);
	return &r->sink;
}

// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/sink/out.h"
#include "runner/sink/recording/record_internal.h"

#define FLUSH_NS 200000000 /* of a block that is not full, when there is nothing to do */
#define END_TIMEOUT_MS 2000

static struct recorder *recorder_of(struct sink *sink)
{
	return container_of(sink, struct recorder, sink);
}

/* Where the file is no more: goes on without where there is something else to do. */
static int check_file(struct recorder *r)
{
	int error = record_file_error(r->file);

	if (likely(!error) || r->warned)
		return 0;
	if (r->opts.alone) {
		if (error != -EPIPE && error != -ECANCELED)
			err_sys(r->sink.err, -error, "%s", r->opts.path);
		return error;
	}
	r->warned = true;
	log_warn("the recording ends here: %s: %s", r->opts.path, strerror(-error));
	return 0;
}

static int record_event(struct sink *sink, struct source *source, const struct record *record)
{
	struct recorder *r = recorder_of(sink);

	record_put_tick(r, record->time_ns);
	record_put_record(r, slots_get(&r->programs, source), record);
	return check_file(r);
}

static int record_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		       uint64_t time_ns)
{
	struct recorder *r = recorder_of(sink);

	record_put_tick(r, time_ns);
	record_put_rows(r, slots_get(&r->programs, source), rows, time_ns);
	r->has_rows = true;
	return check_file(r);
}

static int record_lost(struct sink *sink, struct source *source, const struct map_plan *map,
		       enum lost_where where, uint64_t count, uint64_t time_ns)
{
	struct recorder *r = recorder_of(sink);

	record_put_tick(r, time_ns);
	record_put_lost(r, slots_get(&r->programs, source), map->index, where, count, time_ns);
	return 0;
}

static int record_swept(struct sink *sink, struct source *source, uint64_t time_ns)
{
	struct recorder *r = recorder_of(sink);

	record_put_tick(r, time_ns);
	record_put_sweep(r, slots_get(&r->programs, source), time_ns);
	r->has_rows = true;
	return 0;
}

/* A block that is not full goes out when there is a pause, but not many small ones. */
static int record_flush(struct sink *sink)
{
	struct recorder *r = recorder_of(sink);
	uint64_t now = record_now_ns();
	int ret = check_file(r);

	record_put_tick(r, 0);
	if (record_file_pending(r->file) && (r->has_rows || now - r->flushed_ns >= FLUSH_NS)) {
		r->flushed_ns = now;
		r->has_rows = false;
		record_file_submit(r->file);
	}
	return ret;
}

static void record_close(struct sink *sink)
{
	struct recorder *r = recorder_of(sink);

	if (r->count && !r->opts.no_log)
		log_also(NULL, NULL);
	if (!r->file)
		return;
	record_put_last(r);
	record_file_end(r->file, END_TIMEOUT_MS);
	check_file(r);
	r->result.bytes = record_file_bytes(r->file);
	r->result.error = record_file_error(r->file);
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

static const struct record_image *image_of(const struct recorder *r, const struct source *source)
{
	for (size_t i = 0; i < r->opts.nimages; i++)
		if (!r->opts.images[i].program || streq(r->opts.images[i].program, source->program))
			return &r->opts.images[i];
	return NULL;
}

static void make_head(const struct recorder *r, const struct record_program *p,
		      const struct record_image *image, struct strbuf *sb)
{
	const struct plan *plan = p->source->plan;

	add_text(sb, BOMBUS_VERSION);
	add_text(sb, p->source->name);
	add_varint(sb, now_real_ns());
	add_varint(sb, image->noptions);
	for (size_t i = 0; i < image->noptions; i++) {
		add_text(sb, image->options[i].name);
		add_text(sb, image->options[i].value);
	}
	add_varint(sb, plan->nmaps);
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_shape *shape = &p->maps[i].shape;

		add_text(sb, plan->maps[i].symbol);
		add_varint(sb, shape->record_key_bytes);
		add_varint(sb, shape->record_value_bytes);
		add_varint(sb, shape->row_key_bytes);
		add_varint(sb, shape->row_cells);
	}
	if (r->count > 1) {
		add_text(sb, p->source->program);
		add_varint(sb, r->count - 1 - p->number);
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

static int put_program(struct recorder *r, const struct record_program *p)
{
	const struct record_image *image = image_of(r, p->source);
	struct strbuf head = STRBUF_INIT(RECORDING_MAX_BLOCK);
	int ret = image ? 0 : -ENOENT;

	if (ret == 0) {
		make_head(r, p, image, &head);
		ret = head.full ? -E2BIG : record_file_put(r->file, BLOCK_HEAD, head.buf, head.len);
	}
	strbuf_release(&head);
	return ret == 0 ? record_file_put(r->file, BLOCK_PROGRAM, image->elf, image->elf_bytes)
			: ret;
}

static int record_add(struct sink *sink, struct source *source, struct err *err)
{
	struct recorder *r = recorder_of(sink);
	const struct plan *plan = source->plan;
	struct record_program *p;

	if (r->file)
		return err_set(err, ENOTSUP, "a program cannot join a recording that runs");
	if (!r->count && !r->opts.no_log)
		log_also(record_note_log, r);
	p = xcalloc(1, sizeof(*p));
	p->source = source;
	p->number = r->count;
	p->seen = xcalloc(RECORD_SEEN_NAMES, sizeof(*p->seen));
	p->maps = xcalloc(plan->nmaps + 1, sizeof(*p->maps));
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		p->maps[i].shape = recording_shape(source, &plan->maps[i]);
		find_named(&p->maps[i], &plan->maps[i]);
	}
	sink_names_init(&p->names, source);
	r->all = xreallocarray(r->all, r->count + 1, sizeof(struct record_program *));
	r->all[r->count++] = p;
	slots_set(&r->programs, source, p);
	return 0;
}

static void free_program(struct record_program *p)
{
	for (uint32_t i = 0; i < p->source->plan->nmaps; i++) {
		free(p->maps[i].named);
		free(p->maps[i].named_part);
	}
	sink_names_release(&p->names);
	free(p->maps);
	free(p->seen);
	free(p);
}

/* A program that cannot be read leaves before the file begins. Later its part of the file stays. */
static void record_remove(struct sink *sink, struct source *source)
{
	struct recorder *r = recorder_of(sink);
	struct record_program *p = slots_get(&r->programs, source);

	if (r->file)
		return;
	slots_set(&r->programs, source, NULL);
	r->count--;
	for (uint32_t i = p->number; i < r->count; i++) {
		r->all[i] = r->all[i + 1];
		r->all[i]->number = i;
	}
	free_program(p);
}

static int record_start(struct sink *sink, struct err *err)
{
	struct recorder *r = recorder_of(sink);
	int ret = 0;

	if (!r->count)
		return 0;
	r->flushed_ns = record_now_ns();
	r->arrival_ns = r->opts.told ? 0 : r->flushed_ns; /* 0: that of the first item */
	r->current = r->all[0];
	r->file = record_file_new(r->opts.fd, r->opts.alone,
				  r->count > 1 ? RECORDING_OF_SEVERAL : RECORDING_OF_ONE);
	record_file_set_name(r->file, r->opts.file);
	for (uint32_t i = 0; i < r->count && ret == 0; i++)
		ret = put_program(r, r->all[i]);
	if (ret < 0)
		return err_sys(err, -ret, "%s", r->opts.path);
	record_put_clock(r); /* before the first record that is dated by it */
	return record_file_start(r->file, err);
}

static void record_free(struct sink *sink)
{
	struct recorder *r = recorder_of(sink);

	for (uint32_t i = 0; i < r->count; i++)
		free_program(r->all[i]);
	free(r->all);
	slots_release(&r->programs);
	record_file_free(r->file);
	strbuf_release(&r->log);
	pthread_mutex_destroy(&r->log_lock);
	free(r);
}

/* A recorder beside another output never waits, so that only the output can stall. */
static struct out *record_out(struct sink *sink)
{
	struct recorder *r = recorder_of(sink);

	return r->opts.alone && r->file ? record_file_out(r->file) : NULL;
}

struct record_result sink_record_result(const struct sink *sink)
{
	return recorder_of((struct sink *)sink)->result;
}

struct sink *sink_record_new(const struct record_opts *opts)
{
	static const struct sink_ops ops = {
		.name = "record",
		.add = record_add,
		.remove = record_remove,
		.start = record_start,
		.event = record_event,
		.rows = record_rows,
		.lost = record_lost,
		.swept = record_swept,
		.flush = record_flush,
		.close = record_close,
		.free = record_free,
		.out = record_out,
	};
	struct recorder *r = xcalloc(1, sizeof(*r));

	r->sink.ops = &ops;
	r->opts = *opts;
	pthread_mutex_init(&r->log_lock, NULL);
	strbuf_init(&r->log, RECORD_LOG_BYTES);
	return &r->sink;
}

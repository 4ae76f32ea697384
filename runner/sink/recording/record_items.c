// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include "base/util.h"
#include "runner/sink/recording/record_internal.h"

#define NS_PER_S 1000000000ull
#define TIME_STEP_NS 5000000 /* arrival is kept as finely as this */
#define ITEM_HEAD_MAX (1 + 6 * VARINT_MAX)
#define STATS_NUMBERS 11
#define TEXT_MAX 4096 /* of a reason, of a message */

uint64_t record_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

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

/* Room for an item of the program; NULL: there is none. */
static uint8_t *room_of(struct recorder *r, const struct record_program *p, size_t bytes)
{
	uint8_t *at;

	if (likely(r->current == p))
		return record_file_room(r->file, bytes);
	/* Both in one block, or neither. */
	at = record_file_room(r->file, ITEM_HEAD_MAX + bytes);
	if (!at)
		return NULL;
	*at++ = ITEM_OF;
	record_file_advance(r->file, put_varint(at, p->number));
	r->current = p;
	return record_file_room(r->file, bytes);
}

void record_put_clock(struct recorder *r)
{
	struct clock_offsets now = wallclock_offsets(r->all[0]->source->clock);
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

static void write_time(struct recorder *r, uint64_t time_ns)
{
	uint64_t now = r->opts.told ? MAX(time_ns, r->arrival_ns) : record_now_ns();
	uint8_t *p;

	if (!r->arrival_ns)
		r->arrival_ns = now;
	if (now - r->arrival_ns < TIME_STEP_NS)
		return;
	p = record_file_room(r->file, ITEM_HEAD_MAX);
	if (!p)
		return;
	*p++ = ITEM_TIME;
	record_file_advance(r->file, put_varint(p, now - r->arrival_ns));
	r->arrival_ns = now;
	record_put_clock(r);
}

void record_put_lost(struct recorder *r, const struct record_program *p, uint32_t map,
		     enum lost_where where, uint64_t count, uint64_t time_ns)
{
	uint8_t *at = room_of(r, p, ITEM_HEAD_MAX);

	if (!at)
		return;
	*at++ = ITEM_LOST;
	at = put_varint(at, map);
	*at++ = (uint8_t)where;
	at = put_varint(at, count);
	record_file_advance(r->file, put_difference(r, at, time_ns));
}

void record_put_sweep(struct recorder *r, const struct record_program *p, uint64_t time_ns)
{
	uint8_t *at = room_of(r, p, ITEM_HEAD_MAX);

	if (!at)
		return;
	*at++ = ITEM_SWEEP;
	record_file_advance(r->file, put_difference(r, at, time_ns));
}

/* Writes how much the file could not take, once there is room again. */
static void put_dropped(struct recorder *r, const struct record_program *p, struct record_map *map)
{
	if (unlikely(map->dropped) && room_of(r, p, ITEM_HEAD_MAX)) {
		record_put_lost(r, p, (uint32_t)(map - p->maps), LOST_QUEUE, map->dropped,
				r->last_ns);
		map->dropped = 0;
	}
}

static void drop(struct recorder *r, struct record_map *map, uint64_t count)
{
	map->dropped += count;
	r->result.dropped += count;
}

static struct seen_name *seen_of(struct record_program *p, uint8_t kind, uint64_t id)
{
	uint64_t mixed = (id ^ (uint64_t)kind << 56) * 0x9e3779b97f4a7c15ull;

	return &p->seen[mixed >> 32 & (RECORD_SEEN_NAMES - 1)];
}

/* An id's name, when it is new here or another one than before. */
static void write_name(struct recorder *r, struct record_program *p, enum meaning meaning,
		       uint64_t id)
{
	uint8_t kind = recording_name_kind(meaning), *at;
	struct seen_name *seen = seen_of(p, kind, id);
	bool known = seen->kind == kind && seen->id == id;
	const char *name;
	uint64_t hash;
	size_t len;

	if (likely(known && r->arrival_ns < seen->until_ns))
		return;
	name = resolve(sink_names_get(&p->names), meaning, id);
	len = name ? strlen(name) : 0;
	hash = name ? recording_hash(name, len) : 0;
	if (!known || seen->hash != hash) {
		at = room_of(r, p, ITEM_HEAD_MAX + len);
		if (!at)
			return;
		*at++ = ITEM_NAME;
		*at++ = kind;
		at = put_varint(at, id);
		*at++ = name != NULL;
		record_file_advance(r->file, name ? put_text(at, name, len) : at);
	}
	*seen = (struct seen_name){ id, hash, r->arrival_ns + NS_PER_S, kind };
}

static void write_names(struct recorder *r, struct record_program *p, const struct record_map *map,
			const void *const part[2])
{
	for (uint32_t i = 0; i < map->nnamed; i++) {
		const struct field *field = map->named[i];

		for (uint32_t k = 0; k < field->count; k++)
			write_name(r, p, field->meaning,
				   resolve_id(field, field_u64(field, part[map->named_part[i]], k),
					      part[map->named_part[i]]));
	}
}

static void write_stats(struct recorder *r, const struct record_program *program)
{
	const struct plan *plan = program->source->plan;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		struct map_stats s;
		uint8_t *p = room_of(r, program, ITEM_HEAD_MAX + STATS_NUMBERS * VARINT_MAX);

		if (!p || plan->maps[i].role == ROLE_INTERNAL)
			continue;
		s = source_map_stats(program->source, &plan->maps[i]);
		const uint64_t numbers[STATS_NUMBERS] = {
			s.read,	      s.filtered,	 s.malformed,	 s.lost,
			s.lost_known, s.dropped,	 s.sweeps,	 s.sweep_ns,
			s.entries,    s.ring_high_bytes, s.sweep_errors,
		};
		*p++ = ITEM_STATS;
		p = put_varint(p, i);
		for (size_t k = 0; k < STATS_NUMBERS; k++)
			p = put_varint(p, numbers[k]);
		record_file_advance(r->file, p);
	}
}

static void write_progs(struct recorder *r, const struct record_program *program)
{
	const struct plan *plan = program->source->plan;

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const struct prog_plan *prog = &plan->progs[i];
		struct prog_status status = source_prog_status(program->source, prog);
		size_t len = status.reason ? MIN(strlen(status.reason), (size_t)TEXT_MAX) : 0;
		uint8_t *p = room_of(r, program, ITEM_HEAD_MAX + len);
		struct prog_stats s = { 0 };

		if (!p)
			return;
		source_prog_stats(program->source, prog, &s);
		*p++ = ITEM_PROG;
		p = put_varint(p, i);
		*p++ = status.state;
		p = put_text(p, status.reason ? status.reason : "", len);
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

/* What is said too fast is not worth more room. */
void record_note_log(void *ctx, enum log_level level, const char *line)
{
	struct recorder *r = ctx;
	uint8_t head[ITEM_HEAD_MAX], *p = head;
	size_t len = MIN(strlen(line), (size_t)TEXT_MAX);

	*p++ = ITEM_LOG;
	*p++ = (uint8_t)level;
	p = put_varint(p, len);
	pthread_mutex_lock(&r->log_lock);
	if (r->log.len + ITEM_HEAD_MAX + len <= RECORD_LOG_BYTES) {
		strbuf_add(&r->log, head, (size_t)(p - head));
		strbuf_add(&r->log, line, len);
	}
	pthread_mutex_unlock(&r->log_lock);
}

static void write_state(struct recorder *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		write_stats(r, r->all[i]);
		write_progs(r, r->all[i]);
	}
	write_log(r);
}

void record_put_tick(struct recorder *r, uint64_t time_ns)
{
	write_time(r, time_ns);
	if (likely(r->arrival_ns - r->stats_ns < NS_PER_S))
		return;
	r->stats_ns = r->arrival_ns;
	write_state(r);
}

void record_put_record(struct recorder *r, struct record_program *p, const struct record *record)
{
	struct record_map *map = &p->maps[record->map->index];
	const struct map_shape *shape = &map->shape;
	uint8_t *at;

	if (map->nnamed)
		write_names(r, p, map, record->part);
	put_dropped(r, p, map);
	at = room_of(r, p, ITEM_HEAD_MAX + shape->record_key_bytes + shape->record_value_bytes);
	if (unlikely(!at)) {
		drop(r, map, 1);
		return;
	}
	*at++ = ITEM_RECORD;
	at = put_varint(at, record->map->index);
	at = put_difference(r, at, record->time_ns);
	if (unlikely(shape->record_key_bytes))
		at = put_bytes(at, record->part[PART_KEY], shape->record_key_bytes);
	at = put_bytes(at, record->part[PART_VALUE], shape->record_value_bytes);
	record_file_advance(r->file, at);
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

void record_put_rows(struct recorder *r, struct record_program *p, const struct series_rows *rows,
		     uint64_t time_ns)
{
	struct record_map *map = &p->maps[rows->plan->map->index];
	size_t row = 1 + VARINT_MAX * (2 + (size_t)map->shape.row_cells) + map->shape.row_key_bytes;
	const void *part[2] = { NULL, NULL };
	uint8_t *at;

	for (uint32_t i = 0; map->nnamed && i < rows->count; i++) {
		part[PART_KEY] = row_key(rows, i);
		write_names(r, p, map, part);
	}
	put_dropped(r, p, map);
	at = room_of(r, p, ITEM_HEAD_MAX + rows->count * row);
	if (!at) {
		drop(r, map, rows->count);
		return;
	}
	*at++ = ITEM_ROWS;
	at = put_varint(at, rows->plan->map->index);
	at = put_difference(r, at, time_ns);
	at = put_varint(at, rows->count);
	for (uint32_t i = 0; i < rows->count; i++)
		at = put_row(&map->shape, at, rows, i);
	record_file_advance(r->file, at);
}

static void put_all_dropped(struct recorder *r, struct record_program *p)
{
	for (uint32_t i = 0; i < p->source->plan->nmaps; i++)
		put_dropped(r, p, &p->maps[i]);
}

void record_put_last(struct recorder *r)
{
	write_time(r, 0);
	record_put_clock(r);
	for (uint32_t i = 0; i < r->count; i++)
		put_all_dropped(r, r->all[i]);
	write_state(r);
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/read/span/span.h"

#include <errno.h>
#include <stdatomic.h>
#include <strings.h>
#include <sys/random.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/read/text/decode.h"
#include "runner/read/text/names.h"
#include "runner/read/span/span_internal.h"

enum room { ROOM_NAME, ROOM_SERVICE, ROOM_MESSAGE, ROOM_STATE, ROOM_OTHER, ROOMS };

struct span_maker {
	struct span_sampler sampler;
	struct wallclock *clock;
	struct resolver *resolver;
	uint64_t state[2]; /* of the generator of ids */
	_Atomic uint64_t made, unsampled, invalid;
	char room[ROOMS][SPAN_TEXT_MAX];
};

/* ---- Ids ---- */

/*
 * Steele, Lea and Flood's SplitMix64: a counter whose steps are mixed into numbers that look
 * random and do not repeat within 2^64. Ids have to be told apart, not kept secret.
 */
static uint64_t next_number(uint64_t *state, uint64_t step)
{
	uint64_t z = *state += step;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void new_bytes(uint64_t *state, uint64_t step, uint8_t ret[8])
{
	uint64_t v = next_number(state, step);

	while (unlikely(!v))
		v = next_number(state, step);
	memcpy(ret, &v, sizeof(v));
}

void span_new_span_id(struct span_maker *maker, uint8_t ret[SPAN_ID_BYTES])
{
	new_bytes(&maker->state[0], 0x9e3779b97f4a7c15, ret);
}

/* Its halves come from two counters, so that 128 bits are random and not the same 64 twice. */
void span_new_trace_id(struct span_maker *maker, uint8_t ret[TRACE_ID_BYTES])
{
	new_bytes(&maker->state[1], 0xd1342543de82ef95, ret);
	new_bytes(&maker->state[0], 0x9e3779b97f4a7c15, ret + 8);
}

bool span_id_read(const struct span_id_fields *fields, const void *value, uint8_t *ret, size_t size)
{
	uint8_t any = 0;
	size_t at = 0;

	for (uint32_t i = 0; i < fields->nparts; i++) {
		const struct field *f = fields->part[i];
		size_t len = MIN((size_t)f->size_bits / 8 * f->count, size - at);

		memcpy(ret + at, (const uint8_t *)value + f->off_bits / 8, len);
		at += len;
	}
	for (size_t i = 0; i < at; i++)
		any |= ret[i];
	return any != 0;
}

/* ---- Sampling ---- */

static int parse_ratio(struct span_sampler *ret, const char *arg, struct err *err)
{
	double ratio = 1;

	ret->below = 1ULL << 63;
	if (!arg || !*arg)
		return 0;
	if (parse_double(arg, &ratio) < 0 || ratio < 0 || ratio > 1)
		return err_set(err, EINVAL, "a sampler's ratio is a number from 0 to 1, not '%s'",
			       arg);
	if (ratio < 1)
		ret->below = (uint64_t)(ratio * 0x1p63);
	return 0;
}

int span_sampler_parse(struct span_sampler *ret, const char *name, const char *arg, struct err *err)
{
	static const char *const kinds[] = { "always_on", "always_off", "traceidratio" };
	const char *kind = name;

	*ret = SPAN_SAMPLER_DEFAULT;
	if (strncasecmp(name, "parentbased_", strlen("parentbased_")) == 0)
		kind += strlen("parentbased_");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcasecmp(kind, kinds[i]) != 0)
			continue;
		ret->kind = (uint8_t)i;
		ret->parent_based = kind != name;
		return i == SAMPLER_RATIO ? parse_ratio(ret, arg, err) : 0;
	}
	err_hint(err, "always_on, always_off, traceidratio, and parentbased_ before each of them");
	return err_set(err, EINVAL, "no sampler '%s'", name);
}

bool span_sampled(const struct span_sampler *sampler, const uint8_t trace_id[TRACE_ID_BYTES],
		  bool has_parent, bool parent_known, bool parent_sampled)
{
	uint64_t end = 0;

	if (sampler->parent_based && has_parent && parent_known)
		return parent_sampled;
	if (sampler->kind != SAMPLER_RATIO)
		return sampler->kind == SAMPLER_ON;
	for (int i = 8; i < TRACE_ID_BYTES; i++)
		end = end << 8 | trace_id[i];
	return end >> 1 < sampler->below;
}

/* ---- Times ---- */

static uint64_t time_read(struct span_maker *maker, const struct span_time *time, const void *value)
{
	uint64_t ns = time->field ? field_u64(time->field, value, 0) : 0;

	return ns ? time_to_unix(maker->clock, time->meaning, ns) : 0;
}

uint64_t span_event_time(struct span_maker *maker, const struct span_event_plan *event,
			 const void *value)
{
	return time_read(maker, &event->time, value);
}

/* Below zero, also of a number without a sign: clocks of two CPUs that differ, not 584 years. */
static uint64_t duration_read(const struct field *field, const void *value)
{
	int64_t took = field ? field_i64(field, value, 0) : 0;

	return took < 0 ? 0 : (uint64_t)took;
}

/*
 * The end is the start plus the measured duration, even if the clock was set in between. A program
 * writes a record without a start when the span ends, and it is read soon after.
 */
static void read_times(struct span_maker *maker, const struct record *record,
		       struct trace_span *span)
{
	const struct span_plan *plan = span->plan;
	const void *value = record->part[PART_VALUE];
	uint64_t took = duration_read(plan->duration, value);

	if (__builtin_mul_overflow(took, plan->duration_unit_ns, &took))
		took = UINT64_MAX;
	span->start_ns = time_read(maker, &plan->start, value);
	if (!span->start_ns)
		span->start_ns = record->time_ns - MIN(took, record->time_ns);
	if (__builtin_add_overflow(span->start_ns, took, &span->end_ns))
		span->end_ns = UINT64_MAX;
}

/* ---- Texts, kind and status ---- */

static struct span_text text_in(struct span_maker *maker, enum room room, const struct field *field,
				const void *value)
{
	if (!field)
		return (struct span_text){ "", 0 };
	return span_text_of(field, value, maker->room[room], maker->resolver);
}

struct span_text span_text_read(struct span_maker *maker, const struct field *field,
				const void *value)
{
	return text_in(maker, ROOM_OTHER, field, value);
}

static struct span_text text_of(const char *text)
{
	return (struct span_text){ text, strlen(text) };
}

/* Which of the words the text is, or ends in behind a '_' (SPAN_KIND_CLIENT); else 0. */
static uint8_t word_index(struct span_text text, const char *const *words, uint8_t count)
{
	for (uint8_t i = 0; i < count; i++) {
		size_t len = strlen(words[i]);
		size_t at = text.len - MIN(len, text.len);

		if (text.len >= len && strncasecmp(text.ptr + at, words[i], len) == 0 &&
		    (!at || text.ptr[at - 1] == '_'))
			return i;
	}
	return 0;
}

static const char *const kind_words[] = { "unspecified", "internal", "server",
					  "client",	 "producer", "consumer" };
static const char *const status_words[] = { "unset", "ok", "error" };

const char *span_kind_name(enum span_kind kind)
{
	return kind_words[kind];
}

const char *span_status_name(enum span_status status)
{
	return status_words[status];
}

/* By the name of an enum's value or by text, else by OTLP's number; else 0. */
static uint8_t read_word(struct span_maker *maker, const struct field *field, const void *value,
			 const char *const *words, uint8_t count)
{
	const char *name;
	uint64_t v;

	if (!field)
		return 0;
	if (field->kind == KIND_TEXT)
		return word_index(text_in(maker, ROOM_OTHER, field, value), words, count);
	v = field_u64(field, value, 0);
	name = field->kind == KIND_ENUM ? enum_name(field->enums, v) : NULL;
	if (name && word_index(text_of(name), words, count))
		return word_index(text_of(name), words, count);
	return v < count ? (uint8_t)v : 0;
}

static void read_status(struct span_maker *maker, const void *value, struct trace_span *span)
{
	const struct span_plan *plan = span->plan;
	const struct field *status = plan->status;
	const char *name;
	int64_t v = status && status->kind != KIND_TEXT ? field_i64(status, value, 0) : 0;

	span->status_message = text_in(maker, ROOM_MESSAGE, plan->status_message, value);
	if (status && ((status->meaning == MEAN_ERRNO && v) ||
		       (status->kind == KIND_INT && v < 0))) { /* the kernel's way to fail */
		span->status = SPAN_STATUS_ERROR;
		name = name_of(MEAN_ERRNO, v);
		if (!span->status_message.len && name)
			span->status_message = text_of(name);
		return;
	}
	span->status =
		status && status->meaning == MEAN_ERRNO
			? SPAN_STATUS_UNSET
			: read_word(maker, status, value, status_words, ARRAY_LEN(status_words));
	if (span->status != SPAN_STATUS_ERROR) /* a message is for what went wrong */
		span->status_message.len = 0;
}

const char *span_word(const struct span_plan *plan, const struct field *field, const void *value)
{
	uint8_t i;

	if (!field || field->kind == KIND_TEXT || field->meaning == MEAN_ERRNO ||
	    (field->kind == KIND_INT && field_i64(field, value, 0) < 0))
		return NULL;
	if (field == plan->kind) {
		i = read_word(NULL, field, value, kind_words, ARRAY_LEN(kind_words));
		return kind_words[i ? i : SPAN_KIND_INTERNAL];
	}
	if (field != plan->status)
		return NULL;
	i = read_word(NULL, field, value, status_words, ARRAY_LEN(status_words));
	return i == SPAN_STATUS_UNSET ? "" : status_words[i];
}

static void read_texts(struct span_maker *maker, const void *value, struct trace_span *span)
{
	const struct span_plan *plan = span->plan;
	const struct map_plan *map = plan->map;

	span->name = text_in(maker, ROOM_NAME, plan->name, value);
	if (!span->name.len)
		span->name = text_of(map->span ? map->span : map->name);
	span->service = text_in(maker, ROOM_SERVICE, plan->service, value);
	span->service_is_member = span->service.len != 0;
	if (!span->service.len && map->service)
		span->service = text_of(map->service);
	span->trace_state = text_in(maker, ROOM_STATE, plan->trace_state, value);
	span->kind = read_word(maker, plan->kind, value, kind_words, ARRAY_LEN(kind_words));
	if (span->kind == SPAN_KIND_UNSPECIFIED)
		span->kind = SPAN_KIND_INTERNAL;
	read_status(maker, value, span);
}

/* ---- Spans ---- */

struct span_maker *span_maker_new(const struct span_sampler *sampler, struct wallclock *clock,
				  struct resolver *resolver)
{
	struct span_maker *maker = xcalloc(1, sizeof(*maker));

	maker->sampler = *sampler;
	maker->clock = clock;
	maker->resolver = resolver;
	/* Where there is no randomness yet, early in the machine's life, time has to do. */
	if (getrandom(maker->state, sizeof(maker->state), 0) != sizeof(maker->state)) {
		maker->state[0] = now_real_ns() ^ (uint64_t)getpid() << 48;
		maker->state[1] = now_mono_ns();
	}
	return maker;
}

void span_maker_free(struct span_maker *maker)
{
	free(maker);
}

struct resolver *span_maker_resolver(const struct span_maker *maker)
{
	return maker->resolver;
}

static void count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static uint64_t counted(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit((_Atomic uint64_t *)counter, memory_order_relaxed);
}

struct span_counts span_maker_counts(const struct span_maker *maker)
{
	return (struct span_counts){ counted(&maker->made), counted(&maker->unsampled),
				     counted(&maker->invalid) };
}

int span_make(struct span_maker *maker, const struct span_plan *plan, const struct record *record,
	      struct trace_span *ret)
{
	const void *value = record->part[PART_VALUE];
	uint8_t flags = plan->trace_flags ? (uint8_t)field_u64(plan->trace_flags, value, 0) : 0;

	ret->plan = plan;
	ret->record = record;
	if (!plan->trace_id.nparts) {
		span_new_trace_id(maker, ret->trace_id);
	} else if (!span_id_read(&plan->trace_id, value, ret->trace_id, TRACE_ID_BYTES)) {
		count(&maker->invalid);
		return -EINVAL;
	}
	ret->is_root = !span_id_read(&plan->parent_id, value, ret->parent_id, SPAN_ID_BYTES);
	if (ret->is_root)
		memset(ret->parent_id, 0, SPAN_ID_BYTES);
	if (!span_sampled(&maker->sampler, ret->trace_id, !ret->is_root, plan->trace_flags != NULL,
			  flags & TRACE_FLAG_SAMPLED)) {
		count(&maker->unsampled);
		return 1;
	}
	if (!span_id_read(&plan->span_id, value, ret->span_id, SPAN_ID_BYTES))
		span_new_span_id(maker, ret->span_id);
	ret->flags = flags | TRACE_FLAG_SAMPLED;
	ret->cgroup = plan->cgroup ? field_u64(plan->cgroup, value, 0) : 0;
	read_times(maker, record, ret);
	read_texts(maker, value, ret);
	count(&maker->made);
	return 0;
}

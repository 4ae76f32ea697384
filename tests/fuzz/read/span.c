// SPDX-License-Identifier: Apache-2.0
/*
 * Layouts with members of any of the names that spans know, of any kind, size and place, and
 * records of any bytes: nothing outside the record is read, no text is longer than its room.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/bytes.h"
#include "base/util.h"
#include "runner/read/span/span.h"

#define RECORD_BYTES 256
#define MAX_FIELDS 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"trace_id",
	"base.trace_id_hi",
	"base.trace_id_lo",
	"span_id",
	"base.parent.span_id",
	"parent_span_id",
	"span_monotonic_timestamp_ns",
	"span_boottime_timestamp_ns",
	"span_duration_ns",
	"span_name",
	"service",
	"span_kind",
	"span_status",
	"span_status_message",
	"trace_state",
	"trace_flags",
	"cgroup",
	"a.b",
	"span_events.0.time_ns",
	"span_events.0.name",
	"span_events.0.x",
	"span_events.1.name",
	"span_events.12.time_ns",
	"span_events",
	"span_events.x",
	"x.span_links.0.trace_id",
	"x.span_links.0.span_id",
	"x.span_links.0.trace_state",
	"x.span_links.1.trace_id",
	"x.span_links.1.span_id",
	"x.span_links.1.y",
	"parent.",
	".parent.span_id",
	"",
};

static struct enum_name values[] = { { 1, "A_CLIENT" }, { 2, "_" }, { 300, "error" } };
static const struct enum_names enums = { .count = 3, .names = values };

/* As a layout can be: all of the field is inside the record. */
static bool make_field(struct field *ret, const uint8_t bytes[8])
{
	static const uint8_t sizes[] = { 1, 2, 4, 8, 16, 3, 20, 64 };
	uint32_t size_bytes = sizes[bytes[2] % ARRAY_LEN(sizes)];

	*ret = (struct field){
		.name = "f",
		.path = names[bytes[0] % ARRAY_LEN(names)],
		.label = "f",
		.kind = bytes[1] % (KIND_BYTES + 1),
		.meaning = bytes[3] % (MEAN_IP_PROTO + 1),
		.size_bits = 8 * size_bytes,
		.count = bytes[4] % 4 ? 1 : 1 + bytes[4] / 4 % 5,
		.off_bits = 8u * bytes[5],
		.is_signed = bytes[6] & 1,
		.tags = bytes[6] & 2 ? TAG_HIDE : 0,
		.addr_at = 0,
		.family_at = 16,
		.family_bytes = 4,
	};
	if (ret->kind == KIND_TEXT || ret->kind == KIND_BYTES)
		ret->count = 1;
	else if (size_bytes > 16 || size_bytes == 3)
		return false;
	if (ret->kind == KIND_BOOL && size_bytes != 1)
		return false;
	if (ret->kind == KIND_FLOAT && size_bytes != 4 && size_bytes != 8)
		return false;
	if ((ret->kind == KIND_ENUM || ret->kind == KIND_PTR) && size_bytes > 8)
		return false;
	if (ret->kind == KIND_INT)
		ret->is_signed = true;
	if (ret->kind == KIND_ENUM)
		ret->enums = &enums;
	if (bytes[7] & 1 && size_bytes <= 8 && ret->count == 1 && ret->kind < KIND_FLOAT) {
		ret->is_bits = true;
		ret->off_bits += bytes[7] / 2 % 8;
		ret->size_bits = 1 + bytes[7] / 16 % (8 * size_bytes - 7);
	}
	return field_end_bytes(ret) <= RECORD_BYTES;
}

static void read_attributes(const struct span_attrs *attrs, const void *value, uint32_t room_bytes,
			    struct resolver *resolver)
{
	_cleanup_free_ char *room = xmalloc(room_bytes + 1); /* every byte more is seen */
	struct attr_value ret;

	for (uint32_t i = 0; i < attrs->count; i++)
		for (uint32_t k = 0; k < attrs->all[i].field->count; k++)
			if (attr_read(&attrs->all[i], value, k, room, resolver, &ret) &&
			    ret.type == ATTR_TEXT)
				attr_text_cut(ret.text.ptr, ret.text.len, k + 1);
}

static void read_all(struct span_maker *maker, const struct span_plan *plan,
		     const struct record *record, struct resolver *resolver)
{
	const void *value = record->part[PART_VALUE];
	struct trace_span span;

	if (span_make(maker, plan, record, &span) != 0)
		return;
	if (span.end_ns < span.start_ns || span.kind > SPAN_KIND_CONSUMER ||
	    span.status > SPAN_STATUS_ERROR)
		abort();
	read_attributes(&plan->attrs, value, plan->text_max, resolver);
	for (uint32_t i = 0; i < plan->nevents; i++) {
		span_event_time(maker, &plan->events[i], value);
		if (plan->events[i].name)
			span_text_read(maker, plan->events[i].name, value);
		read_attributes(&plan->events[i].attrs, value, plan->text_max, resolver);
	}
	for (uint32_t i = 0; i < plan->nlinks; i++) {
		uint8_t id[TRACE_ID_BYTES];

		span_id_read(&plan->links[i].trace_id, value, id, sizeof(id));
		read_attributes(&plan->links[i].attrs, value, plan->text_max, resolver);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wallclock *clock;
	static struct resolver *resolver;
	static struct span_maker *maker;
	struct field fields[MAX_FIELDS];
	struct map_plan map = { .name = "m", .role = ROLE_SPANS, .has_value = true };
	_cleanup_free_ uint8_t *value = xcalloc(1, RECORD_BYTES);
	struct record record = { .map = &map, .part[PART_VALUE] = value, .time_ns = 1 };
	struct arena arena = { 0 };
	struct span_plan plan;
	uint32_t n = 0;
	size_t at = 1;

	if (!clock) {
		clock = wallclock_new();
		resolver = resolver_new(clock);
		maker = span_maker_new(&SPAN_SAMPLER_DEFAULT, clock, resolver);
	}
	if (!size)
		return 0;
	for (uint32_t want = data[0] % MAX_FIELDS; n < want && at + 8 <= size; at += 8)
		n += make_field(&fields[n], data + at);
	memcpy(value, data + at, MIN(size - at, (size_t)RECORD_BYTES));
	map.value = (struct layout){ .fields = fields, .nfields = n, .size_bytes = RECORD_BYTES };
	span_plan_init(&plan, &arena, &map);
	read_all(maker, &plan, &record, resolver);
	arena_release(&arena);
	return 0;
}

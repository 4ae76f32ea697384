// SPDX-License-Identifier: Apache-2.0
/* From layouts to labels, families, keys and cells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/log.h"
#include "runner/read/text/decode.h"
#include "runner/read/series/metric.h"
#include "tests/support/read_fixture.h"

/* All kinds of steps, with padding that must not matter. */
struct event {
	uint64_t at;
	uint8_t small;
	uint8_t pad1[3];
	uint32_t pid;
	uint32_t uid;
	char comm[16];
	char name[21];
	uint8_t mac[6];
	uint8_t pad2[5];
	uint64_t took_us;
	struct {
		uint8_t addr[16];
		uint32_t family;
	} peer;
	uint32_t bits; /* 3 bits unused, 7 signed, 1 bool, rest unused */
	uint64_t sent;
	double load;
};

#define BITS(text, off, size, k, sign)                                                             \
	{                                                                                          \
		.name = text, .path = text, .label = text,                                         \
		.off_bits = 8 * (uint32_t)offsetof(struct event, bits) + (off), .size_bits = size, \
		.count = 1, .kind = k, .is_signed = sign, .is_bits = true                          \
	}

static struct field event_fields[] = {
	FIELD(struct event, at, KIND_UINT, .meaning = MEAN_KTIME_NS),
	FIELD(struct event, small, KIND_UINT),
	FIELD(struct event, pid, KIND_UINT, .meaning = MEAN_PID),
	FIELD(struct event, uid, KIND_UINT, .meaning = MEAN_UID),
	FIELD(struct event, comm, KIND_TEXT),
	FIELD(struct event, name, KIND_TEXT),
	FIELD(struct event, mac, KIND_BYTES, .meaning = MEAN_MAC),
	FIELD(struct event, took_us, KIND_UINT, .unit = "us", .tags = TAG_OBSERVE),
	FIELD(struct event, peer, KIND_BYTES, .meaning = MEAN_IP, .family_at = 16,
	      .family_bytes = 4),
	BITS("delta", 3, 7, KIND_INT, true),
	BITS("flag", 10, 1, KIND_BOOL, false),
	FIELD(struct event, sent, KIND_UINT, .tags = TAG_COUNTER, .unit = "bytes"),
	FIELD(struct event, load, KIND_FLOAT, .tags = TAG_GAUGE),
};

static const struct map_plan events_map = {
	.name = "events",
	.role = ROLE_COUNTER,
	.source = SOURCE_RING,
	.has_value = true,
	.value = LAYOUT(struct event, event_fields),
};

static struct event an_event(uint8_t garbage)
{
	struct event e;

	memset(&e, garbage, sizeof(e));
	e.small = 7;
	e.pid = 4242;
	e.uid = 1000;
	memcpy(e.comm, "curl", 5);
	memcpy(e.name, "twelve chars", 13);
	memcpy(e.mac, "\1\2\3\4\5\6", 6);
	memcpy(e.peer.addr, "\12\0\0\1", 4);
	e.peer.family = AF_INET;
	e.bits = (e.bits & ~0x7f8u) | (0x7du << 3) | (1u << 10); /* delta = -3, flag = true */
	e.took_us = 5;
	e.sent = 100;
	e.load = 0.5;
	return e;
}

static void test_events_labels_by_rule(void **state)
{
	struct metric_plan plan = compile(&events_map, NULL);

	assert_labels(&plan, "small pid uid comm name mac peer delta flag");
	assert_families(&plan, "events_total events_sent_bytes_total events_load");
	assert_string_equal(plan.families[0].base, "");
	assert_string_equal(plan.families[1].base, "sent");
	assert_int_equal(plan.families[1].cell_type, CELL_U64);
	assert_int_equal(plan.families[2].cell_type, CELL_DOUBLE);
	assert_int_equal(plan.families[2].type, METRIC_GAUGE);
	assert_false(plan.counts_only);
	metric_release(&plan);
}

/* Whatever stands in padding and behind NULs, the key is the same, and the labels read from it. */
static void test_key_ignores_garbage(void **state)
{
	struct metric_plan plan = compile(&events_map, NULL);
	uint8_t *first = malloc(plan.key_bytes), *other = malloc(plan.key_bytes);

	for (int garbage = 0; garbage < 256; garbage++) {
		struct event *e = malloc(sizeof(*e)); /* its end is watched by sanitizers */
		struct record record = record_of(&events_map, NULL, e);

		*e = an_event((uint8_t)garbage);
		memset(other, ~garbage, plan.key_bytes);
		metric_key(&plan, &record, garbage ? other : first);
		if (garbage)
			assert_memory_equal(first, other, plan.key_bytes);
		free(e);
	}
	for (uint32_t i = 0; i < plan.nlabels; i++) {
		static const char *const texts[] = {
			"7",	    "4242", "1000", "curl", "twelve chars", "01:02:03:04:05:06",
			"10.0.0.1", "-3",   "true"
		};
		const struct field *field = &plan.labels[i].in_key;
		char text[256];

		assert_in_range(field_end_bytes(field), 1, plan.key_bytes);
		text[field_text(text, field, first, STYLE_PLAIN, NULL)] = '\0';
		assert_string_equal(text, texts[i]);
	}
	free(first);
	free(other);
	metric_release(&plan);
}

/* Each byte of a label counts. */
static void test_key_tells_labels_apart(void **state)
{
	struct metric_plan plan = compile(&events_map, NULL);
	uint8_t *a = malloc(plan.key_bytes), *b = malloc(plan.key_bytes);
	struct event e = an_event(0);
	struct record record = record_of(&events_map, NULL, &e);

	metric_key(&plan, &record, a);
	for (uint32_t i = 0; i < plan.nlabels; i++) {
		const struct field *field = plan.labels[i].field;
		uint32_t at = field->is_bits ? 0 : field->off_bits / 8;
		struct event saved = e;

		if (field->is_bits)
			e.bits ^= 1u
				  << (field->off_bits % 32 - 8 * offsetof(struct event, bits) % 32);
		else
			((uint8_t *)&e)[at] ^= 1;
		metric_key(&plan, &record, b);
		assert_memory_not_equal(a, b, plan.key_bytes);
		e = saved;
	}
	/* What is no label does not. */
	e.at++;
	e.took_us++;
	e.sent++;
	metric_key(&plan, &record, b);
	assert_memory_equal(a, b, plan.key_bytes);
	free(a);
	free(b);
	metric_release(&plan);
}

static void test_keys_of_many_equal_keys_of_one(void **state)
{
	struct metric_plan plan = compile(&events_map, NULL);
	struct event events[9];
	const void *values[9];
	size_t stride = plan.key_bytes + 5;
	uint8_t *many = malloc(9 * stride), *one = malloc(plan.key_bytes);

	for (uint32_t i = 0; i < 9; i++) {
		events[i] = an_event((uint8_t)(3 * i));
		events[i].pid = i;
		snprintf(events[i].name, sizeof(events[i].name), "%.*s", (int)(2 * i),
			 "abcdefghijklmnopqrstuvwxyz");
		values[i] = &events[i];
	}
	metric_keys(&plan, values, 9, many, stride);
	for (uint32_t i = 0; i < 9; i++) {
		struct record record = record_of(&events_map, NULL, &events[i]);

		metric_key(&plan, &record, one);
		assert_memory_equal(many + i * stride, one, plan.key_bytes);
	}
	free(many);
	free(one);
	metric_release(&plan);
}

/* Texts of every length and room, in buffers that end with them. */
static void test_key_text_of_any_length(void **state)
{
	for (uint32_t room = 1; room <= 40; room++) {
		struct field field = { .name = "t",
				       .path = "t",
				       .label = "t",
				       .count = 1,
				       .size_bits = 8 * room,
				       .kind = KIND_TEXT };
		struct map_plan map = {
			.name = "m",
			.role = ROLE_COUNTER,
			.source = SOURCE_RING,
			.has_value = true,
			.value = { .fields = &field, .nfields = 1, .size_bytes = room }
		};
		struct metric_plan plan = compile(&map, NULL);
		uint8_t *src = malloc(room), *dst = malloc(room), *want = malloc(room);

		for (uint32_t len = 0; len <= room; len++) {
			struct record record = record_of(&map, NULL, src);

			for (uint32_t i = 0; i < room; i++)
				src[i] = (uint8_t)(0x80 + 37 * i + len) | 1; /* 0x01 and 0x81 too */
			if (len < room)
				src[len] = 0;
			memset(want, 0, room);
			memcpy(want, src, len);
			metric_key(&plan, &record, dst);
			assert_memory_equal(dst, want, room);
		}
		free(src);
		free(dst);
		free(want);
		metric_release(&plan);
	}
}

/* Neighbours become one copy; a record that is all labels is its own key. */
static void test_key_merges_and_copies_of_any_length(void **state)
{
	for (uint32_t len = 1; len <= 70; len++) {
		struct field fields[] = {
			{ .name = "a",
			  .path = "a",
			  .label = "a",
			  .count = 1,
			  .size_bits = 8,
			  .kind = KIND_BYTES },
			{ .name = "b",
			  .path = "b",
			  .label = "b",
			  .count = 1,
			  .size_bits = 8 * (len - 1),
			  .off_bits = 8,
			  .kind = KIND_BYTES },
		};
		struct map_plan map = {
			.name = "m",
			.role = ROLE_COUNTER,
			.source = SOURCE_RING,
			.has_value = true,
			.value = { .fields = fields, .nfields = len > 1 ? 2 : 1, .size_bytes = len }
		};
		struct metric_plan plan = compile(&map, NULL);
		uint8_t *src = malloc(len), *dst = malloc(len);
		struct record record = record_of(&map, NULL, src);

		for (uint32_t i = 0; i < len; i++)
			src[i] = (uint8_t)(i * 7 + 1);
		assert_int_equal(plan.nsteps, 1);
		assert_int_equal(plan.key_bytes, len);
		assert_true(plan.key_is_record);
		assert_ptr_equal(metric_key_in(&plan, &record, dst), src);
		metric_key(&plan, &record, dst);
		assert_memory_equal(src, dst, len);
		free(src);
		free(dst);
		metric_release(&plan);
	}
}

static void test_event_counts_adds_and_sets(void **state)
{
	struct metric_plan plan = compile(&events_map, NULL);
	struct event e = an_event(1);
	struct record record = record_of(&events_map, NULL, &e);
	union cell cells[3] = { 0 };

	metric_event(&plan, &record, cells);
	e.sent = 11;
	e.load = 2.25;
	metric_event(&plan, &record, cells);
	assert_int_equal(cells[0].u, 2);
	assert_int_equal(cells[1].u, 111);
	assert_true(cells[2].d == 2.25);
	metric_release(&plan);
}

static void test_labels_chosen_and_dropped(void **state)
{
	static const char *const chosen[] = { "comm", "took_us" }, *const drop[] = { "pid", "mac" };
	static const char *const wrong[] = { "com" };
	struct metric_plan plan =
		compile(&events_map, &(struct metric_opts){ .labels = chosen, .nlabels = 2 });
	struct err err = { 0 };

	assert_labels(&plan, "comm took_us");
	metric_release(&plan);
	plan = compile(&events_map, &(struct metric_opts){ .drop = drop, .ndrop = 2 });
	assert_labels(&plan, "small uid comm name peer delta flag");
	metric_release(&plan);
	assert_int_equal(metric_compile(&plan, &events_map,
					&(struct metric_opts){ .drop = wrong, .ndrop = 1 }, &err),
			 -EINVAL);
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_non_null(strstr(err.hint, "'comm'"));
}

static void test_tagged_labels_are_the_only_ones(void **state)
{
	struct field fields[ARRAY_LEN(event_fields)];
	struct map_plan map = events_map;
	struct metric_plan plan;

	memcpy(fields, event_fields, sizeof(fields));
	fields[4].tags = TAG_LABEL;
	fields[0].tags = TAG_LABEL; /* even a time */
	map.value.fields = fields;
	plan = compile(&map, NULL);
	assert_labels(&plan, "at comm");
	metric_release(&plan);
}

/* A hash with struct keys and struct values. */
struct conn {
	uint32_t daddr;
	uint16_t le;
	uint16_t pad;
	char comm[16];
};

struct http {
	char comm[16];
	uint64_t bytes_sent;
	int64_t balance_ns;
	uint32_t requests_total;
	uint32_t state;
	float ratio;
	uint16_t codes[3];
	uint64_t started;
};

static struct field conn_fields[] = {
	FIELD(struct conn, daddr, KIND_UINT, .meaning = MEAN_IPV4),
	FIELD(struct conn, le, KIND_UINT),
	FIELD(struct conn, comm, KIND_TEXT),
};
static struct field http_fields[] = {
	FIELD(struct http, comm, KIND_TEXT),
	FIELD(struct http, bytes_sent, KIND_UINT, .unit = "bytes", .help = "sent"),
	FIELD(struct http, balance_ns, KIND_INT, .unit = "ns", .tags = 0),
	FIELD(struct http, requests_total, KIND_UINT),
	FIELD(struct http, state, KIND_ENUM),
	FIELD(struct http, ratio, KIND_FLOAT),
	LIST(struct http, codes, KIND_UINT),
	FIELD(struct http, started, KIND_UINT, .meaning = MEAN_KTIME_NS),
};

static const struct map_plan http_map = {
	.name = "http",
	.role = ROLE_COUNTER,
	.source = SOURCE_HASH,
	.has_key = true,
	.has_value = true,
	.key_bytes = sizeof(struct conn),
	.value_bytes = sizeof(struct http),
	.max_entries = 1000,
	.key = LAYOUT(struct conn, conn_fields),
	.value = LAYOUT(struct http, http_fields),
};

static void test_entries_labels_and_families(void **state)
{
	struct metric_plan plan;

	log_level = LOG_ERROR; /* two labels are called comm: that is said, and meant here */
	plan = compile(&http_map, NULL);
	assert_labels(&plan, "daddr le_ comm comm_2 state");
	assert_families(&plan, "http_bytes_sent_total http_balance_seconds_total "
			       "http_requests_total http_ratio_total http_codes_0_total "
			       "http_codes_1_total http_codes_2_total");
	assert_string_equal(plan.families[0].help, "sent");
	assert_string_equal(plan.families[1].unit, "seconds");
	assert_true(plan.families[1].scale == 1e-9);
	assert_int_equal(plan.families[1].cell_type, CELL_I64);
	assert_int_equal(plan.families[3].cell_type, CELL_DOUBLE);
	assert_true(plan.value_labels);
	assert_int_equal(plan.ncells, 7);
	metric_release(&plan);
}

static void test_cells_add_up_cpus(void **state)
{
	struct map_plan map = http_map;
	struct http cpus[3] = { { .bytes_sent = 1, .balance_ns = -5, .ratio = 0.5, .codes = { 1 } },
				{ .bytes_sent = UINT64_MAX, .balance_ns = 2, .codes = { 2, 3 } },
				{ .bytes_sent = 7, .ratio = 0.25, .codes = { 0, 0, 65535 } } };
	struct conn key = { 0 };
	struct metric_plan plan;
	struct record record;
	union cell cells[7] = { 0 };

	map.per_cpu = true;
	plan = compile(&map, NULL);
	record = record_of(&map, &key, cpus);
	metric_cells(&plan, &record, 3, cells);
	assert_int_equal(cells[0].u, 7); /* modulo 2^64 */
	assert_int_equal(cells[1].i, -3);
	assert_true(cells[3].d == 0.75);
	assert_int_equal(cells[4].u, 3);
	assert_int_equal(cells[5].u, 3);
	assert_int_equal(cells[6].u, 65535);
	metric_release(&plan);
}

static void test_value_tags_restrict_and_override(void **state)
{
	struct field fields[ARRAY_LEN(http_fields)];
	struct map_plan map = http_map;
	struct metric_plan plan;

	memcpy(fields, http_fields, sizeof(fields));
	fields[1].tags = TAG_VALUE;
	fields[2].tags = TAG_GAUGE;
	map.value.fields = fields;
	plan = compile(&map, NULL);
	assert_families(&plan, "http_bytes_sent_total http_balance_seconds");
	assert_int_equal(plan.families[1].type, METRIC_GAUGE);
	metric_release(&plan);
	map.role = ROLE_GAUGE;
	fields[2].tags = TAG_COUNTER;
	plan = compile(&map, NULL);
	assert_families(&plan, "http_bytes_sent http_balance_seconds_total");
	metric_release(&plan);
}

/* Not every number of a counter's value counts up, and the members of a union are the same bytes.
 */
struct totals {
	uint64_t calls;
	uint64_t max_ns, lat_max, last;
	uint32_t last_pid, dev_id, tid;
	uint64_t maximal;
	uint64_t sent;
	double current;
	uint32_t seq_be;
};

static void test_names_tell_states_and_ids(void **state)
{
	struct field fields[] = {
		FIELD(struct totals, calls, KIND_UINT),
		FIELD(struct totals, max_ns, KIND_UINT),
		FIELD(struct totals, lat_max, KIND_UINT),
		FIELD(struct totals, last, KIND_UINT),
		FIELD(struct totals, last_pid, KIND_UINT),
		FIELD(struct totals, dev_id, KIND_UINT),
		FIELD(struct totals, tid, KIND_UINT),
		FIELD(struct totals, maximal, KIND_UINT),
		FIELD(struct totals, sent, KIND_UINT),
		FIELD(struct totals, sent, KIND_UINT),
		FIELD(struct totals, current, KIND_FLOAT),
		FIELD(struct totals, seq_be, KIND_UINT, .meaning = MEAN_BE),
	};
	struct field key = SCALAR("key", uint32_t, KIND_UINT);
	struct map_plan map = { .name = "t",
				.role = ROLE_COUNTER,
				.source = SOURCE_HASH,
				.has_key = true,
				.has_value = true,
				.key_bytes = 4,
				.value_bytes = sizeof(struct totals),
				.max_entries = 10 };
	struct metric_plan plan;

	fields[9].path = fields[9].name = fields[9].label = "low_half";
	fields[9].size_bits = 32;
	map.key =
		(struct layout){ .fields = &key, .nfields = 1, .size_bytes = 4, .is_scalar = true };
	map.value = (struct layout){ .fields = fields,
				     .nfields = ARRAY_LEN(fields),
				     .size_bytes = sizeof(struct totals) };
	plan = compile(&map, NULL);
	assert_labels(&plan, "key dev_id tid seq_be");
	assert_families(&plan, "t_calls_total t_max_ns t_lat_max t_last t_last_pid t_maximal_total "
			       "t_sent_total t_current");
	assert_string_equal(metric_field_word(&plan, &fields[0]), "counter");
	assert_string_equal(metric_field_word(&plan, &fields[1]), "gauge");
	assert_string_equal(metric_field_word(&plan, &fields[5]), "label");
	assert_string_equal(metric_field_word(&plan, &fields[9]), "");
	metric_release(&plan);
	/* The author's word is the last one. */
	fields[1].tags = TAG_COUNTER;
	fields[5].tags = TAG_VALUE;
	plan = compile(&map, NULL);
	assert_families(&plan, "t_max_ns_total t_dev_id_total");
	metric_release(&plan);
	fields[1].tags = fields[5].tags = 0;
	map.role = ROLE_GAUGE;
	plan = compile(&map, NULL);
	assert_families(&plan, "t_calls t_max_ns t_lat_max t_last t_last_pid t_dev_id t_tid "
			       "t_maximal t_sent t_current");
	metric_release(&plan);
}

static void test_info_where_there_is_no_number(void **state)
{
	struct field name = SCALAR("value", char[16], KIND_TEXT);
	struct field key = SCALAR("pid", uint32_t, KIND_UINT, .meaning = MEAN_PID);
	struct map_plan map = { .name = "procs",
				.role = ROLE_GAUGE,
				.source = SOURCE_HASH,
				.has_key = true,
				.has_value = true,
				.key_bytes = 4,
				.value_bytes = 16,
				.max_entries = 10 };
	struct metric_plan plan;
	uint32_t pid = 3;
	struct record record;
	union cell cell = { .u = 9 };

	map.key =
		(struct layout){ .fields = &key, .nfields = 1, .size_bytes = 4, .is_scalar = true };
	map.value = (struct layout){
		.fields = &name, .nfields = 1, .size_bytes = 16, .is_scalar = true
	};
	plan = compile(&map, NULL);
	assert_labels(&plan, "pid value");
	assert_families(&plan, "procs_info");
	record = record_of(&map, &pid, "sixteen bytes...");
	metric_cells(&plan, &record, 1, &cell);
	assert_int_equal(cell.u, 1);
	metric_release(&plan);
}

static void test_scalar_keys(void **state)
{
	struct map_plan map = scalar_map(SOURCE_HASH, ROLE_COUNTER, 10);
	struct metric_plan plan = compile(&map, NULL);

	assert_labels(&plan, "key");
	assert_families(&plan, "m_total");
	metric_release(&plan);
	map = scalar_map(SOURCE_ARRAY, ROLE_GAUGE, 10);
	map.unit = "ms";
	plan = compile(&map, NULL);
	assert_labels(&plan, "index");
	assert_families(&plan, "m_seconds");
	metric_release(&plan);
	map.max_entries = 1;
	plan = compile(&map, NULL);
	assert_labels(&plan, "");
	assert_int_equal(plan.key_bytes, 0);
	metric_release(&plan);
}

static void test_per_cpu_split(void **state)
{
	struct map_plan map = scalar_map(SOURCE_HASH, ROLE_COUNTER, 10);
	struct metric_plan plan;

	map.per_cpu = true;
	plan = compile(&map, &(struct metric_opts){ .split_cpu = true });
	assert_labels(&plan, "key cpu");
	assert_int_equal(plan.key_bytes, 8);
	assert_false(plan.key_is_record);
	assert_int_equal(plan.labels[1].in_key.off_bits, 32);
	metric_release(&plan);
	map.per_cpu = false;
	plan = compile(&map, &(struct metric_opts){ .split_cpu = true });
	assert_labels(&plan, "key");
	metric_release(&plan);
}

static void test_names_are_valid_and_unique(void **state)
{
	struct {
		uint32_t a, b, c;
	} v;
	struct field fields[] = {
		FIELD_NAMED("rx-bytes", __typeof__(v), a, KIND_UINT, .unit = "bytes"),
		FIELD_NAMED("rx_bytes", __typeof__(v), b, KIND_UINT, .unit = "bytes"),
		FIELD_NAMED("rx.bytes", __typeof__(v), c, KIND_UINT, .unit = "bytes"),
	};
	struct map_plan map = scalar_map(SOURCE_HASH, ROLE_COUNTER, 10);
	struct metric_plan plan;

	map.name = "9net";
	map.value = (struct layout)LAYOUT(__typeof__(v), fields);
	map.value_bytes = sizeof(v);
	plan = compile(&map, NULL);
	assert_families(&plan, "_9net_rx_bytes_total _9net_rx_bytes_2_total "
			       "_9net_rx_bytes_3_total");
	metric_release(&plan);
}

/* What formats make of the names of different maps must differ, too. */
static void test_names_of_several_maps_are_told_apart(void **state)
{
	static const struct {
		const char *first, *second, *unit, *wanted;
		uint8_t first_type, type;
	} cases[] = {
		{ "a_total", "a_total", "", "a_2_total", METRIC_COUNTER, METRIC_COUNTER },
		{ "a_total", "a", "", "a_2", METRIC_COUNTER, METRIC_GAUGE },
		{ "a", "a_total", "", "a_2_total", METRIC_GAUGE, METRIC_COUNTER },
		{ "a", "a_count", "", "a_count_2", METRIC_HISTOGRAM, METRIC_GAUGE },
		{ "a", "a_bucket_total", "", "a_bucket_2_total", METRIC_HISTOGRAM, METRIC_COUNTER },
		{ "a_sum", "a", "", "a_2", METRIC_GAUGE, METRIC_HISTOGRAM },
		{ "a_sum_total", "a", "", "a_2", METRIC_COUNTER, METRIC_HISTOGRAM },
		{ "a_seconds_total", "a_seconds_total", "seconds", "a_2_seconds_total",
		  METRIC_COUNTER, METRIC_COUNTER },
		{ "a_count", "a", "", "a", METRIC_GAUGE, METRIC_GAUGE },
		{ "a_total", "a_totals", "", "a_totals", METRIC_COUNTER, METRIC_GAUGE },
		{ "a", "ab", "", "ab", METRIC_HISTOGRAM, METRIC_HISTOGRAM },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct family before = { .name = cases[i].first,
					 .unit = "",
					 .type = cases[i].first_type };
		struct family family = { .name = cases[i].second,
					 .unit = cases[i].unit,
					 .type = cases[i].type };
		struct map_plan map = { .name = "second" };
		struct metric_plan first = { .map = &map, .families = &before, .nfamilies = 1 };
		struct metric_plan second = { .map = &map, .families = &family, .nfamilies = 1 };
		struct metric_plan *const others[] = { NULL, &first };

		metric_tell_apart(others, 2, &second);
		assert_string_equal(family.name, cases[i].wanted);
		arena_release(&second.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_labels_by_rule),
		cmocka_unit_test(test_key_ignores_garbage),
		cmocka_unit_test(test_key_tells_labels_apart),
		cmocka_unit_test(test_keys_of_many_equal_keys_of_one),
		cmocka_unit_test(test_key_text_of_any_length),
		cmocka_unit_test(test_key_merges_and_copies_of_any_length),
		cmocka_unit_test(test_event_counts_adds_and_sets),
		cmocka_unit_test(test_labels_chosen_and_dropped),
		cmocka_unit_test(test_tagged_labels_are_the_only_ones),
		cmocka_unit_test(test_entries_labels_and_families),
		cmocka_unit_test(test_cells_add_up_cpus),
		cmocka_unit_test(test_value_tags_restrict_and_override),
		cmocka_unit_test(test_names_tell_states_and_ids),
		cmocka_unit_test(test_info_where_there_is_no_number),
		cmocka_unit_test(test_scalar_keys),
		cmocka_unit_test(test_per_cpu_split),
		cmocka_unit_test(test_names_are_valid_and_unique),
		cmocka_unit_test(test_names_of_several_maps_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

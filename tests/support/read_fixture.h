/* SPDX-License-Identifier: Apache-2.0 */
/* Maps and their layouts written by hand, for the tests of what reads them. */
#ifndef BOMBUS_TESTS_READ_FIXTURE_H
#define BOMBUS_TESTS_READ_FIXTURE_H

#include "base/err.h"
#include "base/util.h"
#include "runner/load/plan/plan.h"
#include "runner/read/series/metric.h"

/* FIELD(struct event, comm, KIND_TEXT, .meaning = ...) */
#define FIELD_NAMED(text, type, member, k, ...)                                                    \
	{                                                                                          \
		.name = text, .path = text, .label = text,                                         \
		.off_bits = 8 * (uint32_t)offsetof(type, member),                                  \
		.size_bits = 8 * (uint32_t)sizeof(((type *)0)->member), .count = 1, .kind = (k),   \
		.is_signed = (k) == KIND_INT, __VA_ARGS__                                          \
	}
#define FIELD(type, member, k, ...) FIELD_NAMED(#member, type, member, k, __VA_ARGS__)
#define LIST(type, member, k)                                                                      \
	{                                                                                          \
		.name = #member, .path = #member, .label = #member,                                \
		.off_bits = 8 * (uint32_t)offsetof(type, member),                                  \
		.size_bits = 8 * (uint32_t)sizeof(((type *)0)->member[0]),                         \
		.count = (uint32_t)ARRAY_LEN(((type *)0)->member), .kind = (k)                     \
	}
#define SCALAR(text, type, k, ...)                                                                 \
	{                                                                                          \
		.name = text, .path = text, .label = text,                                         \
		.size_bits = 8 * (uint32_t)sizeof(type), .count = 1, .kind = (k),                  \
		.is_signed = (k) == KIND_INT, __VA_ARGS__                                          \
	}
#define LAYOUT(type, list, ...)                                                                    \
	{                                                                                          \
		.type_name = #type, .fields = (list), .nfields = (uint32_t)ARRAY_LEN(list),        \
		.size_bytes = (uint32_t)sizeof(type), __VA_ARGS__                                  \
	}

static inline struct metric_plan compile(const struct map_plan *map, const struct metric_opts *opts)
{
	struct err err = { 0 };
	struct metric_plan plan;

	if (metric_compile(&plan, map, opts, &err) < 0)
		fail_msg("%s", err.msg);
	return plan;
}

static inline void assert_labels(const struct metric_plan *plan, const char *want)
{
	char text[512] = "";
	size_t len = 0;

	for (uint32_t i = 0; i < plan->nlabels; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "",
					plan->labels[i].name);
	assert_string_equal(text, want);
}

static inline void assert_families(const struct metric_plan *plan, const char *want)
{
	char text[1024] = "";
	size_t len = 0;

	for (uint32_t i = 0; i < plan->nfamilies; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "",
					plan->families[i].name);
	assert_string_equal(text, want);
}

static inline struct record record_of(const struct map_plan *map, const void *key,
				      const void *value)
{
	return (struct record){ .map = map,
				.part = { key, value },
				.value_bytes = map->value_bytes ? map->value_bytes
								: map->value.size_bytes };
}

static struct field u32_key = SCALAR("key", uint32_t, KIND_UINT);
static struct field u64_value = SCALAR("value", uint64_t, KIND_UINT);

static inline struct map_plan scalar_map(uint8_t source, uint8_t role, uint32_t max_entries)
{
	return (struct map_plan){
		.name = "m",
		.role = role,
		.source = source,
		.has_key = true,
		.has_value = true,
		.key_bytes = 4,
		.value_bytes = 8,
		.max_entries = max_entries,
		.key = { .fields = &u32_key, .nfields = 1, .size_bytes = 4, .is_scalar = true },
		.value = { .fields = &u64_value, .nfields = 1, .size_bytes = 8, .is_scalar = true },
	};
}

#endif

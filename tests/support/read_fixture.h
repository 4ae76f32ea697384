/* SPDX-License-Identifier: Apache-2.0 */
/* Maps and layouts written by hand, for the tests of the code that reads them. */
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

/* Fails the test where the metric of a map cannot be made. */
struct metric_plan compile(const struct map_plan *map, const struct metric_opts *opts);
void assert_labels(const struct metric_plan *plan, const char *want);
void assert_families(const struct metric_plan *plan, const char *want);
struct map_plan scalar_map(uint8_t source, uint8_t role, uint32_t max_entries);

static inline struct record record_of(const struct map_plan *map, const void *key,
				      const void *value)
{
	return (struct record){ .map = map,
				.part = { key, value },
				.value_bytes = map->value_bytes ? map->value_bytes
								: map->value.size_bytes };
}

#endif

// SPDX-License-Identifier: Apache-2.0
#include "tests/support/unit.h"
#include "tests/support/read_fixture.h"

static struct field u32_key = SCALAR("key", uint32_t, KIND_UINT);
static struct field u64_value = SCALAR("value", uint64_t, KIND_UINT);

struct metric_plan compile(const struct map_plan *map, const struct metric_opts *opts)
{
	struct err err = { 0 };
	struct metric_plan plan;

	if (metric_compile(&plan, map, opts, &err) < 0)
		fail_msg("%s", err.msg);
	return plan;
}

void assert_labels(const struct metric_plan *plan, const char *want)
{
	char text[512] = "";
	size_t len = 0;

	for (uint32_t i = 0; i < plan->nlabels; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "",
					plan->labels[i].name);
	assert_string_equal(text, want);
}

void assert_families(const struct metric_plan *plan, const char *want)
{
	char text[1024] = "";
	size_t len = 0;

	for (uint32_t i = 0; i < plan->nfamilies; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "",
					plan->families[i].name);
	assert_string_equal(text, want);
}

struct map_plan scalar_map(uint8_t source, uint8_t role, uint32_t max_entries)
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

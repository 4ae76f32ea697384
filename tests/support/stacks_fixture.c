// SPDX-License-Identifier: Apache-2.0
#include "tests/support/stacks_fixture.h"

static struct field event_fields[] = {
	FIELD("pid", "pid", 0, 32, 1, KIND_UINT, MEAN_PID),
	FIELD("user", "user", 4, 32, 1, KIND_INT, MEAN_USTACK, .is_signed = true),
	FIELD("kernel", "kernel", 8, 32, 1, KIND_INT, MEAN_KSTACK, .is_signed = true),
	FIELD("comm", "comm", 12, 64, 1, KIND_TEXT, MEAN_NONE),
};
static struct field value_field[] = {
	FIELD("us", "us", 0, 64, 1, KIND_UINT, MEAN_DURATION_US, .unit = "us"),
};

/* The names that a resolver would find. */
static bool find(void *ctx, enum meaning meaning, uint64_t id, char text[])
{
	static const char *const user[] = {
		"", "main+0x5;work+0x1;leaf+0x2", "main+0x9;work+0x1",
		"main;<T>&\"x\"\xff+0x1;[libx.so]+0x10;0x7f [process ended]"
	};
	static const char *const kernel[] = { "", "do_syscall_64+0x5;vfs_read+0x1 [vfs]" };

	if (meaning == MEAN_USTACK && id < ARRAY_LEN(user))
		snprintf(text, resolve_max(meaning), "%s", user[id]);
	else if (meaning == MEAN_KSTACK && id < ARRAY_LEN(kernel))
		snprintf(text, resolve_max(meaning), "%s", kernel[id]);
	else
		return false;
	return true;
}

void stacks_init(struct stacks_fixture *f, bool events)
{
	const struct map_plan maps[STACK_MAPS] = {
		[STACK_EVENTS] = { .name = "events",
				   .role = events ? ROLE_EVENTS : ROLE_INTERNAL,
				   .source = SOURCE_RING,
				   .has_value = true,
				   .value = LAYOUT(event_fields, "stacked", 20) },
		[STACK_TIMES] = { .name = "times",
				  .role = events ? ROLE_INTERNAL : ROLE_COUNTER,
				  .source = SOURCE_HASH,
				  .exported = true,
				  .has_key = true,
				  .has_value = true,
				  .type = BPF_MAP_TYPE_HASH,
				  .max_entries = 64,
				  .key_bytes = 20,
				  .value_bytes = 8,
				  .key = LAYOUT(event_fields, "stacked", 20),
				  .value = LAYOUT(value_field, "__u64", 8, .is_scalar = true) },
	};
	struct err err = { 0 };

	memset(f, 0, sizeof(*f));
	memcpy(f->maps, maps, sizeof(maps));
	for (uint32_t i = 0; i < STACK_MAPS; i++) {
		f->maps[i].index = i;
		f->maps[i].symbol = f->maps[i].name;
		f->maps[i].prog = f->maps[i].lost_map = -1;
	}
	f->clock = wallclock_new();
	f->plan = (struct plan){ .maps = f->maps, .nmaps = STACK_MAPS };
	fake_source_init(&f->fake, "profile", &f->plan, f->clock);
	f->names = (struct name_source){ find, NULL };
	f->fake.source.names = &f->names;
	assert_int_equal(metric_compile(&f->metric, &f->maps[STACK_TIMES], NULL, &err), 0);
	assert_int_equal(f->metric.key_bytes, sizeof(struct stacked));
	f->fake.series[STACK_TIMES] = series_new(&f->metric, &(struct series_opts){ 0 });
}

void stacks_release(struct stacks_fixture *f)
{
	series_free(f->fake.series[STACK_TIMES]);
	metric_release(&f->metric);
	wallclock_free(f->clock);
	fake_source_release(&f->fake);
}

struct series_rows stacks_rows(struct stacks_fixture *f, struct stacks_row *row)
{
	return (struct series_rows){ .plan = &f->metric,
				     .count = 1,
				     .max = 1,
				     .keys = (uint8_t *)&row->key,
				     .cells = &row->cell,
				     .flags = &row->flags,
				     .change_ns = &row->ns,
				     .place = &row->place,
				     .id = &row->id };
}

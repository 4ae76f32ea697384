// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/job_args.h"

#include "base/err.h"
#include "base/util.h"
#include "cmd/run/program.h"

#define FOREVER_NS (UINT64_MAX / 4)

static struct word_list list_of(const struct words *words)
{
	return (struct word_list){ words->words, words->count };
}

struct object_opts object_opts_of(const struct run_args *a)
{
	return (struct object_opts){
		.plan = { .map = list_of(&a->map),
			  .names = list_of(&a->names),
			  .labels = list_of(&a->field_names),
			  .spans = list_of(&a->spans),
			  .all_maps = a->all_maps },
		.set = list_of(&a->set),
		.attach = list_of(&a->attach),
		.ring = list_of(&a->ring),
		.max_entries = list_of(&a->max_entries),
		.only = list_of(&a->only),
		.fields = list_of(&a->fields),
		.pin_maps = a->pin_maps,
		.pin_progs = a->pin_progs,
	};
}

int job_config_of(const struct run_args *a, const struct program *program, struct wallclock *clock,
		  struct arena *arena, struct job_config *ret, struct err *err)
{
	struct select_words words = a->select;

	*ret = (struct job_config){
		.name = program->name,
		.elf = program->bytes,
		.elf_bytes = program->len,
		.object = object_opts_of(a),
		.collect = {
			.interval_ns = a->once ? FOREVER_NS : a->interval_ns,
			.clock = clock,
			.max_memory_bytes = a->max_memory_bytes,
			.series = { .max_series = (uint32_t)a->max_series,
				    .ttl_ns = a->series_ttl_ns },
		},
	};
	words.every_label = a->compat != NULL;
	return select_words_parse(&words, arena, &ret->select, err);
}

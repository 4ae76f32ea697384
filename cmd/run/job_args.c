// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/job_args.h"

#include "base/err.h"
#include "base/util.h"
#include "cmd/run/program.h"

#define FOREVER_NS (UINT64_MAX / 4)

int job_config_of(const struct run_args *a, const struct program *program, struct wallclock *clock,
		  struct arena *arena, struct job_config *ret, struct err *err)
{
	struct select_words words = a->select;
	int code;

	*ret = (struct job_config){
		.name = program->name,
		.digest = program->image.digest[0] ? program->image.digest : NULL,
		.elf = program->bytes,
		.elf_bytes = program->len,
		.collect = {
			.interval_ns = a->once ? FOREVER_NS : a->interval_ns,
			.clock = clock,
			.usual_priority = a->usual_priority,
			.series = { .max_series = (uint32_t)a->max_series,
				    .ttl_ns = a->series_ttl_ns },
		},
	};
	words.every_label = a->compat && streq(a->compat, "bee");
	code = object_words_parse(&a->object, arena, &ret->object, err);
	program_recipes(program, &ret->object);
	ret->cgroups = program_cgroups(program);
	if (code >= 0)
		code = object_words_aim(&a->object, arena, &ret->aim, err);
	return code < 0 ? code : select_words_parse(&words, arena, &ret->select, err);
}

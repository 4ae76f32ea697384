// SPDX-License-Identifier: Apache-2.0
/* Opening a job: its plan, its names, and mistakes that show without the kernel. */
#include "tests/support/unit.h"

#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/job/job.h"
#include "tests/support/load_object.h"

#define IMAGE "example.org/x/thing:1.2"

/* A ring buffer of records with a number, and a program. */
static void *make_object(size_t *ret_len)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "unsigned int", 4, 0);
	int event = btf__add_struct(btf, "event", 4);
	const struct obj_prog prog = { "on_call", "tracepoint/syscalls/sys_enter_getppid" };
	struct obj_map map = { .name = "events",
			       .section = ".maps",
			       .type = BPF_MAP_TYPE_RINGBUF,
			       .max_entries = 4096 };
	struct obj o = {
		.btf = btf, .maps = &map, .nmaps = 1, .progs = &prog, .nprogs = 1, .license = "GPL"
	};
	void *bytes;

	btf__add_field(btf, "pid", number, 0, 0);
	map.value = (uint32_t)event;
	bytes = obj_build(&o, ret_len);
	btf__free(btf);
	return bytes;
}

struct fixture {
	void *elf;
	struct job_config config;
	struct wallclock *clock;
	struct job *job;
	struct err err;
};

static void init(struct fixture *f)
{
	*f = (struct fixture){ .clock = wallclock_new() };
	f->config = (struct job_config){ .name = IMAGE, .collect.clock = f->clock };
	f->elf = make_object(&f->config.elf_bytes);
	f->config.elf = f->elf;
}

static int open_job(struct fixture *f)
{
	job_free(steal_ptr(&f->job));
	f->err = (struct err){ 0 };
	return job_open(&f->job, &f->config, &f->err);
}

static void release(struct fixture *f)
{
	job_free(f->job);
	wallclock_free(f->clock);
	free(f->elf);
}

static void test_a_source_has_the_names(void **state)
{
	struct source *source;
	struct fixture f;

	init(&f);
	if (open_job(&f) < 0)
		fail_msg("%s", f.err.msg);
	source = job_source(f.job);
	assert_string_equal(job_name(f.job), IMAGE);
	assert_string_equal(source->name, IMAGE);
	assert_string_equal(source->program, "thing");
	assert_null(source->digest);
	assert_ptr_equal(source->plan, job_plan(f.job));
	assert_int_equal(source->plan->nmaps, 1);
	assert_int_equal(source->plan->maps[0].role, ROLE_EVENTS);
	f.config.program = "mine";
	f.config.digest = "sha256:00";
	assert_int_equal(open_job(&f), 0);
	assert_string_equal(job_source(f.job)->program, "mine");
	assert_string_equal(job_source(f.job)->name, IMAGE);
	assert_string_equal(job_source(f.job)->digest, "sha256:00");
	/* Before it is attached. */
	assert_true(source_prog_status(job_source(f.job), &job_plan(f.job)->progs[0]).state <
		    PROG_LOADED);
	assert_int_equal(source_map_stats(job_source(f.job), &job_plan(f.job)->maps[0]).read, 0);
	release(&f);
}

static void test_errors_begin_with_the_programs_name(void **state)
{
	const struct select_filter filter = { NULL, NULL, "pud == 1" };
	const struct object_param param = { "limit", "1" };
	struct fixture f;

	init(&f);
	f.config.select = (struct select_opts){ .filters = &filter, .nfilters = 1 };
	assert_true(open_job(&f) < 0);
	assert_string_equal(f.err.msg, "no field 'pud'");
	assert_string_equal(f.err.hint, "did you mean 'pid'?");
	f.config.program = "mine";
	assert_true(open_job(&f) < 0);
	assert_string_equal(f.err.msg, "mine: no field 'pud'");
	assert_null(f.job);
	f.config.select = (struct select_opts){ 0 };
	f.config.object.params = &param;
	f.config.object.nparams = 1;
	assert_true(open_job(&f) < 0);
	assert_string_equal(f.err.msg, "mine: --set: no parameter 'limit'");
	f.config.elf_bytes = 3;
	assert_true(open_job(&f) < 0);
	assert_int_equal(strncmp(f.err.msg, "mine: cut short", 15), 0);
	release(&f);
}

static void test_a_role_makes_series(void **state)
{
	const struct plan_role role = { "events", ROLE_COUNTER, NULL };
	struct fixture f;

	init(&f);
	f.config.object.plan = (struct plan_opts){ .roles = &role, .nroles = 1 };
	if (open_job(&f) < 0)
		fail_msg("%s", f.err.msg);
	assert_non_null(source_metric(job_source(f.job), &job_plan(f.job)->maps[0]));
	assert_int_equal(source_series_stats(job_source(f.job), &job_plan(f.job)->maps[0]).live, 0);
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_source_has_the_names),
		cmocka_unit_test(test_errors_begin_with_the_programs_name),
		cmocka_unit_test(test_a_role_makes_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

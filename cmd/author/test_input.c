// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/test_input.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/util.h"
#include "cmd/run/job_args.h"
#include "cmd/run/program.h"
#include "runner/job/job.h"
#include "runner/sink/host/host.h"

#define KERNEL_ENOTSUPP 524 /* no program's error */
#define OUTPUT_BYTES 65536  /* of a packet that the program makes larger */
#define ENDS_MS 2000
#define INTERVAL_NS 1000000000000ull /* nothing is swept before the end */

/* All that a run has; released in the opposite order. */
struct input {
	struct wallclock *clock;
	struct loop *loop;
	struct arena arena;
	struct job *job;
	struct host *host;
};

static void input_release(struct input *in)
{
	host_free(in->host);
	job_free(in->job);
	loop_free(in->loop);
	wallclock_free(in->clock);
	arena_release(&in->arena);
}

/* Every program is loaded, and attached to nothing. */
static void attach_none(struct input *in, const struct plan *plan, struct words *ret)
{
	for (uint32_t i = 0; i < plan->nprogs; i++)
		words_add(ret, arena_printf(&in->arena, "%s=none", plan->progs[i].name));
}

static int open_job(struct input *in, const struct program *program, const struct test_case *test,
		    struct err *err)
{
	struct run_args args = { .interval_ns = INTERVAL_NS, .object.set = test->set };
	struct object_opts none = { 0 };
	struct job_config config;
	struct object *probe = NULL;
	int ret = program_object(&probe, program, &none, err);

	if (ret < 0)
		return ret;
	attach_none(in, object_plan(probe), &args.object.attach);
	object_free(probe);
	if (test->where)
		words_add(&args.select.where, test->where);
	ret = job_config_of(&args, program, in->clock, &in->arena, &config, err);
	if (ret >= 0)
		ret = job_open(&in->job, &config, err);
	words_release(&args.object.attach);
	words_release(&args.select.where);
	return ret;
}

static int run_program(struct input *in, const struct test_case *test, uint32_t *ret,
		       struct err *err)
{
	const struct prog_plan *prog = plan_prog(job_plan(in->job), test->program);
	_cleanup_free_ void *packet_out = NULL;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = test->context,
		    .ctx_size_in = (__u32)test->context_bytes, .data_in = test->packet,
		    .data_size_in = (__u32)test->packet_bytes, .repeat = (int)test->repeat);
	int code;

	if (!prog)
		return yaml_refuse(test->node, err, "there is no program '%s'", test->program);
	if (test->packet) {
		packet_out = xmalloc(OUTPUT_BYTES);
		opts.data_out = packet_out;
		opts.data_size_out = OUTPUT_BYTES;
	}
	code = bpf_prog_test_run_opts(object_prog_fd(job_object(in->job), prog), &opts);
	*ret = opts.retval;
	if (code >= 0)
		return 0;
	err_exit(err, EXIT_KERNEL);
	if (code == -KERNEL_ENOTSUPP || code == -EOPNOTSUPP)
		err_hint(err,
			 "the kernel runs those of packets, raw tracepoints and system calls so; "
			 "others are tested with `command` or `replay`");
	else if (code == -EINVAL)
		err_hint(err,
			 "a packet has 14 bytes or more; raw tracepoints take args, and neither "
			 "packet nor repeat");
	return err_set(err, -code, "the kernel does not run '%s' with this input: %s",
		       test->program, strerror(code == -KERNEL_ENOTSUPP ? EOPNOTSUPP : -code));
}

/* The program runs between the two reads of its maps. */
static int feed(struct input *in, const struct test_case *test, int fd, uint32_t *ret,
		struct err *err)
{
	struct host_opts opts = { .wake_fd = -1 };
	struct drain_limits limits = { .patience_ms = ENDS_MS };
	struct sink *sink = sink_json_new(fd);
	uint64_t unwritten = 0;
	int code, ended;

	in->host = host_new(&opts);
	host_add_sinks(in->host, &sink, 1);
	code = host_open(in->host, err);
	if (code >= 0)
		code = host_add_source(in->host, job_source(in->job), err);
	if (code >= 0)
		code = job_read(in->job, in->loop, err);
	if (code >= 0)
		code = host_start(in->host, err);
	if (code >= 0)
		code = run_program(in, test, ret, err);
	job_stop(in->job, &limits);
	ended = host_stop(in->host, ENDS_MS, &unwritten, code < 0 ? NULL : err);
	return code < 0 ? code : ended;
}

int test_input_run(const struct program *program, const struct test_case *test, int fd,
		   uint32_t *ret_returned, struct err *err)
{
	_cleanup_(input_release) struct input in = { .clock = wallclock_new() };
	int ret = loop_new(&in.loop, err);

	if (ret >= 0)
		ret = open_job(&in, program, test, err);
	if (ret >= 0)
		ret = job_attach(in.job, err);
	return ret < 0 ? ret : feed(&in, test, fd, ret_returned, err);
}

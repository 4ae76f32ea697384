// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/recording/replay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/util.h"
#include "runner/sink/recording/replay_internal.h"

#define CANCEL_MS 1000
#define MAX_MAPS 65536

static const char *get_text(struct replay *rp, struct cursor *c)
{
	uint64_t len = get_number(c, RECORDING_MAX_TEXT);
	const char *text = get_bytes(c, len);
	char *copy = text ? arena_alloc(&rp->arena, len + 1, 1) : NULL;

	if (copy)
		memcpy(copy, text, len);
	return copy ? copy : "";
}

static bool read_head(struct replay *rp)
{
	struct cursor c = { rp->file.bytes, rp->file.bytes + rp->file.len, false };

	rp->version = get_text(rp, &c);
	rp->program = get_text(rp, &c);
	rp->time_ns = get_varint(&c);
	rp->noptions = get_number(&c, RECORDING_MAX_OPTIONS);
	rp->options = arena_array(&rp->arena, struct record_option, rp->noptions + 1);
	for (size_t i = 0; i < rp->noptions && !c.bad; i++) {
		rp->options[i].name = get_text(rp, &c);
		rp->options[i].value = get_text(rp, &c);
	}
	rp->nmaps = (uint32_t)get_number(&c, MAX_MAPS);
	rp->maps = arena_array(&rp->arena, struct told_map, rp->nmaps + 1);
	for (uint32_t i = 0; i < rp->nmaps && !c.bad; i++) {
		rp->maps[i].symbol = get_text(rp, &c);
		for (size_t k = 0; k < ARRAY_LEN(rp->maps[i].numbers); k++)
			rp->maps[i].numbers[k] = get_varint(&c);
	}
	return !c.bad;
}

static int open_blocks(struct replay *rp, struct err *err)
{
	int ret = replay_file_start(&rp->file, err);

	if (ret == 0)
		ret = replay_file_next(&rp->file, err);
	if (ret == 0 && (rp->file.header.kind != BLOCK_HEAD || !read_head(rp)))
		return err_set(err, EBADMSG, "%s: its head is damaged", rp->file.path);
	if (ret == 0)
		ret = replay_file_next(&rp->file, err);
	if (ret == 0 && rp->file.header.kind != BLOCK_PROGRAM)
		return err_set(err, EBADMSG, "%s: its program is missing", rp->file.path);
	if (ret == -ENODATA) {
		err_hint(err, "there is nothing in it to be replayed");
		return err_set(err, ENODATA, "%s: the recording was cut before its first event",
			       rp->file.path);
	}
	if (ret < 0)
		return ret;
	rp->elf = xmalloc(rp->file.len + 1);
	memcpy(rp->elf, rp->file.bytes, rp->file.len);
	rp->elf_len = rp->file.len;
	/* The program may be large, the blocks behind it are not. */
	replay_file_release(&rp->file);
	rp->file.stored = rp->file.raw = NULL;
	rp->file.stored_cap = rp->file.raw_cap = 0;
	return 0;
}

int replay_open(struct replay **ret, int fd, const char *path, struct err *err)
{
	struct replay *rp = xcalloc(1, sizeof(*rp));
	int code;

	rp->file = (struct replay_file){ .fd = fd, .stop_fd = -1, .path = path };
	rp->stop_fd = -1;
	rp->names = replay_names_new();
	code = open_blocks(rp, err);
	if (code < 0) {
		replay_free(rp);
		return code;
	}
	*ret = rp;
	return 0;
}

void replay_free(struct replay *rp)
{
	if (!rp)
		return;
	if (rp->started)
		replay_stop(rp, 0, NULL, NULL);
	if (rp->abandoned) /* its thread still uses all of this */
		return;
	for (uint32_t i = 0; rp->rows && i < rp->env.plan->nmaps; i++)
		if (rp->rows[i].plan)
			series_rows_release(&rp->rows[i]);
	free(rp->rows);
	free(rp->shapes);
	free(rp->elf);
	close_fd(&rp->stop_fd);
	replay_names_free(rp->names);
	replay_file_release(&rp->file);
	arena_release(&rp->arena);
	free(rp);
}

const char *replay_program(const struct replay *rp)
{
	return rp->program;
}
const char *replay_version(const struct replay *rp)
{
	return rp->version;
}
uint64_t replay_time_ns(const struct replay *rp)
{
	return rp->time_ns;
}
const void *replay_elf(const struct replay *rp, size_t *ret_len)
{
	*ret_len = rp->elf_len;
	return rp->elf;
}
const struct record_option *replay_options(const struct replay *rp, size_t *ret_count)
{
	*ret_count = rp->noptions;
	return rp->options;
}
const struct name_source *replay_names(const struct replay *rp)
{
	return replay_names_source(rp->names);
}

/* ---- playing ---- */

static bool nothing_there(const struct replay *rp)
{
	struct pollfd pfd = { .fd = rp->file.fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 0;
}

static int play_file(struct replay *rp)
{
	int ret = 0;

	for (;;) {
		/* From a pipe of a run that goes on: what came is to be seen meanwhile. */
		do
			ret = replay_rest(rp, rp->file.fd, nothing_there(rp) ? UINT64_MAX : 0);
		while (!ret && nothing_there(rp));
		if (!ret)
			ret = replay_file_next(&rp->file, &rp->err);
		if (ret == -ENODATA) {
			rp->result.cut = true;
			return 0;
		}
		if (ret || rp->file.header.kind == BLOCK_END)
			return ret;
		if (rp->file.header.kind != BLOCK_DATA)
			return err_set(&rp->err, EBADMSG, "%s: a second head or program",
				       rp->file.path);
		ret = replay_block(rp);
		if (ret)
			return ret;
	}
}

static void *play(void *arg)
{
	struct replay *rp = arg;
	uint64_t one = 1;
	int ret, flushed;

	rp->start_ns = now_mono_ns();
	ret = play_file(rp);
	/* What was given is to be seen, also what stood before the damage. */
	flushed = replay_flush(rp);
	while (!ret && !flushed && rp->opts.stay)
		flushed = replay_rest(rp, -1, UINT64_MAX);
	if (ret >= 0 && flushed < 0)
		ret = flushed;
	rp->result.offset = rp->file.offset;
	rp->code = ret == -ECANCELED || ret > 0 ? 0 : ret;
	if (rp->sink && rp->sink->ops->close)
		rp->sink->ops->close(rp->sink);
	if (rp->opts.wake_fd >= 0 && write(rp->opts.wake_fd, &one, sizeof(one)) < 0)
		return NULL; /* it is readable already */
	return NULL;
}

static int compare(const struct replay *rp, struct err *err)
{
	const struct plan *plan = rp->env.plan;
	uint32_t i = 0;

	for (; i < plan->nmaps && i < rp->nmaps; i++) {
		const struct map_shape *s = &rp->shapes[i];
		const uint64_t numbers[4] = { s->record_key_bytes, s->record_value_bytes,
					      s->row_key_bytes, s->row_cells };

		if (!streq(plan->maps[i].symbol, rp->maps[i].symbol) ||
		    memcmp(numbers, rp->maps[i].numbers, sizeof(numbers)) != 0)
			break;
	}
	if (i == plan->nmaps && i == rp->nmaps)
		return 0;
	err_hint(err, "bombus %s made it, and can replay it", rp->version);
	return err_set(err, EINVAL, "%s: this bombus reads the program's map '%s' in another way",
		       rp->file.path, i < rp->nmaps ? rp->maps[i].symbol : plan->maps[i].symbol);
}

static int prepare(struct replay *rp, struct err *err)
{
	const struct plan *plan = rp->env.plan;

	rp->shapes = xcalloc(plan->nmaps + 1, sizeof(*rp->shapes));
	rp->rows = xcalloc(plan->nmaps + 1, sizeof(*rp->rows));
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		rp->shapes[i] = recording_shape(rp->env.collector, &plan->maps[i]);
		if (rp->shapes[i].metric)
			series_rows_init(&rp->rows[i], rp->shapes[i].metric, RECORDING_MAX_ROWS);
	}
	rp->stop_fd = rp->file.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rp->stop_fd < 0)
		return err_sys(err, errno, "eventfd");
	return compare(rp, err);
}

int replay_start(struct replay *rp, const struct sink_env *env, struct sink *sink,
		 const struct replay_opts *opts, struct err *err)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	sigset_t all, before;
	int ret;

	rp->env = *env;
	rp->sink = sink;
	rp->opts = *opts;
	ret = prepare(rp, err);
	if (ret == 0 && sink) {
		sink->err = &rp->err;
		ret = sink->ops->open ? sink->ops->open(sink, &rp->env, err) : 0;
		if (ret >= 0 && sink->ops->start)
			ret = sink->ops->start(sink, err);
	}
	if (ret < 0)
		return ret;
	/* Signals are the main thread's, but for those that say that this thread cannot go on. */
	sigfillset(&all);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&rp->thread, NULL, play, rp);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret)
		return err_sys(err, ret, "cannot start the replay's thread");
	rp->started = true;
	pthread_setname_np(rp->thread, "replay");
	return 0;
}

static bool join_within(struct replay *rp, int timeout_ms)
{
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += timeout_ms / 1000;
	return pthread_clockjoin_np(rp->thread, NULL, CLOCK_MONOTONIC, &deadline) == 0;
}

int replay_stop(struct replay *rp, int timeout_ms, struct replay_result *ret, struct err *err)
{
	struct out *out = replay_out(rp);
	uint64_t one = 1;

	if (!rp->started)
		return 0;
	rp->started = false;
	if (write(rp->stop_fd, &one, sizeof(one)) < 0)
		return err_sys(err, errno, "eventfd");
	if (!join_within(rp, timeout_ms)) {
		if (out)
			out_cancel(out);
		if (!join_within(rp, CANCEL_MS)) {
			pthread_detach(rp->thread);
			rp->abandoned = true;
			return -ETIMEDOUT;
		}
	}
	if (ret)
		*ret = rp->result;
	if (rp->code < 0 && rp->code != -EPIPE && err) {
		if (rp->err.msg[0])
			*err = rp->err;
		else
			err_sys(err, -rp->code, "cannot write the %s output", rp->sink->ops->name);
	}
	return rp->code;
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/recording/replay.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/util.h"
#include "runner/sink/recording/replay_internal.h"

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

static void read_maps(struct replay *rp, struct replay_program *p, struct cursor *c)
{
	p->nmaps = (uint32_t)get_number(c, MAX_MAPS);
	p->maps = arena_array(&rp->arena, struct recorded_map, p->nmaps + 1);
	for (uint32_t i = 0; i < p->nmaps && !c->bad; i++) {
		p->maps[i].symbol = get_text(rp, c);
		for (size_t k = 0; k < ARRAY_LEN(p->maps[i].numbers); k++)
			p->maps[i].numbers[k] = get_varint(c);
	}
}

static bool read_head(struct replay *rp, struct replay_program *p)
{
	struct cursor c = { rp->file.bytes, rp->file.bytes + rp->file.len, false };

	rp->version = get_text(rp, &c);
	p->name = get_text(rp, &c);
	rp->time_ns = get_varint(&c);
	p->noptions = get_number(&c, RECORDING_MAX_OPTIONS);
	p->options = arena_array(&rp->arena, struct record_option, p->noptions + 1);
	for (size_t i = 0; i < p->noptions && !c.bad; i++) {
		p->options[i].name = get_text(rp, &c);
		p->options[i].value = get_text(rp, &c);
	}
	read_maps(rp, p, &c);
	if (rp->file.version == RECORDING_OF_ONE)
		return !c.bad;
	p->short_name = get_text(rp, &c);
	p->followers = get_number(&c, RECORDING_MAX_PROGRAMS - 1);
	return !c.bad && *p->short_name && strlen(p->short_name) < SOURCE_PROGRAM_MAX;
}

/* The program's head and object. */
static int open_program(struct replay *rp, struct replay_program *p, size_t room, struct err *err)
{
	int ret = replay_file_next(&rp->file, err);

	if (ret == 0 && (rp->file.header.kind != BLOCK_HEAD || !read_head(rp, p)))
		return err_set(err, EBADMSG, "%s: its head is damaged", rp->file.path);
	if (ret == 0)
		ret = replay_file_next(&rp->file, err);
	if (ret == 0 && rp->file.header.kind != BLOCK_PROGRAM)
		return err_set(err, EBADMSG, "%s: its program is missing", rp->file.path);
	if (ret < 0)
		return ret;
	if (rp->file.len > room)
		return err_set(err, E2BIG, "%s: its programs are too large", rp->file.path);
	p->elf = xmalloc(rp->file.len + 1);
	memcpy(p->elf, rp->file.bytes, rp->file.len);
	p->elf_len = rp->file.len;
	return 0;
}

static struct replay_program *add_program(struct replay *rp)
{
	struct replay_program *p = xcalloc(1, sizeof(*p));

	p->replay = rp;
	p->names = replay_names_new();
	rp->programs = xreallocarray(rp->programs, rp->count + 1, sizeof(struct replay_program *));
	rp->programs[rp->count++] = p;
	return p;
}

/* Two programs of one name would be one in the outputs. */
static int check_names(const struct replay *rp, struct err *err)
{
	for (size_t i = 0; i < rp->count; i++)
		for (size_t k = 0; k < i && rp->count > 1; k++)
			if (streq(rp->programs[i]->short_name, rp->programs[k]->short_name))
				return err_set(err, EBADMSG, "%s: two programs are called '%s'",
					       rp->file.path, rp->programs[i]->short_name);
	return 0;
}

static int open_blocks(struct replay *rp, struct err *err)
{
	size_t room = RECORDING_MAX_ELF, left = 1;
	int ret = replay_file_start(&rp->file, err);

	while (ret == 0 && left) {
		struct replay_program *p = add_program(rp);

		ret = open_program(rp, p, room, err);
		room -= p->elf_len;
		if (ret == 0 && rp->count > 1 && p->followers != left - 1)
			ret = err_set(err, EBADMSG, "%s: its heads do not agree", rp->file.path);
		left = p->followers;
	}
	if (ret == -ENODATA) {
		err_hint(err, "there is nothing in it to be replayed");
		return err_set(err, ENODATA, "%s: the recording was cut before its first event",
			       rp->file.path);
	}
	if (ret < 0)
		return ret;
	/* Programs may be large, the blocks behind them are not. */
	replay_file_release(&rp->file);
	rp->file.stored = rp->file.raw = NULL;
	rp->file.stored_cap = rp->file.raw_cap = 0;
	rp->current = rp->programs[0];
	return check_names(rp, err);
}

int replay_open(struct replay **ret, int fd, const char *path, struct err *err)
{
	struct replay *rp = xcalloc(1, sizeof(*rp));
	struct stat st;
	int code;

	rp->file = (struct replay_file){ .fd = fd, .stop_fd = -1, .path = path };
	rp->play.part = NAN;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		rp->file_bytes = (uint64_t)st.st_size;
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
	for (size_t i = 0; i < rp->count; i++) {
		replay_source_release(rp->programs[i]);
		free(rp->programs[i]->elf);
		replay_names_free(rp->programs[i]->names);
		free(rp->programs[i]);
	}
	free(rp->programs);
	replay_file_release(&rp->file);
	arena_release(&rp->arena);
	free(rp);
}

size_t replay_count(const struct replay *rp)
{
	return rp->count;
}
const char *replay_version(const struct replay *rp)
{
	return rp->version;
}
uint64_t replay_time_ns(const struct replay *rp)
{
	return rp->time_ns;
}
const char *replay_program(const struct replay *rp, size_t program)
{
	return rp->programs[program]->name;
}
const char *replay_short_name(const struct replay *rp, size_t program)
{
	return rp->programs[program]->short_name;
}
const void *replay_elf(const struct replay *rp, size_t program, size_t *ret_len)
{
	*ret_len = rp->programs[program]->elf_len;
	return rp->programs[program]->elf;
}
const struct record_option *replay_options(const struct replay *rp, size_t program,
					   size_t *ret_count)
{
	*ret_count = rp->programs[program]->noptions;
	return rp->programs[program]->options;
}

/* ---- playing ---- */

static bool nothing_there(const struct replay *rp)
{
	struct pollfd pfd = { .fd = rp->file.fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 0;
}

/* From a pipe of a run that goes on: what came is to be seen meanwhile. */
static int wait_for_block(struct replay *rp)
{
	int ret;

	do
		ret = rp->feed->rest(rp->feed, rp->file.fd, nothing_there(rp) ? UINT64_MAX : 0);
	while (!ret && nothing_there(rp));
	return ret;
}

static int play_file(struct replay *rp)
{
	for (;;) {
		int ret = wait_for_block(rp);

		if (!ret)
			ret = replay_file_next(&rp->file, rp->err);
		if (ret == -ENODATA) {
			rp->result.cut = true;
			return 0;
		}
		if (ret == -ECANCELED)
			return 1;
		if (ret || rp->file.header.kind == BLOCK_END)
			return ret;
		if (rp->file.header.kind != BLOCK_DATA)
			return err_set(rp->err, EBADMSG, "%s: a second head or program",
				       rp->file.path);
		if (rp->file_bytes)
			rp->play.part = (double)rp->file.offset / (double)rp->file_bytes;
		ret = replay_block(rp);
		if (ret)
			return ret;
	}
}

static int play(struct source *source, struct source_feed *feed, struct err *err)
{
	struct replay *rp = container_of(source, struct replay_program, source)->replay;
	int ret;

	rp->feed = feed;
	rp->err = err;
	rp->file.stop_fd = feed->stop_fd;
	rp->due_ns = now_mono_ns();
	ret = play_file(rp);
	rp->play.over = true;
	rp->result.offset = rp->file.offset;
	return ret;
}

static struct source_play *playing(struct source *source)
{
	return &container_of(source, struct replay_program, source)->replay->play;
}

/* ---- before ---- */

/* Recordings of earlier bombus have no cell for whether a histogram's sum is known: it was. */
static void take_fewer_cells(struct map_shape *shape, uint64_t recorded)
{
	const struct metric_plan *metric = shape->metric;

	if (metric && metric->nfamilies == 1 && metric->families[0].sum_optional &&
	    recorded + 1 == shape->row_cells)
		shape->row_cells--;
}

static bool same_shape(const struct map_shape *shape, const uint64_t recorded[4])
{
	const uint64_t numbers[4] = { shape->record_key_bytes, shape->record_value_bytes,
				      shape->row_key_bytes, shape->row_cells };

	return memcmp(numbers, recorded, sizeof(numbers)) == 0;
}

/* libbpf puts the object's name, which a run may choose, before ".bss" and its like. */
static bool same_symbol(const char *a, const char *b)
{
	const char *of_a = strrchr(a, '.'), *of_b = strrchr(b, '.');

	return of_a && of_b ? streq(of_a, of_b) : streq(a, b);
}

static int compare(const struct replay_program *p, struct err *err)
{
	const struct plan *plan = p->source.plan;
	uint32_t i = 0;

	for (; i < plan->nmaps && i < p->nmaps; i++) {
		take_fewer_cells(&p->shapes[i], p->maps[i].numbers[3]);
		if (!same_symbol(plan->maps[i].symbol, p->maps[i].symbol) ||
		    !same_shape(&p->shapes[i], p->maps[i].numbers))
			break;
	}
	if (i == plan->nmaps && i == p->nmaps)
		return 0;
	err_hint(err, "bombus %s made it, and can replay it", p->replay->version);
	return err_set(err, EINVAL, "%s: this bombus reads the program's map '%s' in another way",
		       p->replay->file.path,
		       i < p->nmaps ? p->maps[i].symbol : plan->maps[i].symbol);
}

int replay_prepare(struct replay *rp, size_t program, const struct plan *plan,
		   struct metric_plan **metrics, struct wallclock *clock,
		   const struct series_opts *opts, struct err *err)
{
	struct replay_program *p = rp->programs[program];

	replay_source_init(p, plan, metrics, clock, opts);
	p->ops.playing = playing;
	if (program == 0)
		p->ops.play = play;
	return compare(p, err);
}

struct source *replay_source(struct replay *rp, size_t program)
{
	return &rp->programs[program]->source;
}

void replay_set_speed(struct replay *rp, double speed)
{
	rp->play.speed = speed;
}

void replay_set_filters(struct replay *rp, size_t program, struct filter **filters)
{
	rp->programs[program]->filters = filters;
}

struct replay_result replay_result(const struct replay *rp)
{
	return rp->result;
}

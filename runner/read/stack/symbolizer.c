// SPDX-License-Identifier: Apache-2.0
#include "runner/read/stack/symbolizer.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id_map.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/read/stack/file_code.h"
#include "runner/read/stack/lives.h"
#include "runner/read/stack/process.h"
#include "runner/read/text/frames.h"

#define FRAME_MAX (CODE_NAME_MAX + 64)
#define INLINES_MAX 32
#define LOOK_NS 500000000ULL /* at the processes that live at the start */
#define VDSO_MAX (16 * 4096) /* bytes that are looked at for its end */

/* A place for a file. Mappings know it by its number and its life. */
struct place {
	struct file_code *code; /* NULL: free */
	uint32_t life;
	uint64_t used; /* counts up */
};

/* Files that are known by what stat() says, so that they are not opened again. */
struct known {
	dev_t device;
	ino_t inode;
	off_t bytes;
	int64_t changed_s, changed_ns;
	uint32_t place, life;
};

struct symbolizer {
	bool inlines;
	struct process *processes;
	uint32_t nprocesses;
	uint64_t *used; /* of each, counts up */
	struct id_map by_pid;
	struct lives *lives; /* NULL: not watched */
	struct place places[SYMBOLIZER_FILES];
	struct known known[SYMBOLIZER_FILES];
	uint32_t next_known;
	size_t bytes;
	uint64_t now; /* counts up with each stack, and each process that begins */
};

struct symbolizer *symbolizer_new(bool inlines)
{
	struct symbolizer *s = xcalloc(1, sizeof(*s));

	s->inlines = inlines;
	return s;
}

static void clear_place(struct symbolizer *s, struct place *place)
{
	if (!place->code)
		return;
	s->bytes -= file_code_bytes(place->code);
	file_code_free(place->code);
	place->code = NULL;
	place->life++;
}

void symbolizer_free(struct symbolizer *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SYMBOLIZER_FILES; i++)
		clear_place(s, &s->places[i]);
	for (uint32_t i = 0; i < s->nprocesses; i++)
		process_release(&s->processes[i]);
	free(s->processes);
	free(s->used);
	id_map_release(&s->by_pid);
	free(s);
}

/* ---- processes ---- */

static uint32_t oldest(const struct symbolizer *s)
{
	uint32_t found = 0;

	for (uint32_t i = 1; i < s->nprocesses; i++)
		if (s->used[i] < s->used[found])
			found = i;
	return found;
}

static struct process *process_of(struct symbolizer *s, uint32_t pid)
{
	uint32_t at;

	if (!id_map_find(&s->by_pid, pid, &at)) {
		if (s->nprocesses < SYMBOLIZER_PROCESSES) {
			at = s->nprocesses++;
			s->processes =
				xreallocarray(s->processes, s->nprocesses, sizeof(*s->processes));
			s->used = xreallocarray(s->used, s->nprocesses, sizeof(*s->used));
		} else {
			at = oldest(s);
			id_map_remove(&s->by_pid, s->processes[at].pid);
			process_release(&s->processes[at]);
		}
		s->processes[at] = (struct process){ .pid = pid };
		id_map_set(&s->by_pid, pid, at);
	}
	s->used[at] = s->now;
	return &s->processes[at];
}

/* ---- files ---- */

static struct place *free_place(struct symbolizer *s)
{
	struct place *found = &s->places[0];

	for (size_t i = 0; i < SYMBOLIZER_FILES && found->code; i++)
		if (!s->places[i].code || s->places[i].used < found->used)
			found = &s->places[i];
	clear_place(s, found);
	return found;
}

static void make_room(struct symbolizer *s, const struct place *kept)
{
	while (s->bytes > SYMBOLIZER_BYTES) {
		struct place *found = NULL;

		for (size_t i = 0; i < SYMBOLIZER_FILES; i++) {
			struct place *place = &s->places[i];

			if (place->code && place != kept && (!found || place->used < found->used))
				found = place;
		}
		if (!found)
			return;
		clear_place(s, found);
	}
}

static struct place *by_build_id(struct symbolizer *s, const char *id)
{
	for (size_t i = 0; *id && i < SYMBOLIZER_FILES; i++)
		if (s->places[i].code && streq(file_code_build_id(s->places[i].code), id))
			return &s->places[i];
	return NULL;
}

static bool is_known(const struct known *known, const struct stat *st)
{
	return known->inode == st->st_ino && known->device == st->st_dev &&
	       known->bytes == st->st_size && known->changed_s == st->st_mtim.tv_sec &&
	       known->changed_ns == st->st_mtim.tv_nsec;
}

static struct place *by_stat(struct symbolizer *s, const struct stat *st)
{
	for (size_t i = 0; i < SYMBOLIZER_FILES; i++) {
		const struct known *known = &s->known[i];
		struct place *place = &s->places[known->place];

		if (known->inode && is_known(known, st) && place->code &&
		    place->life == known->life)
			return place;
	}
	return NULL;
}

static void remember(struct symbolizer *s, const struct place *place, const struct stat *st)
{
	s->known[s->next_known++ % SYMBOLIZER_FILES] = (struct known){
		.device = st->st_dev,
		.inode = st->st_ino,
		.bytes = st->st_size,
		.changed_s = st->st_mtim.tv_sec,
		.changed_ns = st->st_mtim.tv_nsec,
		.place = (uint32_t)(place - s->places),
		.life = place->life,
	};
}

/* Takes fd over. */
static struct place *load(struct symbolizer *s, int fd, const char *path, int root_fd)
{
	struct file_code *code = file_code_open(fd, path, root_fd);
	struct place *place = code ? by_build_id(s, file_code_build_id(code)) : NULL;

	if (!code || place) {
		file_code_free(code);
		return place;
	}
	place = free_place(s);
	file_code_load(code, s->inlines);
	place->code = code;
	place->used = s->now;
	s->bytes += file_code_bytes(code);
	make_room(s, place);
	return place;
}

/* The vDSO is the same in all processes of the machine's word size: that of this process. */
static int vdso_copy(void)
{
	const void *at = (const void *)getauxval(AT_SYSINFO_EHDR);
	int fd = at ? memfd_create("vdso", MFD_CLOEXEC) : -1;
	long page = sysconf(_SC_PAGESIZE);

	/* write() stops where it ends. */
	for (long done = 0; fd >= 0 && done < VDSO_MAX; done += page)
		if (write(fd, (const char *)at + done, (size_t)page) != page)
			break;
	return fd;
}

static struct place *open_file(struct symbolizer *s, const struct process *p, struct mapping *m)
{
	_cleanup_close_ int root = process_root(p);
	int fd = m->kind == MAPPING_VDSO ? vdso_copy() : process_open(p, m, root);
	struct place *place;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	place = m->kind == MAPPING_VDSO ? NULL : by_stat(s, &st);
	if (place) {
		close(fd);
		return place;
	}
	place = load(s, fd, m->kind == MAPPING_VDSO ? "[vdso]" : m->path, root);
	if (place)
		remember(s, place, &st);
	return place;
}

static struct file_code *file_of(struct symbolizer *s, const struct process *p, struct mapping *m)
{
	struct place *place = m->life ? &s->places[m->file] : NULL;

	if (place && (!place->code || place->life + 1 != m->life))
		place = NULL;
	if (!place && !m->tried) {
		place = open_file(s, p, m);
		m->tried = !place;
		if (place) {
			m->file = (uint32_t)(place - s->places);
			m->life = place->life + 1;
		}
	}
	if (place)
		place->used = s->now;
	return place ? place->code : NULL;
}

/* ---- processes that begin ---- */

static void on_fork(void *ctx, uint32_t pid, uint32_t parent, uint64_t time_ns)
{
	struct symbolizer *s = ctx;
	struct process *from;
	uint32_t at;

	s->now++;
	/* Both in the table, which may move: first the one that is made. */
	process_of(s, pid);
	from = process_of(s, parent);
	if (!from->maps && !from->told_ns)
		process_look(from);
	if (id_map_find(&s->by_pid, pid, &at))
		process_begins(&s->processes[at], from, time_ns);
}

static void on_exec(void *ctx, uint32_t pid, uint64_t time_ns)
{
	struct symbolizer *s = ctx;
	struct process *p;

	s->now++;
	p = process_of(s, pid);
	process_begins(p, NULL, time_ns);
	p->apart = process_is_apart(pid);
}

/* Files of another root cannot be found any more when the process has ended. */
static void on_map(void *ctx, uint32_t pid, uint64_t start, uint64_t bytes, uint64_t offset,
		   uint64_t inode, const char *path)
{
	struct symbolizer *s = ctx;
	struct process *p = process_of(s, pid);
	struct mapping *m;

	process_maps(p, start, bytes, offset, inode, path);
	if (!p->apart)
		return;
	p->lives = true;
	m = process_mapping(p, start);
	if (m && m->kind == MAPPING_FILE)
		file_of(s, p, m);
}

/* Those that live already begin no more. The first questions wait, but not long. */
static void look_at_all(struct symbolizer *s)
{
	uint64_t until_ns = now_mono_ns() + LOOK_NS;
	DIR *folder = opendir("/proc");
	struct dirent *entry;

	while (folder && now_mono_ns() < until_ns && (entry = readdir(folder))) {
		uint64_t pid;

		if (s->nprocesses < SYMBOLIZER_PROCESSES / 2 &&
		    parse_u64(entry->d_name, &pid) == 0 && pid <= UINT32_MAX)
			process_look(process_of(s, (uint32_t)pid));
	}
	if (folder)
		closedir(folder);
}

void symbolizer_watch(struct symbolizer *s, struct lives *lives)
{
	s->lives = lives;
	look_at_all(s);
}

void symbolizer_catch_up(struct symbolizer *s)
{
	static const struct lives_ops ops = { on_fork, on_exec, on_map };

	if (s->lives)
		lives_read(s->lives, &ops, s);
}

/* ---- frames ---- */

static bool put(struct frames *frames, const char *name, uint64_t offset)
{
	char text[FRAME_MAX];
	int len = offset ? snprintf(text, sizeof(text), "%.*s+0x%" PRIx64, CODE_NAME_MAX, name,
				    offset)
			 : snprintf(text, sizeof(text), "%.*s", CODE_NAME_MAX, name);

	return frames_add(frames, text, (size_t)len);
}

static bool put_unknown(struct frames *frames, uint64_t addr, const char *why)
{
	char text[FRAME_MAX];
	int len = snprintf(text, sizeof(text), "0x%" PRIx64 " [%s]", addr, why);

	return frames_add(frames, text, (size_t)len);
}

static bool put_inlined(struct frames *frames, struct file_code *code, uint64_t at)
{
	const char *names[INLINES_MAX];
	size_t count = file_code_inlined(code, at, names, INLINES_MAX);
	char text[FRAME_MAX];

	for (size_t i = 0; i < count; i++) {
		int len = snprintf(text, sizeof(text), "%.*s (inlined)", CODE_NAME_MAX, names[i]);

		if (!frames_add(frames, text, (size_t)len))
			return false;
	}
	return true;
}

/* `back`: the address is that behind a call, and the call is what counts. */
static bool put_file(struct symbolizer *s, struct frames *frames, const struct process *p,
		     struct mapping *m, uint64_t addr, unsigned back)
{
	struct file_code *code = file_of(s, p, m);
	uint64_t in_file = addr - m->start + m->offset, at, offset;
	const char *name = m->kind == MAPPING_VDSO ? "vdso" : m->path, *slash = strrchr(name, '/');
	char text[FRAME_MAX];

	if (!code || !file_code_address(code, in_file - back, &at)) {
		at = in_file;
	} else {
		if (s->inlines && !put_inlined(frames, code, at))
			return false;
		name = file_code_find(code, at, &offset);
		if (name)
			return put(frames, name, offset + back);
		at += back;
		name = m->kind == MAPPING_VDSO ? "vdso" : m->path;
	}
	snprintf(text, sizeof(text), "[%.*s]", CODE_NAME_MAX - 2, slash ? slash + 1 : name);
	return put(frames, text, at);
}

static const char *why_unknown(const struct process *p, const struct mapping *m)
{
	if (m)
		return "code without a file or a table of names";
	if (p->lives)
		return p->refused ? "its maps may not be read" : "nothing is mapped there";
	return p->maps ? "not mapped when the process ended" : "process ended";
}

static bool put_frame(struct symbolizer *s, struct frames *frames, struct process *p, uint64_t addr,
		      unsigned back)
{
	struct mapping *m = process_mapping(p, addr - back);
	uint64_t offset;
	const char *name;

	if (m && m->kind != MAPPING_ANONYMOUS)
		return put_file(s, frames, p, m, addr, back);
	name = process_jit(p, addr - back, &offset);
	return name ? put(frames, name, offset + back)
		    : put_unknown(frames, addr, why_unknown(p, m));
}

size_t symbolizer_fold(struct symbolizer *s, uint32_t pid, const uint64_t *addrs, size_t count,
		       char *text, size_t size)
{
	struct process *p;
	struct frames frames;

	symbolizer_catch_up(s);
	s->now++;
	p = process_of(s, pid);
	process_look(p);
	frames_begin(&frames, text, size);
	for (size_t i = 0; i < count; i++)
		if (!put_frame(s, &frames, p, addrs[i], i > 0))
			break;
	return frames_end(&frames);
}

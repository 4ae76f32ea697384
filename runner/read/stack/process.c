// SPDX-License-Identifier: Apache-2.0
#include "runner/read/stack/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/util.h"
#include "runner/read/stack/root_open.h"
#include "runner/read/stack/symbolizer.h"

#define MAPS_FILE_MAX (64u << 20)
#define JIT_FILE_MAX (128u << 20)
#define STAT_MAX 4096
#define STATUS_MAX 65536
#define NS_PER_S 1000000000ULL
#define READ_AGAIN_NS (10 * NS_PER_S) /* something else may be mapped at an address by then */
#define DELETED " (deleted)"

/* ---- who it is ---- */

static char *read_of(uint32_t pid, const char *file, size_t max, int *ret_code)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/%s", pid, file);
	void *text = NULL;

	*ret_code = read_file(path, max, &text, NULL, NULL);
	return *ret_code < 0 ? NULL : text;
}

/* Of the numbers in /proc/PID/stat, which follow a name that may hold anything. */
static bool read_identity(uint32_t pid, struct identity *ret)
{
	int code;
	_cleanup_free_ char *text = read_of(pid, "stat", STAT_MAX, &code);
	char *at = text ? strrchr(text, ')') : NULL, *save = NULL;
	char *word = at ? strtok_r(at + 1, " ", &save) : NULL;
	char state = word ? *word : 'X';

	*ret = (struct identity){ 0 };
	for (int number = 3; word; number++, word = strtok_r(NULL, " ", &save)) {
		uint64_t value = strtoull(word, NULL, 10);

		if (number == 22)
			ret->started = value;
		else if (number == 26)
			ret->code = value;
		else if (number == 28)
			ret->stack = value;
	}
	return state != 'X' && state != 'Z';
}

/* ---- maps ---- */

static void forget_maps(struct process *p)
{
	struct maps *maps = steal_ptr(&p->maps);

	if (!maps || --maps->users)
		return;
	for (uint32_t i = 0; i < maps->count; i++)
		free(maps->all[i].path);
	free(maps);
}

/* Room for one more, in a list of its own. False: it has enough. */
static bool make_room(struct process *p)
{
	const struct maps *old = p->maps;
	uint32_t count = old ? old->count : 0;
	struct maps *maps;

	if (count == SYMBOLIZER_MAPS)
		return false;
	if (old && old->users == 1 && count < old->room)
		return true;
	maps = xmalloc(sizeof(*maps) + (2 * (size_t)count + 8) * sizeof(*maps->all));
	*maps = (struct maps){ .users = 1, .count = count, .room = 2 * count + 8 };
	for (uint32_t i = 0; i < count; i++) {
		maps->all[i] = old->all[i];
		maps->all[i].path = xstrdup(old->all[i].path);
	}
	forget_maps(p);
	p->maps = maps;
	return true;
}

static void forget_jit(struct process *p)
{
	code_table_release(&p->jit);
	p->jit_file = (struct jit_file){ 0 };
}

static uint8_t kind_of(const char *path)
{
	if (streq(path, "[vdso]"))
		return MAPPING_VDSO;
	return path[0] == '/' && !has_prefix(path, "/memfd:") && !has_prefix(path, "/dev/zero")
		       ? MAPPING_FILE
		       : MAPPING_ANONYMOUS;
}

static void name_mapping(struct mapping *m, const char *path)
{
	size_t len;

	m->kind = kind_of(path);
	len = m->kind == MAPPING_FILE ? strlen(path) : 0;
	if (len && has_suffix(path, DELETED))
		len -= strlen(DELETED);
	m->path = xstrndup(path, len);
}

/* "55d0-55e0 r-xp 00002000 fd:00 1234   /usr/bin/x (deleted)" */
static bool parse_mapping(const char *line, struct mapping *ret)
{
	unsigned long long start, end, offset, inode;
	char may[8];
	int at = 0;

	if (sscanf(line, "%llx-%llx %7s %llx %*x:%*x %llu %n", &start, &end, may, &offset, &inode,
		   &at) < 5 ||
	    !at || strlen(may) < 3 || may[2] != 'x' || end <= start)
		return false;
	*ret = (struct mapping){ .start = start, .end = end, .offset = offset, .inode = inode };
	name_mapping(ret, line + at);
	return true;
}

static void read_maps(struct process *p)
{
	int code;
	_cleanup_free_ char *text = read_of(p->pid, "maps", MAPS_FILE_MAX, &code);
	char *save = NULL;

	p->refused = code == -EACCES || code == -EPERM;
	p->read_ns = now_mono_ns();
	/* One that ends has none any more: those that are known stay. */
	if (!text || !*text)
		return;
	forget_maps(p);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct mapping m;

		if (!parse_mapping(line, &m))
			continue;
		if (make_room(p))
			p->maps->all[p->maps->count++] = m;
		else
			free(m.path);
	}
}

/* ---- what the kernel tells ---- */

void process_begins(struct process *p, const struct process *parent, uint64_t time_ns)
{
	/* Records of two CPUs may come in the wrong order. */
	if (parent && p->told_ns > time_ns)
		return;
	forget_maps(p);
	forget_jit(p);
	p->identity = (struct identity){ 0 };
	p->read_ns = 0;
	p->told_ns = time_ns;
	p->apart = parent && parent->apart;
	if (parent && parent->maps) {
		p->maps = parent->maps;
		p->maps->users++;
	}
}

void process_maps(struct process *p, uint64_t start, uint64_t bytes, uint64_t offset,
		  uint64_t inode, const char *path)
{
	struct mapping m = {
		.start = start, .end = start + bytes, .offset = offset, .inode = inode
	};
	struct maps *maps;
	uint32_t at = 0, behind;

	if (m.end <= m.start || !make_room(p))
		return;
	maps = p->maps;
	while (at < maps->count && maps->all[at].end <= m.start)
		at++;
	/* What was mapped there is so no more. */
	for (behind = at; behind < maps->count && maps->all[behind].start < m.end; behind++)
		free(maps->all[behind].path);
	memmove(&maps->all[at + 1], &maps->all[behind],
		(maps->count - behind) * sizeof(*maps->all));
	maps->count = maps->count - (behind - at) + 1;
	name_mapping(&m, path);
	maps->all[at] = m;
}

void process_look(struct process *p)
{
	struct identity now;

	p->jit_is_new = false;
	p->lives = read_identity(p->pid, &now);
	if (!p->lives)
		return;
	if (memcmp(&now, &p->identity, sizeof(now)) != 0) {
		forget_maps(p);
		forget_jit(p);
		p->identity = now;
		p->read_ns = 0;
	}
	if (!p->read_ns || now_mono_ns() - p->read_ns > READ_AGAIN_NS)
		read_maps(p);
	else
		p->refused = false;
}

static struct mapping *find(struct process *p, uint64_t addr)
{
	struct maps *maps = p->maps;
	uint32_t low = 0, high = maps ? maps->count : 0, count = high;

	while (low < high) { /* the first one that ends behind the address */
		uint32_t mid = low + (high - low) / 2;

		if (maps->all[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < count && maps->all[low].start <= addr ? &maps->all[low] : NULL;
}

struct mapping *process_mapping(struct process *p, uint64_t addr)
{
	struct mapping *found = find(p, addr);

	/* It may be newer than the maps; a second look at once would find the same. */
	if (found || !p->lives || now_mono_ns() - p->read_ns < NS_PER_S / 10)
		return found;
	read_maps(p);
	return find(p, addr);
}

/* ---- JIT compilers ---- */

/* The process's own number, in the innermost of its namespaces. */
static uint32_t inner_pid(uint32_t pid, const char *status)
{
	const char *at = strstr(status, "\nNSpid:");
	char *end;

	if (!at)
		return pid;
	for (at += strlen("\nNSpid:"); *at && *at != '\n'; at = end) {
		unsigned long number = strtoul(at, &end, 10);

		if (end == at)
			break;
		pid = (uint32_t)number;
	}
	return pid;
}

/* "Uid:	real	effective	saved	of files"; root, where it is not there. */
static uid_t effective_user(const char *status)
{
	const char *at = strstr(status, "\nUid:\t");

	at = at ? strchr(at + strlen("\nUid:\t"), '\t') : NULL;
	return at ? (uid_t)strtoul(at + 1, NULL, 10) : 0;
}

/* /tmp is everybody's: a table of another user would name the functions of this process. */
static int open_table(int root_fd, uint32_t pid, uid_t user)
{
	_cleanup_free_ char *path = xasprintf("/tmp/perf-%u.map", pid);
	_cleanup_close_ int fd = root_fd < 0 ? -1 : root_open(root_fd, path);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && (st.st_uid == 0 || st.st_uid == user)
		       ? steal_fd(&fd)
		       : -1;
}

static int open_jit(const struct process *p)
{
	_cleanup_close_ int root = process_root(p), own = -1;
	int code, fd;
	_cleanup_free_ char *status = read_of(p->pid, "status", STATUS_MAX, &code);
	uid_t user;

	if (!status)
		return -1;
	user = effective_user(status);
	fd = open_table(root, inner_pid(p->pid, status), user);
	if (fd >= 0)
		return fd;
	own = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return open_table(own, p->pid, user);
}

/* "7f0012340000 1a0 py::work:/srv/x.py" */
static void add_jit(struct code_table *table, const char *line, uint32_t number)
{
	char *end, *name;
	uint64_t addr = strtoull(line, &end, 16), size;

	if (end == line || *end != ' ')
		return;
	size = strtoull(end, &name, 16);
	if (name == end || *name != ' ' || !name[1])
		return;
	/* Code is written where older code was: the later line holds. */
	code_table_add(table, addr, size, number, name + 1, strlen(name + 1));
}

static void read_jit(struct process *p)
{
	_cleanup_close_ int fd = open_jit(p);
	_cleanup_free_ void *text = NULL;
	struct jit_file now;
	uint32_t number = 0;
	struct stat st;
	char *save = NULL;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	now = (struct jit_file){ .inode = st.st_ino, .bytes = st.st_size };
	now.changed_ns = (uint64_t)st.st_mtim.tv_sec * NS_PER_S + (uint64_t)st.st_mtim.tv_nsec;
	if (memcmp(&now, &p->jit_file, sizeof(now)) == 0 ||
	    read_fd(fd, "a table of functions", JIT_FILE_MAX, &text, NULL, NULL) < 0)
		return;
	forget_jit(p);
	p->jit_file = now;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		add_jit(&p->jit, line, ++number);
	code_table_sort(&p->jit);
}

const char *process_jit(struct process *p, uint64_t addr, uint64_t *ret_offset)
{
	/* Stacks without frame pointers have many addresses that are in no file. */
	if (p->lives && !p->jit_is_new)
		read_jit(p);
	p->jit_is_new = true;
	return code_table_find(&p->jit, addr, ret_offset);
}

/* ---- files ---- */

bool process_is_apart(uint32_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/root/", pid);
	struct stat its, own;

	return stat(path, &its) == 0 && stat("/", &own) == 0 &&
	       (its.st_dev != own.st_dev || its.st_ino != own.st_ino);
}

int process_root(const struct process *p)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/root", p->pid);

	return p->lives ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* Whatever its path leads to by now. */
static bool is_file_of(int fd, const struct mapping *mapping)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == mapping->inode;
}

static int open_link(const struct process *p, const char *path)
{
	_cleanup_close_ int found = p->lives ? open(path, O_PATH | O_CLOEXEC) : -1;

	return found < 0 ? -1 : reopen_regular(found);
}

/* Leads to the file itself, also a deleted one, and in any namespace. */
static int open_mapped(const struct process *p, const struct mapping *m)
{
	_cleanup_free_ char *path =
		xasprintf("/proc/%u/map_files/%llx-%llx", p->pid, (unsigned long long)m->start,
			  (unsigned long long)m->end);

	return open_link(p, path);
}

static int open_program(const struct process *p)
{
	_cleanup_free_ char *path = xasprintf("/proc/%u/exe", p->pid);

	return open_link(p, path);
}

int process_open(const struct process *p, const struct mapping *m, int root_fd)
{
	_cleanup_close_ int own = -1;
	int fd = open_mapped(p, m);

	if (fd >= 0)
		return fd;
	fd = root_fd < 0 ? -1 : root_open(root_fd, m->path);
	if (fd >= 0 && is_file_of(fd, m))
		return fd;
	close_fd(&fd);
	fd = open_program(p);
	if (fd >= 0 && is_file_of(fd, m))
		return fd;
	close_fd(&fd);
	/* After its end: where it had this system's root, its files may still be there. */
	own = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = root_open(own, m->path);
	if (fd >= 0 && is_file_of(fd, m))
		return fd;
	close_fd(&fd);
	return -1;
}

void process_release(struct process *p)
{
	forget_maps(p);
	forget_jit(p);
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/read/who/process.h"

#include <pwd.h>
#include <time.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/util.h"

#define PROC_FILE_MAX 65536
#define PARENTS_MAX 8
#define ACCOUNT_BYTES 4096

static char *read_proc(uint64_t pid, const char *name, size_t *ret_len)
{
	_cleanup_free_ char *path = xasprintf("/proc/%llu/%s", (unsigned long long)pid, name);
	void *text = NULL;

	return read_file(path, PROC_FILE_MAX, &text, ret_len, NULL) < 0 ? NULL : text;
}

/* Fields of stat behind the name, which may hold anything: the state is the first. */
static const char *stat_field(const char *stat, unsigned number)
{
	const char *at = strrchr(stat, ')');

	for (; at && number; number--)
		at = strchr(at + 1, ' ');
	return at;
}

void process_name(uint64_t pid, char dst[32])
{
	_cleanup_free_ char *name = read_proc(pid, "comm", NULL);

	snprintf(dst, 32, "%.*s", name ? (int)strcspn(name, "\n") : 0, name ? name : "");
}

static uint64_t parent_of(const char *stat)
{
	const char *at = stat_field(stat, 2);

	return at ? strtoull(at + 1, NULL, 10) : 0;
}

static void read_parents(struct process *ret, const char *stat)
{
	char *dst = ret->part[PROCESS_PARENTS], name[32];
	uint64_t pid = parent_of(stat);
	size_t len = 0;

	for (int i = 0; i < PARENTS_MAX && pid && len < CONTAINER_TEXT; i++) {
		_cleanup_free_ char *text = read_proc(pid, "stat", NULL);

		process_name(pid, name);
		if (!text || !name[0])
			return;
		len += (size_t)snprintf(dst + len, CONTAINER_TEXT - len, "%s%s %llu",
					len ? ", " : "", name, (unsigned long long)pid);
		pid = parent_of(text);
	}
}

/* Clock ticks after the machine's start, which counts sleep. */
static void read_start(struct process *ret, const char *stat)
{
	const char *at = stat_field(stat, 20);
	uint64_t ticks = at ? strtoull(at + 1, NULL, 10) : 0;
	long per_second = sysconf(_SC_CLK_TCK);
	struct timespec boot;
	char text[31];

	if (!at || per_second <= 0)
		return;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	format_rfc3339(now_real_ns() -
			       ((uint64_t)boot.tv_sec * 1000000000 + (uint64_t)boot.tv_nsec) +
			       ticks * (1000000000 / (uint64_t)per_second),
		       text);
	snprintf(ret->part[PROCESS_STARTED], CONTAINER_TEXT, "%.19sZ", text);
}

static void read_user(struct process *ret, uint64_t pid)
{
	_cleanup_free_ char *status = read_proc(pid, "status", NULL);
	const char *line = status ? strstr(status, "\nUid:") : NULL;
	const char *effective = line ? strchr(line + 6, '\t') : NULL;
	char *dst = ret->part[PROCESS_USER], room[ACCOUNT_BYTES];
	struct passwd user, *found = NULL;
	uid_t uid;

	if (!effective)
		return;
	uid = (uid_t)strtoul(effective + 1, NULL, 10);
	if (getpwuid_r(uid, &user, room, sizeof(room), &found) == 0 && found)
		snprintf(dst, CONTAINER_TEXT, "%s", found->pw_name);
	else
		snprintf(dst, CONTAINER_TEXT, "%u", uid);
}

static void read_command(struct process *ret, uint64_t pid)
{
	char *dst = ret->part[PROCESS_CMDLINE];
	size_t len = 0;
	_cleanup_free_ char *words = read_proc(pid, "cmdline", &len);

	while (len && !words[len - 1])
		len--;
	len = MIN(len, (size_t)CONTAINER_TEXT - 1);
	for (size_t i = 0; i < len; i++)
		dst[i] = words[i] ? words[i] : ' ';
	dst[len] = '\0';
}

void process_read(struct process *ret, uint64_t pid)
{
	_cleanup_free_ char *exe = xasprintf("/proc/%llu/exe", (unsigned long long)pid);
	_cleanup_free_ char *stat = read_proc(pid, "stat", NULL);
	ssize_t len;

	if (!stat)
		return;
	len = readlink(exe, ret->part[PROCESS_EXE], CONTAINER_TEXT - 1);
	ret->part[PROCESS_EXE][MAX(len, (ssize_t)0)] = '\0';
	read_command(ret, pid);
	read_user(ret, pid);
	read_start(ret, stat);
	read_parents(ret, stat);
}

void process_unit(struct process *ret, const char *cgroup)
{
	static const char *const ends[] = { ".service", ".scope", ".slice",
					    ".socket",	".mount", ".swap" };
	char *dst = ret->part[PROCESS_UNIT];

	for (const char *at = cgroup; *at; at += strcspn(at, "/")) {
		size_t len;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
			size_t end = strlen(ends[i]);

			if (len > end && len < CONTAINER_TEXT &&
			    memcmp(at + len - end, ends[i], end) == 0)
				snprintf(dst, CONTAINER_TEXT, "%.*s", (int)len, at);
		}
	}
}

// SPDX-License-Identifier: Apache-2.0
/* Probes in programs and libraries: uprobe, uretprobe and USDT. */
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/attach/attach_internal.h"
#include "runner/load/elf/elf_versions.h"
#include "runner/load/kernel/features.h"

#ifdef __x86_64__
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#else
#define MULTIARCH "."
#endif

/* Whether a file is the library "libssl", of whatever version: libssl.so.3, or libnspr4.so,
 * which has none. musl has a name of its own for "libc". */
static bool is_library(const char *file, const char *name)
{
	size_t len = strlen(name);
	const char *rest = file + len;

	if (streq(file, name))
		return true;
	if (streq(name, "libc") && has_prefix(file, "ld-musl-"))
		return true;
	return strncmp(file, name, len) == 0 && has_prefix(rest, ".so") &&
	       (!rest[3] || rest[3] == '.');
}

/* In one folder, the newest one. */
static char *library_in(const char *root, const char *folder, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s%s", root, folder), *found = NULL;
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		if (!is_library(entry->d_name, name) ||
		    (found && strverscmp(entry->d_name, found) <= 0))
			continue;
		free(found);
		found = xstrdup(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found ? xasprintf("%s/%s", path, found) : NULL;
}

/* The path of a mapped file, as this process reaches it: below the root of its process, unless that
 * has another file there by now. `line` is one of /proc/PID/maps, which ends with the path. */
static char *path_of_mapping(char *line, const char *file, int64_t pid)
{
	char *inside = xasprintf("/proc/%lld/root%s", (long long)pid, file);
	unsigned long long inode = 0;
	struct stat st;

	if (sscanf(line, "%*s %*s %*s %*s %llu", &inode) == 1 && stat(inside, &st) == 0 &&
	    st.st_ino == inode)
		return inside;
	free(inside);
	/* Deleted, replaced, or from another namespace of mounts. */
	return xasprintf("/proc/%lld/map_files/%.*s", (long long)pid, (int)strcspn(line, " "),
			 line);
}

/* The library that a process has loaded. */
static char *library_of(int64_t pid, const char *name)
{
	_cleanup_free_ char *path = xasprintf("/proc/%lld/maps", (long long)pid), *line = NULL;
	_cleanup_file_ FILE *maps = fopen(path, "re");
	size_t room = 0;

	while (maps && getline(&line, &room, maps) > 0) {
		char *file = strchr(line, '/'), *end;

		if (!file)
			continue;
		end = file + strcspn(file, "\n");
		*end = '\0';
		if (end - file > 10 && streq(end - 10, " (deleted)"))
			end[-10] = '\0';
		if (is_library(strrchr(file, '/') + 1, name))
			return path_of_mapping(line, file, pid);
	}
	return NULL;
}

/* A library by its bare name, as gadgets write it, where the process has it. NULL: not found. */
static char *find_library(const char *name, int64_t pid)
{
	static const char *const folders[] = {
		"/lib/" MULTIARCH, "/usr/lib/" MULTIARCH, "/lib64", "/usr/lib64", "/lib",
		"/usr/lib",	   "/usr/local/lib",
	};
	_cleanup_free_ char *root =
		pid > 0 ? xasprintf("/proc/%lld/root", (long long)pid) : xstrdup("");
	char *path = pid > 0 ? library_of(pid, name) : NULL;

	for (size_t i = 0; i < ARRAY_LEN(folders) && !path; i++)
		path = library_in(root, folders[i], name);
	return path;
}

bool user_library_exists(const char *section_target, char *reason, size_t size)
{
	_cleanup_free_ char *name = xstrndup(section_target, strcspn(section_target, ":"));
	_cleanup_free_ char *path = NULL;

	if (!has_prefix(name, "lib") || strchr(name, '/'))
		return true;
	path = find_library(name, -1);
	if (!path)
		snprintf(reason, size, "this machine has no library '%s'", name);
	return path;
}

/*
 * The path as this process reaches it: a process in a container means its own files. A name
 * without a folder is left to libbpf, which knows where libraries and programs are.
 */
static char *path_for_pid(const char *path, int64_t pid)
{
	_cleanup_free_ char *inside = NULL;
	struct stat there, here;

	if (!strchr(path, '/') && (pid > 0 || !strstr(path, ".so"))) {
		inside = find_library(path, pid);
		return inside ? steal_ptr(&inside) : xstrdup(path);
	}
	if (pid < 0 || path[0] != '/')
		return xstrdup(path);
	inside = xasprintf("/proc/%lld/root%s", (long long)pid, path);
	if (stat(inside, &there) < 0)
		return xstrdup(path);
	if (stat(path, &here) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino)
		return xstrdup(path);
	return steal_ptr(&inside);
}

#define USDT_MAX_ARGS 12
#define USDT_ARG_BYTES 16
#define USDT_SPEC_REST 16 /* behind the arguments: a cookie, their number, padding */

/*
 * libbpf copies its own struct __bpf_usdt_spec into this map. Where the object's struct is another
 * one, the program would read its arguments from the wrong places.
 */
int usdt_check(struct bpf_object *obj, const struct prog_plan *plan, struct err *err)
{
	const struct bpf_map *specs = bpf_object__find_map_by_name(obj, "__bpf_usdt_specs");
	uint32_t bytes = specs ? bpf_map__value_size(specs) : 0;

	if (!specs || bytes == USDT_MAX_ARGS * USDT_ARG_BYTES + USDT_SPEC_REST)
		return 0;
	err_exit(err, EXIT_FAILED);
	err_hint(err, "compile it with the header of libbpf %s, as 'bombus build' does",
		 libbpf_version_string());
	return err_set(err, EINVAL,
		       "program '%s' (%s): its <bpf/usdt.bpf.h> describes an argument in %u bytes, "
		       "and libbpf %s in %u",
		       plan->name, plan->section,
		       bytes > USDT_SPEC_REST ? (bytes - USDT_SPEC_REST) / USDT_MAX_ARGS : bytes,
		       libbpf_version_string(), USDT_ARG_BYTES);
}

struct user_target {
	char *path;
	char *provider; /* USDT */
	char *name;	/* function or probe */
	uint64_t offset;
};

static void user_target_release(struct user_target *t)
{
	free(t->path);
	free(t->provider);
	free(t->name);
}

/* Lays "PATH[:[PROVIDER:]NAME]" over what is there already; empty parts change nothing. */
static void user_target_apply(struct user_target *t, const char *text, bool is_usdt)
{
	const char *rest = text + strcspn(text, ":");
	const char *second;

	if (rest > text) {
		free(t->path);
		t->path = xstrndup(text, rest - text);
	}
	if (!*rest++)
		return;
	second = strchr(rest, ':');
	if (is_usdt && second) {
		if (second > rest) {
			free(t->provider);
			t->provider = xstrndup(rest, second - rest);
		}
		rest = second + 1;
	}
	if (*rest) {
		free(t->name);
		t->name = xstrdup(rest);
	}
}

static int user_target_offset(struct user_target *t)
{
	char *plus = strrchr(t->name, '+');
	uint64_t offset;

	/* "0x1234": an offset in the file, without a name. */
	if (!parse_u64(t->name, &t->offset)) {
		free(steal_ptr(&t->name));
		return 0;
	}
	if (!plus)
		return 0;
	if (parse_u64(plus + 1, &offset))
		return -EINVAL;
	*plus = '\0';
	t->offset = offset;
	return 0;
}

static int attach_user_at(struct attach_job *job, const struct user_target *t, const char *path)
{
	pid_t pid = (pid_t)job->target.pid;
	uint64_t offset = t->offset, function;
	const char *name = t->name;

	if (job->type->hook == HOOK_USDT)
		return attachments_add_link(
			job,
			bpf_program__attach_usdt(job->prog, pid, path, t->provider, t->name, NULL));
	if (name && elf_default_version(path, name, &function)) {
		offset += function;
		name = NULL;
	}
	{
		LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = name, .retprobe = job->type->ret);

		return attachments_add_link(
			job, bpf_program__attach_uprobe_opts(job->prog, pid, path, offset, &opts));
	}
}

/* Two containers of an image have one file, which shows under a device of each. */
static bool is_known(const struct stat *seen, size_t count, const struct stat *st)
{
	for (size_t i = 0; i < count; i++)
		if (seen[i].st_ino == st->st_ino && seen[i].st_size == st->st_size &&
		    seen[i].st_mtim.tv_sec == st->st_mtim.tv_sec &&
		    seen[i].st_mtim.tv_nsec == st->st_mtim.tv_nsec)
			return true;
	return false;
}

/* In the files of each of these processes, once in each file; some of them may not have it. */
static int attach_in_files(struct attach_job *job, const struct user_target *t)
{
	struct stat seen[TARGET_FILES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < job->target.nfiles; i++) {
		_cleanup_free_ char *path = path_for_pid(t->path, job->target.files[i]);
		int rc;

		if (!strchr(path, '/') || stat(path, &seen[count]) < 0 ||
		    is_known(seen, count, &seen[count]))
			continue;
		count++;
		rc = attach_user_at(job, t, path);
		if (rc < 0)
			return rc;
	}
	return count ? 0 : -ENOENT;
}

int attach_user(struct attach_job *job, struct err *err)
{
	_cleanup_(user_target_release) struct user_target t = { 0 };
	_cleanup_free_ char *path = NULL;
	bool is_usdt = job->type->hook == HOOK_USDT;
	int64_t owner = job->target.pid > 0  ? job->target.pid
			: job->target.nfiles ? job->target.files[0]
					     : -1;
	const char *section_target;
	int rc;

	hook_of(job->plan->section, &section_target);
	user_target_apply(&t, section_target, is_usdt);
	if (job->given)
		user_target_apply(&t, job->target.head, is_usdt);
	if (!t.path && owner > 0)
		t.path = xasprintf("/proc/%lld/exe", (long long)owner);
	if (!t.path)
		return target_usage(job->plan, job->type, "which binary?", err);
	if (!t.name || (is_usdt && !t.provider))
		return target_usage(job->plan, job->type,
				    is_usdt ? "which probe?" : "which function?", err);
	path = path_for_pid(t.path, owner);
	if (!is_usdt && user_target_offset(&t) < 0)
		rc = -EINVAL;
	else
		rc = job->target.nfiles ? attach_in_files(job, &t) : attach_user_at(job, &t, path);
	return rc < 0 ? explain_attach(job->plan, rc, err) : 0;
}

// SPDX-License-Identifier: Apache-2.0
/* Probes in programs and libraries: uprobe, uretprobe and USDT. */
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/attach/attach_internal.h"
#include "runner/load/kernel/features.h"

#ifdef __x86_64__
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#else
#define MULTIARCH "."
#endif

/* "libc" in one folder, whatever its version: "libc.so.6". The last name is the newest. */
static char *library_in(const char *root, const char *folder, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s%s", root, folder), *found = NULL;
	size_t len = strlen(name);
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		const char *file = entry->d_name;

		if (strncmp(file, name, len) != 0 || !has_prefix(file + len, ".so.") ||
		    (found && strcmp(file, found) <= 0))
			continue;
		free(found);
		found = xstrdup(file);
	}
	if (dir)
		closedir(dir);
	return found ? xasprintf("%s/%s", path, found) : NULL;
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

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		char *path = library_in(root, folders[i], name);

		if (path)
			return path;
	}
	return NULL;
}

/*
 * The path as this process reaches it: a process in a container means its own files. A name
 * without a folder is left to libbpf, which knows where libraries and programs are.
 */
static char *path_for_pid(const char *path, int64_t pid)
{
	_cleanup_free_ char *inside = NULL;
	struct stat there, here;

	if (!strchr(path, '/') && !strstr(path, ".so")) {
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

static int attach_user_at(struct attach_job *job, struct user_target *t)
{
	_cleanup_free_ char *path = path_for_pid(t->path, job->target.pid);
	pid_t pid = (pid_t)job->target.pid;

	if (job->type->hook == HOOK_USDT)
		return attachments_add_link(
			job,
			bpf_program__attach_usdt(job->prog, pid, path, t->provider, t->name, NULL));
	if (user_target_offset(t) < 0)
		return -EINVAL;
	{
		LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = t->name,
			    .retprobe = job->type->ret);

		return attachments_add_link(job, bpf_program__attach_uprobe_opts(
							 job->prog, pid, path, t->offset, &opts));
	}
}

int attach_user(struct attach_job *job, struct err *err)
{
	_cleanup_(user_target_release) struct user_target t = { 0 };
	bool is_usdt = job->type->hook == HOOK_USDT;
	const char *section_target;
	int rc;

	hook_of(job->plan->section, &section_target);
	user_target_apply(&t, section_target, is_usdt);
	if (job->given)
		user_target_apply(&t, job->target.head, is_usdt);
	if (!t.path && job->target.pid > 0)
		t.path = xasprintf("/proc/%lld/exe", (long long)job->target.pid);
	if (!t.path)
		return target_usage(job->plan, job->type, "which binary?", err);
	if (!t.name || (is_usdt && !t.provider))
		return target_usage(job->plan, job->type,
				    is_usdt ? "which probe?" : "which function?", err);
	rc = attach_user_at(job, &t);
	return rc < 0 ? explain_attach(job->plan, rc, err) : 0;
}

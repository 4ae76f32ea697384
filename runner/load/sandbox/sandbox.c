// SPDX-License-Identifier: Apache-2.0
#include "runner/load/sandbox/sandbox.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/sandbox/seccomp.h"

#define PATHS_MAX 64
#define NOT_READABLE 1 /* the first exit status of a child, for the first file */
#define NO_USER 99

/* Names of users, hosts and time zones; certificates; libraries; CPUs, devices and cgroups; this
 * process's own figures. Terminals are opened before. */
static const struct landlock_path of_system[] = {
	{ "/etc" },	  { "/usr" },	      { "/lib" },      { "/lib64" },	   { "/proc" },
	{ "/sys" },	  { "/run" },	      { "/dev/null" }, { "/dev/urandom" }, { "/nix/store" },
	{ "/gnu/store" }, { "/var/lib/sss" }, { "/dev/tty" },
};

/* Another file takes its place when it is renewed: the folder counts. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? xstrdup(".") : xstrndup(path, (size_t)MAX(slash - path, (ptrdiff_t)1));
}

/* ---- files that are opened again ---- */

static bool may_open(const char *path)
{
	_cleanup_free_ char *folder = folder_of(path);
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT && may_access(folder, X_OK) == 0;
	return may_access(path, S_ISSOCK(st.st_mode) ? W_OK : R_OK) == 0;
}

static _Noreturn void try_files(const struct sandbox *s)
{
	struct err err = { 0 };

	if (privileges_drop(&s->user, 0, &err) < 0)
		_exit(NO_USER);
	for (size_t i = 0; i < s->nreads; i++)
		if (!may_open(s->reads[i]))
			_exit(NOT_READABLE + (int)i);
	_exit(0);
}

/* The first file that the user may not read; NULL: there is none, or it is not known. */
static const char *unreadable(const struct sandbox *s)
{
	int status = 0;
	pid_t child;

	if (!s->nreads || !s->changes_user)
		return NULL;
	child = fork();
	if (child == 0)
		try_files(s);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 0 ||
	    WEXITSTATUS(status) == NO_USER)
		return NULL;
	return s->reads[WEXITSTATUS(status) - NOT_READABLE];
}

static int enter_landlock(const struct sandbox *s)
{
	struct landlock_path paths[PATHS_MAX];
	char *folders[PATHS_MAX];
	size_t count = 0, nfolders = 0;
	int code;

	for (size_t i = 0; i < ARRAY_LEN(of_system); i++)
		paths[count++] = of_system[i];
	for (size_t i = 0; i < s->npaths && count < PATHS_MAX; i++)
		paths[count++] = s->paths[i];
	for (size_t i = 0; i < s->nreads && count < PATHS_MAX; i++) {
		folders[nfolders] = folder_of(s->reads[i]);
		paths[count++] = (struct landlock_path){ .path = folders[nfolders++] };
	}
	code = landlock_enter(paths, count);
	while (nfolders)
		free(folders[--nfolders]);
	return code;
}

static int choose_user(const struct sandbox *s, const struct sandbox_user **ret, struct err *err)
{
	const char *path = unreadable(s);

	*ret = s->changes_user ? &s->user : NULL;
	if (!path)
		return 0;
	if (!s->may_stay) {
		err_hint(err, "--user takes another one");
		return err_set(err, EACCES, "the user %s may not open %s", s->user.name, path);
	}
	log_warn("the user %s may not open %s, so this process stays root, without capabilities; "
		 "--user takes another one",
		 s->user.name, path);
	*ret = NULL;
	return 0;
}

int sandbox_enter(const struct sandbox *s, struct err *err)
{
	const struct sandbox_user *user;
	uint64_t keep = 0;
	int code = privileges_to_read_maps(&keep);

	if (code < 0)
		return err_sys(err, -code, "cannot drop privileges");
	code = choose_user(s, &user, err);
	if (code == 0)
		code = privileges_drop(user, keep, err);
	/* A user namespace may lack the other user, and this process the right to become it. */
	if (code < 0 && user && s->may_stay) {
		log_debug("%s: the user stays", err ? err->msg : "");
		if (err)
			*err = (struct err){ 0 };
		code = privileges_drop(NULL, keep, err);
	}
	if (code < 0)
		return code;
	code = enter_landlock(s);
	if (code < 0)
		log_debug("no Landlock: %s", strerror(-code));
	return seccomp_enter(s->uses, err);
}

void sandbox_describe(struct sandbox_text *ret)
{
	void *lib = dlopen("libseccomp.so.2", RTLD_NOW | RTLD_LOCAL);
	int landlock = landlock_version();
	struct sandbox_user nobody;
	uint64_t keep = 0;

	*ret = (struct sandbox_text){ .has_filter = lib, .has_landlock = landlock };
	privileges_to_read_maps(&keep);
	caps_text(keep, ret->capabilities, SANDBOX_TEXT_MAX);
	if (!keep)
		snprintf(ret->capabilities, SANDBOX_TEXT_MAX, "none");
	sandbox_user_parse(&nobody, NULL, NULL);
	snprintf(ret->user, SANDBOX_TEXT_MAX, "%s",
		 geteuid() == 0 ? nobody.name : "the one that starts it");
	snprintf(ret->calls, SANDBOX_TEXT_MAX,
		 lib ? "those that reading and sending need" : "all: libseccomp2 is not installed");
	if (landlock)
		snprintf(ret->files, SANDBOX_TEXT_MAX,
			 "the system's are read, none is written (Landlock %d)", landlock);
	else
		snprintf(ret->files, SANDBOX_TEXT_MAX,
			 "all of the user: this kernel has no Landlock");
	if (lib)
		dlclose(lib);
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/load/sandbox/files.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/new_file.h"
#include "base/util.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/sandbox/helper.h"
#include "runner/load/sandbox/packet.h"
#include "runner/load/sandbox/privileges.h"
#include "runner/load/sandbox/seccomp.h"

#define OWN_RIGHTS (CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FOWNER))

enum request { NEW = 'n', REPLACE = 'r' };

struct files {
	struct helper helper;
	pthread_mutex_t lock; /* of one request and its answer */
};

/* With two descriptors where code is 0: the file and the desk that names it. */
struct answer {
	int32_t code;
	struct err err;
};

static void confine(unsigned uses)
{
	struct err err = { 0 };

	seccomp_enter(SECCOMP_READS | SECCOMP_STORES | uses, &err);
}

/* ---- one file ---- */

static void entrusted_main(int fd, void *ctx)
{
	struct new_file *file = ctx;

	/* helper_start() moved the descriptor to this number. */
	file->fd = file->aside.fd = HELPER_KEPT_FD;
	privileges_become(NULL, OWN_RIGHTS);
	confine(0);
	new_file_serve(file, fd);
}

int files_entrust(struct new_file *file, struct err *err)
{
	struct helper helper;
	int code;

	if (file->committed || file->fd < 0)
		return 0;
	code = helper_start(&helper, "bombus-file", entrusted_main, file, file->fd);
	if (code < 0)
		return err_sys(err, -code, "cannot start a helper process");
	new_file_entrust(file, helper.fd, helper.pid);
	return 0;
}

/* ---- new ones ---- */

static int open_file(struct new_file *ret, const char *path, bool replace, struct err *err)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
	int code = replace && folder && *folder ? make_dirs(folder, err) : 0;

	return code < 0 ? code : new_file_open(ret, path, replace, err);
}

/* A process for each, which lives until the file has its name or is given up. */
static int serve_file(struct new_file *file, int fd)
{
	int ends[2], fds[2], code = packet_pair(ends);
	struct answer answer = { 0 };
	pid_t child;

	if (code < 0)
		return code;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		close(fd);
		new_file_serve(file, ends[1]);
		_exit(0);
	}
	code = child < 0 ? -errno : 0;
	fds[0] = file->fd;
	fds[1] = ends[0];
	if (code == 0)
		code = packet_send(fd, &answer, sizeof(answer), fds, 2);
	close(ends[0]);
	close(ends[1]);
	return code;
}

static void files_main(int fd, void *ctx)
{
	struct sandbox_user caller;
	char path[PATH_MAX + 2]; /* behind REPLACE or NEW */
	size_t nfds;
	int len;

	if (sandbox_user_caller(&caller))
		privileges_become(&caller, 0);
	else
		privileges_become(NULL, OWN_RIGHTS);
	confine(SECCOMP_FORKS);
	while ((len = packet_receive(fd, path, PATH_MAX + 1, NULL, 0, &nfds)) > 0) {
		struct new_file file = NEW_FILE_INIT;
		struct answer answer = { 0 };

		path[len] = '\0';
		answer.code = open_file(&file, path + 1, path[0] == REPLACE, &answer.err);
		if (answer.code == 0)
			answer.code = serve_file(&file, fd);
		if (answer.code < 0)
			packet_send(fd, &answer, sizeof(answer), NULL, 0);
		new_file_drop(&file);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

int files_start(struct files **ret, struct err *err)
{
	struct helper helper;
	int code = helper_start(&helper, "bombus-files", files_main, NULL, -1);

	if (code < 0)
		return err_sys(err, -code, "cannot start a helper process");
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->helper = helper;
	pthread_mutex_init(&(*ret)->lock, NULL);
	return 0;
}

void files_free(struct files *files)
{
	if (!files)
		return;
	helper_stop(&files->helper);
	pthread_mutex_destroy(&files->lock);
	free(files);
}

static int ask_for(struct files *files, struct new_file *ret, char how, const char *path,
		   struct err *err)
{
	_cleanup_free_ char *request = xasprintf("%c%s", how, path);
	struct answer answer;
	int fds[2], code;
	size_t nfds = 0;

	if (!files)
		return open_file(ret, path, how == REPLACE, err);
	pthread_mutex_lock(&files->lock);
	code = packet_send(files->helper.fd, request, strlen(request), NULL, 0);
	if (code == 0)
		code = packet_receive(files->helper.fd, &answer, sizeof(answer), fds, 2, &nfds);
	pthread_mutex_unlock(&files->lock);
	if (code == sizeof(answer) && answer.code == 0 && nfds == 2) {
		*ret = NEW_FILE_INIT;
		ret->fd = fds[0];
		new_file_entrust(ret, fds[1], 0);
		return 0;
	}
	for (size_t i = 0; i < nfds; i++)
		close(fds[i]);
	if (code == sizeof(answer) && answer.code < 0) {
		if (err)
			*err = answer.err;
		return answer.code;
	}
	return err_sys(err, code < 0 ? -code : EPIPE, "cannot write %s: the helper process", path);
}

int files_new_file(struct files *files, struct new_file *ret, const char *path, struct err *err)
{
	return ask_for(files, ret, NEW, path, err);
}

int files_replace_file(struct files *files, struct new_file *ret, const char *path, struct err *err)
{
	return ask_for(files, ret, REPLACE, path, err);
}

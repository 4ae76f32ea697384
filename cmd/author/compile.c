// SPDX-License-Identifier: Apache-2.0
/*
 * clang is run without a shell; the object comes back through a pipe, so that nothing is left
 * behind when one of us is killed. Paths are mapped to what does not depend on the machine: they
 * would else stand in the line information that BTF keeps.
 */
#include "cmd/author/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/author/headers.h"
#include "cmd/author/paths.h"
#include "cmd/author/precompiled.h"
#include "cmd/author/refusal.h"
#include "oci/image.h"
#include "runner/load/elf/elf.h"
#include "runner/load/elf/record_types.h"
#include "runner/load/elf/strip.h"

#define MAX_UNSTRIPPED_BYTES (4 * (size_t)IMAGE_MAX_PROGRAM_BYTES)
#define MAX_SAID_BYTES (4u << 20)
#define MAX_CFLAGS_BYTES (64u << 10)
#define MAX_FILES_BYTES (1u << 20)
/* Where clang lists the files that it read; below the folders' descriptors. */
#define FILES_FD (PATHS_FIRST_FD - 1)

extern char **environ;

static const struct platform platforms[] = {
	{ "linux/amd64", "x86_64", "x86", "x86_64-linux-gnu" },
	{ "linux/arm64", "aarch64", "arm64", "aarch64-linux-gnu" },
	{ "linux/arm", "armv7l", "arm", "arm-linux-gnueabihf" },
	{ "linux/riscv64", "riscv64", "riscv", "riscv64-linux-gnu" },
	{ "linux/ppc64le", "ppc64le", "powerpc", "powerpc64le-linux-gnu" },
	{ "linux/loong64", "loongarch64", "loongarch", "loongarch64-linux-gnu" },
	{ "linux/mips64le", "mips64", "mips", "mips64el-linux-gnuabi64" },
	{ "linux/s390x", "s390x", "s390", "s390x-linux-gnu", true },
};

static bool host_big_endian(void)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

int platform_find(const char *name, const struct platform **ret, struct err *err)
{
	const char *names[ARRAY_LEN(platforms)], *near;
	const struct platform *found = NULL;
	struct utsname uts = { 0 };

	uname(&uts);
	for (size_t i = 0; i < ARRAY_LEN(platforms); i++) {
		const struct platform *p = &platforms[i];

		names[i] = p->name;
		if (name ? streq(p->name, name) || streq(p->name + strlen("linux/"), name)
			 : streq(p->machine, uts.machine))
			found = p;
	}
	if (!found && !name) {
		err_hint(err, "--platform names another: linux/amd64, linux/arm64, ...");
		return err_set(err, ENOTSUP, "the machine %s has no known platform", uts.machine);
	}
	if (!found) {
		near = suggest_from(name, names, ARRAY_LEN(names));
		if (near)
			err_hint(err, "did you mean %s?", near);
		else
			err_hint(err, "such as linux/amd64 or linux/arm64");
		return err_usage(err, "no platform '%s'", name);
	}
	if (found->big_endian != host_big_endian()) {
		err_hint(err, "build it on a machine of that kind");
		return err_usage(err, "%s has another byte order than this machine", found->name);
	}
	*ret = found;
	return 0;
}

/* --- clang's arguments ----------------------------------------------------------------------- */

struct args {
	struct arena arena;
	struct words words;
	struct paths *paths; /* borrowed */
};

static void args_release(struct args *args)
{
	words_release(&args->words);
	arena_release(&args->arena);
}

#define args_add(args, ...) words_add(&(args)->words, arena_printf(&(args)->arena, __VA_ARGS__))

/* Splits as a shell does, as far as quotes and backslashes go; nothing is expanded. */
static int add_cflags(struct args *args, const char *text, struct err *err)
{
	_cleanup_strbuf_ struct strbuf word = STRBUF_INIT(MAX_CFLAGS_BYTES);
	bool in_word = false;
	char quote = '\0';

	for (const char *c = text; *c; c++) {
		if (*c == '\\' && quote != '\'' && c[1]) {
			strbuf_addc(&word, *++c);
			in_word = true;
		} else if (quote ? *c == quote : *c == '\'' || *c == '"') {
			quote = quote ? '\0' : *c;
			in_word = true;
		} else if (!quote && (*c == ' ' || *c == '\t' || *c == '\n')) {
			if (in_word)
				args_add(args, "%s", strbuf_str(&word));
			strbuf_reset(&word);
			in_word = false;
		} else {
			strbuf_addc(&word, *c);
			in_word = true;
		}
	}
	if (quote)
		return err_usage(err, "--cflags: no closing %c in: %s", quote, text);
	if (word.full)
		return err_usage(err, "--cflags: longer than %u bytes", MAX_CFLAGS_BYTES);
	if (in_word)
		args_add(args, "%s", strbuf_str(&word));
	return 0;
}

/* The folder of word `i`, which is an option that adds one; NULL: it is another word. */
static const char *include_of(const struct words *cflags, size_t i)
{
	static const char *const options[] = { "-I", "-isystem", "-iquote", "-idirafter" };

	for (size_t k = 0; k < ARRAY_LEN(options); k++) {
		const char *word = cflags->words[i];
		size_t len = strlen(options[k]);

		if (!word || !has_prefix(word, options[k]))
			continue;
		if (word[len])
			return word + len;
		return i + 1 < cflags->count ? cflags->words[i + 1] : NULL;
	}
	return NULL;
}

static bool holds_vmlinux(const char *dir, int len)
{
	_cleanup_free_ char *path = xasprintf("%.*s/vmlinux.h", len, dir);

	return may_access(path, R_OK) == 0;
}

/* Whether there is a vmlinux.h beside the source or in a folder that --cflags name. */
static bool brings_vmlinux(const char *source, const struct words *cflags)
{
	const char *slash = strrchr(source, '/');

	if (holds_vmlinux(slash ? source : ".", slash ? (int)(slash - source) : 1))
		return true;
	for (size_t i = 0; i < cflags->count && cflags->words[i]; i++) {
		const char *dir = include_of(cflags, i);

		if (dir && *dir && holds_vmlinux(dir, (int)strlen(dir)))
			return true;
	}
	return false;
}

/* Names in debug information become those of BTF; others are what __FILE__ gives. */
static void map_folder(struct args *args, const char *dir, const char *name, const char *shown)
{
	args_add(args, "-fdebug-prefix-map=%s/=%s", dir, name);
	args_add(args, "-fmacro-prefix-map=%s/=%s%s", dir, shown, *shown ? "/" : "");
}

static void add_include(struct args *args, const char *option, const char *dir, const char *shown)
{
	_cleanup_free_ char *name = paths_add(args->paths, dir, shown);

	args_add(args, "%s", option);
	args_add(args, "%s", dir);
	map_folder(args, dir, name, shown);
}

static void map_cflags(struct args *args, const struct words *cflags)
{
	for (size_t i = 0; i < cflags->count; i++) {
		const char *word = include_of(cflags, i);
		_cleanup_free_ char *dir = word && *word ? xstrdup(word) : NULL, *name = NULL;

		if (!dir)
			continue;
		for (size_t len = strlen(dir); len > 1 && dir[len - 1] == '/';)
			dir[--len] = '\0';
		name = paths_add(args->paths, dir, "include");
		map_folder(args, dir, name, "include");
	}
}

/* The words that decide how a header is read. */
static void add_common(struct args *args, const struct platform *platform)
{
	const char *clang = getenv("BOMBUS_CLANG");

	args_add(args, "%s", clang && *clang ? clang : "clang");
	args_add(args, "-g");
	args_add(args, "-gdwarf-5");
	args_add(args, "-gembed-source");
	args_add(args, "-O2");
	args_add(args, "-Wall");
	args_add(args, "-target");
	args_add(args, "bpf");
	args_add(args, "-D__TARGET_ARCH_%s", platform->target);
}

static void make_args(struct args *args, const char *source, const struct compile_opts *o,
		      const struct words *cflags, const char *own, const char *vmlinux,
		      const char *precompiled)
{
	const char *slash = strrchr(source, '/');
	_cleanup_free_ char *machine = xasprintf("/usr/include/%s", o->platform->headers);
	_cleanup_free_ char *dir =
		slash ? xstrndup(source, (size_t)(slash - source)) : xstrdup(".");
	_cleanup_free_ char *name = paths_add(args->paths, *dir ? dir : "/", "");

	add_common(args, o->platform);
	args_add(args, "-fdebug-compilation-dir=/proc/self/fd/%d", PATHS_FIRST_FD);
	map_cflags(args, cflags);
	if (*dir)
		map_folder(args, dir, name, "");
	if (o->color)
		args_add(args, "-fcolor-diagnostics");
	for (size_t i = 0; i < cflags->count; i++)
		args_add(args, "%s", cflags->words[i]);
	if (own)
		add_include(args, "-I", own, "bombus-include");
	if (vmlinux)
		add_include(args, "-idirafter", vmlinux, "vmlinux");
	/* <linux/types.h> includes <asm/types.h>, which clang does not find for the target bpf. */
	if (may_access(machine, F_OK) == 0)
		add_include(args, "-idirafter", machine, "machine");
	if (precompiled) {
		args_add(args, "-include-pch");
		args_add(args, "%s", precompiled);
	}
	if (o->files) {
		args_add(args, "-MMD");
		args_add(args, "-MF");
		args_add(args, "/proc/self/fd/%d", FILES_FD);
	}
	args_add(args, "-c");
	args_add(args, "-x");
	args_add(args, "c");
	args_add(args, "-o");
	args_add(args, "-");
	/* A name that begins with a dash would be an option. */
	args_add(args, "%s%s", *source == '-' ? "./" : "", source);
	words_add(&args->words, NULL);
}

/* --- running it ------------------------------------------------------------------------------ */

struct child {
	pid_t pid;
	int out_fd, said_fd;
	int files_fd; /* a file in memory; -1: none */
};

static void child_release(struct child *child)
{
	close_fd(&child->out_fd);
	close_fd(&child->said_fd);
	close_fd(&child->files_fd);
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
}

static int spawn(struct child *child, char *const argv[], const struct paths *paths, int out_fd,
		 int said_fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t pipe_signal, none;
	int code;

	sigemptyset(&none);
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &pipe_signal);
	posix_spawnattr_setsigmask(&attr, &none); /* a helper process blocks all of them */
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, said_fd, STDERR_FILENO);
	if (child->files_fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, child->files_fd, FILES_FD);
	for (size_t i = 0; i < paths->count; i++)
		posix_spawn_file_actions_adddup2(&actions, paths->folders[i].fd,
						 PATHS_FIRST_FD + (int)i);
	code = posix_spawnp(&child->pid, argv[0], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (code)
		child->pid = 0;
	return -code;
}

static int start_clang(struct child *child, const struct paths *paths, char *const argv[],
		       struct err *err)
{
	int out[2] = { -1, -1 }, said[2] = { -1, -1 }, rc;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(said, O_CLOEXEC) < 0) {
		rc = err_sys(err, errno, "pipe");
		close_fd(&out[0]);
		close_fd(&out[1]);
		return rc;
	}
	rc = spawn(child, argv, paths, out[1], said[1]);
	close(out[1]);
	close(said[1]);
	child->out_fd = out[0];
	child->said_fd = said[0];
	if (rc == -ENOENT) {
		err_hint(err, "apt install clang (version 14 or later), or set BOMBUS_CLANG to its "
			      "path");
		return err_set(err, ENOENT, "%s is not installed", argv[0]);
	}
	return rc < 0 ? err_sys(err, -rc, "cannot run %s", argv[0]) : 0;
}

/* What does not fit is read all the same, so that clang can end. */
static void take(struct pollfd *p, struct strbuf *into)
{
	char bytes[1 << 16];
	ssize_t n;

	if (!(p->revents & (POLLIN | POLLHUP | POLLERR)))
		return;
	n = read(p->fd, bytes, sizeof(bytes));
	if (n > 0)
		strbuf_add(into, bytes, (size_t)n);
	else if (n == 0 || errno != EINTR)
		p->fd = -1;
}

static int read_clang(struct child *child, struct strbuf *out, struct strbuf *said, struct err *err)
{
	struct pollfd fds[] = { { child->out_fd, POLLIN }, { child->said_fd, POLLIN } };
	int status = 0;

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "poll");
		take(&fds[0], out);
		take(&fds[1], said);
	}
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
	return status;
}

/* --- what it made ---------------------------------------------------------------------------- */

static int judge(int status, const char *source, const struct strbuf *out, const char *clang,
		 struct err *err)
{
	if (WIFSIGNALED(status))
		return err_set(err, EINTR, "%s was ended by signal %d", clang, WTERMSIG(status));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(err, ENOENT, "%s cannot be run", clang);
	if (status != 0)
		return err_set(err, EINVAL, "%s does not compile", source);
	if (out->full)
		return err_set(err, EFBIG, "%s gives an object of more than %zu MiB", source,
			       MAX_UNSTRIPPED_BYTES >> 20);
	if (!out->len)
		return err_set(err, EIO, "%s wrote no object; --cflags may tell it not to", clang);
	return 0;
}

/* --- the files that it read ------------------------------------------------------------------ */

/* The next path of a makefile's rule, unescaped; NULL: there is none. */
static char *next_path(const char **at)
{
	const char *c = *at;
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT(PATH_MAX);

	while (*c == ' ' || *c == '\n' || (*c == '\\' && c[1] == '\n'))
		c++;
	if (!*c)
		return NULL;
	for (; *c && *c != ' ' && *c != '\n'; c++) {
		if ((*c == '\\' && (c[1] == ' ' || c[1] == '#')) || (*c == '$' && c[1] == '$'))
			c++;
		strbuf_addc(&path, *c);
	}
	*at = c;
	return strbuf_steal(&path);
}

/* The rule reads "-: x.bpf.c \ NEWLINE own.h"; the headers of bombus do not change. */
static void list_files(const char *rule, const char *own, struct strbuf *files)
{
	const char *at = strstr(rule, ": ");
	char *path;

	at = at ? at + 2 : "";
	while ((path = next_path(&at))) {
		if (!own || !has_prefix(path, own))
			strbuf_addf(files, "%s\n", path);
		free(path);
	}
}

static void read_files(int fd, const char *own, struct strbuf *files)
{
	_cleanup_free_ void *rule = NULL;
	size_t len;

	if (fd >= 0 && lseek(fd, 0, SEEK_SET) == 0 &&
	    read_fd(fd, "", MAX_FILES_BYTES, &rule, &len, NULL) == 0)
		list_files(rule, own, files);
}

static int run_clang(const char *source, const struct compile_opts *o, struct args *args,
		     const char *own, const struct err *vmlinux_err, struct strbuf *out,
		     struct err *err)
{
	_cleanup_(child_release) struct child child = { 0, -1, -1, -1 };
	_cleanup_strbuf_ struct strbuf said = STRBUF_INIT(MAX_SAID_BYTES);
	char **argv = (char **)args->words.words;
	int rc;

	if (o->files)
		child.files_fd = memfd_create("bombus-files", MFD_CLOEXEC);
	rc = start_clang(&child, args->paths, argv, err);
	if (rc < 0)
		return rc;
	rc = read_clang(&child, out, &said, err);
	if (rc < 0)
		return rc;
	if (o->files)
		read_files(child.files_fd, own, o->files);
	if (o->said)
		strbuf_add(o->said, strbuf_str(&said), said.len);
	else if (rc != 0 || !o->quiet)
		fwrite(strbuf_str(&said), 1, said.len, stderr);
	if (rc != 0)
		refusal_explain(strbuf_str(&said), o, vmlinux_err, err);
	return judge(rc, source, out, argv[0], err);
}

static void log_command(const struct words *words)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT(MAX_CFLAGS_BYTES);

	for (size_t i = 0; i < words->count && words->words[i]; i++)
		strbuf_addf(&line, "%s%s", i ? " " : "", words->words[i]);
	log_debug("%s", strbuf_str(&line));
}

/* What all runs of clang for one program have in common. */
struct task {
	const char *source;
	const struct compile_opts *opts;
	const struct words *cflags;
	const char *own; /* folder of bombus's headers; NULL: there is none */
	struct headers *vmlinux;
	const struct err *vmlinux_err; /* why there is none */
};

static int compile_once(const struct task *task, const char *precompiled, void **ret,
			size_t *ret_len, struct err *err)
{
	_cleanup_(paths_release) struct paths paths = { 0 };
	_cleanup_(args_release) struct args args = { .paths = &paths };
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT(MAX_UNSTRIPPED_BYTES);
	_cleanup_(elf_image_release) struct elf_image image = { 0 };
	int rc = paths_init(&paths, task->source, err);

	if (rc < 0)
		return rc;
	make_args(&args, task->source, task->opts, task->cflags, task->own, task->vmlinux->dir,
		  precompiled);
	log_command(&args.words);
	rc = run_clang(task->source, task->opts, &args, task->own, task->vmlinux_err, &out, err);
	if (rc < 0)
		return rc;
	paths_shorten(&paths, out.buf, out.len);
	image.len = out.len;
	image.bytes = strbuf_steal(&out);
	elf_find_records(&image); /* from DWARF, which elf_strip() removes */
	rc = elf_strip(image.bytes, image.len, ret, ret_len, err);
	if (rc < 0)
		err_wrap(err, "%s", task->source);
	return rc;
}

/* NULL: vmlinux.h is read as it is. */
static char *find_precompiled(const struct task *task)
{
	_cleanup_(args_release) struct args common = { 0 };

	if (!task->opts->fast || !task->vmlinux->dir || task->vmlinux->temporary ||
	    task->cflags->count || !precompiled_fits(task->source))
		return NULL;
	add_common(&common, task->opts->platform);
	return precompiled_header(task->vmlinux->dir, &common.words);
}

/* What is refused with the precompiled header may be its fault. */
static int compile_fast(const struct task *task, void **ret, size_t *ret_len, struct err *err)
{
	_cleanup_free_ char *precompiled = find_precompiled(task);
	_cleanup_strbuf_ struct strbuf said = STRBUF_INIT(MAX_SAID_BYTES);
	struct compile_opts opts = *task->opts;
	struct task fast = *task;
	struct err why = { 0 };

	if (!precompiled)
		return compile_once(task, NULL, ret, ret_len, err);
	fast.opts = &opts;
	opts.said = &said;
	if (compile_once(&fast, precompiled, ret, ret_len, &why) < 0)
		return compile_once(task, NULL, ret, ret_len, err);
	if (task->opts->said)
		strbuf_add(task->opts->said, strbuf_str(&said), said.len);
	else if (!task->opts->quiet)
		fwrite(strbuf_str(&said), 1, said.len, stderr);
	return 0;
}

int compile_program(const char *source, const struct compile_opts *o, void **ret, size_t *ret_len,
		    struct err *err)
{
	_cleanup_(args_release) struct args cflags = { 0 };
	_cleanup_(headers_release) struct headers vmlinux = { 0 };
	_cleanup_free_ char *own = headers_own();
	struct err vmlinux_err = { 0 };
	const struct task task = { source, o, &cflags.words, own, &vmlinux, &vmlinux_err };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < o->cflags.count; i++)
		rc = add_cflags(&cflags, o->cflags.words[i], err);
	if (rc < 0)
		return rc;
	/* Not every program wants it: that there is none only counts when clang misses it. */
	if (o->vmlinux_btf || !brings_vmlinux(source, &cflags.words)) {
		rc = headers_vmlinux(o->vmlinux_btf, &vmlinux, &vmlinux_err);
		if (rc < 0 && o->vmlinux_btf) {
			*err = vmlinux_err;
			return rc;
		}
	}
	return compile_fast(&task, ret, ret_len, err);
}

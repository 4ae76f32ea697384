// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/attach_internal.h"
#include "runner/load/features.h"

#define RELEASE_THREADS 8
#define RELEASE_STACK (128 << 10)

struct attachment {
	uint32_t prog_index;
	struct bpf_link *link;
	int fd; /* a link made without libbpf, a socket, or a guard's pipe; -1 */
	bool fd_is_link;
	pid_t guard; /* 0: none */
	bool alone;  /* libbpf keeps books for these: one at a time */
};

struct attachments {
	struct attachment *items;
	size_t count;
};

/* ---- the list ---- */

struct attachments *attachments_new(void)
{
	return xcalloc(1, sizeof(struct attachments));
}

static void attachment_release(struct attachment *a)
{
	if (a->link)
		bpf_link__destroy(steal_ptr(&a->link));
	close_fd(&a->fd);
	a->fd = -1;
	while (a->guard > 0 && waitpid(a->guard, NULL, 0) < 0 && errno == EINTR)
		;
	a->guard = 0;
}

/*
 * Closing a tracepoint or probe waits for every CPU to leave it, some 50 ms. Several threads wait
 * at the same time.
 */
struct release_work {
	struct attachments *list;
	size_t next;
};

static void *release_some(void *ctx)
{
	struct release_work *work = ctx;
	size_t i;

	while ((i = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED)) < work->list->count)
		if (!work->list->items[i].alone)
			attachment_release(&work->list->items[i]);
	return NULL;
}

static void release_together(struct attachments *list)
{
	struct release_work work = { .list = list };
	pthread_t threads[RELEASE_THREADS];
	size_t started = 0;
	pthread_attr_t attr;

	if (list->count < 2)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, RELEASE_STACK);
	while (started < MIN(list->count - 1, (size_t)RELEASE_THREADS) &&
	       pthread_create(&threads[started], &attr, release_some, &work) == 0)
		started++;
	pthread_attr_destroy(&attr);
	release_some(&work);
	while (started)
		pthread_join(threads[--started], NULL);
}

void attachments_free(struct attachments *list)
{
	if (!list)
		return;
	release_together(list);
	while (list->count)
		attachment_release(&list->items[--list->count]);
	free(list->items);
	free(list);
}

static struct attachment *attachments_add(struct attach_job *job)
{
	struct attachments *list = job->list;

	list->items = xreallocarray(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count] = (struct attachment){
		.prog_index = job->plan->index,
		.fd = -1,
		.alone = job->type->hook == HOOK_USDT || job->type->hook == HOOK_TC,
	};
	return &list->items[list->count++];
}

int attachments_add_link(struct attach_job *job, struct bpf_link *link)
{
	long failed = libbpf_get_error(link);

	if (failed || !link)
		return failed ? (int)failed : -EOPNOTSUPP;
	attachments_add(job)->link = link;
	return 0;
}

void attachments_add_fd(struct attach_job *job, int fd, bool is_link)
{
	struct attachment *a = attachments_add(job);

	a->fd = fd;
	a->fd_is_link = is_link;
}

void attachments_add_guard(struct attach_job *job, pid_t child, int pipe_fd)
{
	struct attachment *a = attachments_add(job);

	a->fd = pipe_fd;
	a->guard = child;
}

bool attachments_has(const struct attachments *list, uint32_t prog_index)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].prog_index == prog_index)
			return true;
	return false;
}

int attachments_link_fd(const struct attachments *list, uint32_t prog_index)
{
	for (size_t i = 0; list && i < list->count; i++) {
		const struct attachment *a = &list->items[i];

		if (a->prog_index != prog_index)
			continue;
		if (a->link)
			return bpf_link__fd(a->link);
		if (a->fd_is_link)
			return a->fd;
	}
	return -1;
}

/* ---- targets ---- */

static int target_option(struct target *target, const char *option, struct err *err)
{
	uint64_t number;

	if (has_prefix(option, "pid=")) {
		if (parse_u64(option + 4, &number) || number == 0 || number > INT32_MAX) {
			err_exit(err, EXIT_USAGE);
			return err_set(err, EINVAL, "'%s' is not a process id", option + 4);
		}
		target->pid = (int64_t)number;
		return 0;
	}
	if (has_prefix(option, "period=")) {
		if (parse_u64(option + 7, &target->period) || target->period == 0) {
			err_exit(err, EXIT_USAGE);
			return err_set(err, EINVAL, "'%s' is not a period", option + 7);
		}
		return 0;
	}
	return -ENOENT;
}

int target_parse(const char *word, struct target *ret, struct err *err)
{
	_cleanup_free_ char *head = xstrdup(word);
	struct target target = { .pid = -1, .none = streq(word, "none") };

	/* Options are taken from the end, so that a path may have a comma in it. */
	while (true) {
		char *comma = strrchr(head, ',');
		char *option = comma ? comma + 1 : head;
		int rc;

		rc = target_option(&target, option, err);
		if (rc == -ENOENT)
			break;
		if (rc < 0)
			return rc;
		*(comma ? comma : head) = '\0';
		if (!comma)
			break;
	}
	target.head = steal_ptr(&head);
	*ret = target;
	return 0;
}

void target_release(struct target *target)
{
	free(target->head);
	target->head = NULL;
}

static int usage_form(const struct prog_plan *plan, const struct hook_type *type, const char *what,
		      struct err *err)
{
	err_exit(err, EXIT_USAGE);
	err_set(err, EINVAL, "program '%s' (%s): %s", plan->name, plan->section, what);
	if (type->form)
		err_hint(err, "--attach %s=%s", plan->name, type->form);
	return -EINVAL;
}

/* ---- kinds that attach to functions of the kernel and of programs ---- */

static int attach_by_name(struct attach_job *job)
{
	const char *head = job->target.head;
	size_t cut;

	switch (job->type->hook) {
	case HOOK_TRACEPOINT: {
		_cleanup_free_ char *category = NULL;

		cut = strcspn(head, "/:");
		if (!cut || !head[cut])
			return -EINVAL;
		category = xstrndup(head, cut);
		return attachments_add_link(
			job, bpf_program__attach_tracepoint(job->prog, category, head + cut + 1));
	}
	case HOOK_RAW_TP:
		return attachments_add_link(job,
					    bpf_program__attach_raw_tracepoint(job->prog, head));
	case HOOK_KPROBE: {
		LIBBPF_OPTS(bpf_kprobe_opts, opts, .retprobe = job->type->ret);
		_cleanup_free_ char *func = NULL;
		uint64_t offset = 0;

		cut = strcspn(head, "+");
		func = xstrndup(head, cut);
		if (head[cut] && parse_u64(head + cut + 1, &offset))
			return -EINVAL;
		opts.offset = offset;
		return attachments_add_link(
			job, bpf_program__attach_kprobe_opts(job->prog, func, &opts));
	}
	case HOOK_KPROBE_MULTI: {
		LIBBPF_OPTS(bpf_kprobe_multi_opts, opts, .retprobe = job->type->ret);

		return attachments_add_link(
			job, bpf_program__attach_kprobe_multi_opts(job->prog, head, &opts));
	}
	case HOOK_KSYSCALL: {
		LIBBPF_OPTS(bpf_ksyscall_opts, opts, .retprobe = job->type->ret);

		return attachments_add_link(job,
					    bpf_program__attach_ksyscall(job->prog, head, &opts));
	}
	default: /* the BTF kinds: attach_prepare() has told libbpf the name */
		return attachments_add_link(job, bpf_program__attach(job->prog));
	}
}

static int attach_kernel(struct attach_job *job, struct err *err)
{
	int rc = job->given ? attach_by_name(job) :
			      attachments_add_link(job, bpf_program__attach(job->prog));

	if (rc == -EINVAL && job->type->hook == HOOK_TRACEPOINT && !strpbrk(job->text, "/:"))
		return usage_form(job->plan, job->type, "a tracepoint has a category", err);
	return rc < 0 ? explain_attach(job->plan, rc, err) : 0;
}

/*
 * The path as this process reaches it: a process in a container means its own files. A name
 * without a folder is left to libbpf, which knows where libraries and programs are.
 */
static char *path_for_pid(const char *path, int64_t pid)
{
	_cleanup_free_ char *inside = NULL;
	struct stat there, here;

	if (pid < 0 || path[0] != '/')
		return xstrdup(path);
	inside = xasprintf("/proc/%lld/root%s", (long long)pid, path);
	if (stat(inside, &there) < 0)
		return xstrdup(path);
	if (stat(path, &here) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino)
		return xstrdup(path);
	return steal_ptr(&inside);
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
		return attachments_add_link(job,
					    bpf_program__attach_usdt(job->prog, pid, path,
								     t->provider, t->name, NULL));
	if (user_target_offset(t) < 0)
		return -EINVAL;
	{
		LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = t->name,
			    .retprobe = job->type->ret);

		return attachments_add_link(job, bpf_program__attach_uprobe_opts(job->prog, pid,
										 path, t->offset,
										 &opts));
	}
}

static int attach_user(struct attach_job *job, struct err *err)
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
		return usage_form(job->plan, job->type, "which binary?", err);
	if (!t.name || (is_usdt && !t.provider))
		return usage_form(job->plan, job->type,
				  is_usdt ? "which probe?" : "which function?", err);
	rc = attach_user_at(job, &t);
	return rc < 0 ? explain_attach(job->plan, rc, err) : 0;
}

/* What an iterator walks over: one process, one cgroup, or a map of the object. */
static int attach_iter(struct attach_job *job, struct err *err)
{
	LIBBPF_OPTS(bpf_iter_attach_opts, opts);
	union bpf_iter_link_info info = { 0 };
	const char *head = job->target.head;
	_cleanup_close_ int cgroup = -1;
	struct bpf_map *map;
	int rc;

	if (job->target.pid > 0) {
		info.task.pid = (__u32)job->target.pid;
	} else if (job->given && head[0] == '/') {
		cgroup = open(head, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (cgroup < 0)
			return err_sys(err, errno, "program '%s': %s", job->plan->name, head);
		info.cgroup.cgroup_fd = cgroup;
		info.cgroup.order = BPF_CGROUP_ITER_DESCENDANTS_PRE;
	} else if (job->given) {
		map = bpf_object__find_map_by_name(job->obj, head);
		if (!map)
			return usage_form(job->plan, job->type, "no such map to walk over", err);
		info.map.map_fd = bpf_map__fd(map);
	}
	opts.link_info = &info;
	opts.link_info_len = sizeof(info);
	rc = attachments_add_link(job, bpf_program__attach_iter(job->prog,
								job->given ? &opts : NULL));
	return rc < 0 ? explain_attach(job->plan, rc, err) : 0;
}

static int attach_one(struct attach_job *job, struct err *err)
{
	switch (job->type->hook) {
	case HOOK_UPROBE:
	case HOOK_USDT:
		return attach_user(job, err);
	case HOOK_ITER:
		return attach_iter(job, err);
	case HOOK_PERF_EVENT:
		return attach_perf_event(job, err);
	case HOOK_XDP:
		return attach_xdp(job, err);
	case HOOK_TC:
		return attach_tc(job, err);
	case HOOK_CGROUP:
		return attach_cgroup(job, err);
	case HOOK_NETNS:
		return attach_netns(job, err);
	case HOOK_SOCKET:
		return attach_socket(job, err);
	case HOOK_NONE:
		return 0;
	default:
		return attach_kernel(job, err);
	}
}

static int attach_word(struct attach_job *job, const struct prog_plan *plan, const char *word,
		       struct err *err)
{
	struct prog_plan here = *plan; /* what is said about it names this target */
	int rc;

	rc = target_parse(word, &job->target, err);
	if (rc < 0)
		return rc;
	here.target = word;
	job->plan = &here;
	job->text = word;
	rc = job->target.none ? 0 : attach_one(job, err);
	target_release(&job->target);
	return rc;
}

int attach_program(struct attachments *list, struct bpf_object *obj, struct bpf_program *prog,
		   const struct prog_plan *plan, const struct word_list *targets, struct err *err)
{
	struct attach_job job = { .list = list, .obj = obj, .prog = prog };
	const char *section_target;
	int rc = 0;

	job.type = hook_of(plan->section, &section_target);
	if (!targets->count)
		return attach_word(&job, plan, section_target, err);
	job.given = true;
	for (size_t i = 0; i < targets->count && rc == 0; i++)
		rc = attach_word(&job, plan, targets->words[i], err);
	return rc;
}

/* ---- before load ---- */

void attach_declare(struct bpf_program *prog)
{
	const char *target;
	const struct hook_type *type = hook_of(bpf_program__section_name(prog), &target);

	if (bpf_program__type(prog) != BPF_PROG_TYPE_UNSPEC || !type->prog_type)
		return;
	bpf_program__set_type(prog, type->prog_type);
	bpf_program__set_expected_attach_type(prog, type->attach_type);
}

static bool is_btf_hook(const struct hook_type *type)
{
	return type->hook == HOOK_TP_BTF || type->hook == HOOK_FENTRY || type->hook == HOOK_LSM;
}

/* These have their target from the moment they are loaded. */
static int prepare_btf_target(struct bpf_program *prog, const struct prog_plan *plan,
			      const struct word_list *targets, struct err *err)
{
	struct prog_plan here = *plan;
	int rc;

	if (targets->count > 1)
		return usage_form(plan, hook_of(plan->section, &here.target),
				  "one target only; another one wants a program of its own", err);
	if (streq(targets->words[0], "none"))
		return 0;
	here.target = targets->words[0];
	rc = bpf_program__set_attach_target(prog, 0, targets->words[0]);
	return rc < 0 ? explain_load(&here, rc, NULL, err) : 0;
}

int attach_prepare(struct bpf_program *prog, const struct prog_plan *plan,
		   const struct word_list *targets, struct err *err)
{
	const char *target;
	const struct hook_type *type = hook_of(plan->section, &target);

	if (type->hook == HOOK_UNKNOWN)
		return err_set(err, EINVAL, "program '%s': section \"%s\" names no kind of program",
			       plan->name, plan->section);
	if (type->hook == HOOK_FOREIGN)
		return err_set(err, EOPNOTSUPP,
			       "program '%s' (%s): this program type cannot be attached by bombus",
			       plan->name, plan->section);
	if (targets->count && type->hook == HOOK_NONE)
		return usage_form(plan, type, "it takes no target", err);
	if (!targets->count && !*target && hook_needs_target(type))
		return usage_form(plan, type, "it needs to be told where to attach", err);
	if (targets->count && is_btf_hook(type))
		return prepare_btf_target(prog, plan, targets, err);
	return 0;
}

static bool tracepoint_exists(const char *text, char *reason, size_t size)
{
	_cleanup_free_ char *path = NULL;
	const char *tracefs = tracefs_path();
	size_t cut = strcspn(text, "/:");

	if (!tracefs || !text[cut])
		return true; /* attaching will say what is wrong */
	path = xasprintf("%s/events/%.*s/%s/id", tracefs, (int)cut, text, text + cut + 1);
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return true;
	snprintf(reason, size, "this kernel has no tracepoint %s", text);
	return false;
}

bool attach_possible(const struct prog_plan *plan, const struct word_list *targets, char *reason,
		     size_t size)
{
	const char *target;
	const struct hook_type *type = hook_of(plan->section, &target);
	struct feature feature;

	if (targets->count)
		target = targets->words[0];
	switch (type->hook) {
	case HOOK_TRACEPOINT:
		return tracepoint_exists(target, reason, size);
	case HOOK_KPROBE:
	case HOOK_KSYSCALL:
	case HOOK_UPROBE:
	case HOOK_USDT:
		if (!feature_get(type->hook == HOOK_KPROBE || type->hook == HOOK_KSYSCALL ?
					 "kprobe" : "uprobe", &feature) || feature.ok)
			return true;
		snprintf(reason, size, "%s", feature.reason);
		return false;
	default:
		return true;
	}
}

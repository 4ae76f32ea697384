// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>

#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/attach/attach_internal.h"
#include "runner/load/kernel/features.h"
#include "runner/load/kernel/probe.h"
#include "runner/load/kernel/mounts.h"

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
		struct bpf_kprobe_opts opts;
		_cleanup_free_ char *func = NULL;
		uint64_t offset = 0;

		opts_init(&opts);
		opts.retprobe = job->type->ret;
		cut = strcspn(head, "+");
		func = xstrndup(head, cut);
		if (head[cut] && parse_u64(head + cut + 1, &offset))
			return -EINVAL;
		opts.offset = offset;
		return attachments_add_link(
			job, bpf_program__attach_kprobe_opts(job->prog, func, &opts));
	}
	case HOOK_KPROBE_MULTI: {
		struct bpf_kprobe_multi_opts opts;

		opts_init(&opts);
		opts.retprobe = job->type->ret;
		return attachments_add_link(
			job, bpf_program__attach_kprobe_multi_opts(job->prog, head, &opts));
	}
	case HOOK_KSYSCALL: {
		struct bpf_ksyscall_opts opts;

		opts_init(&opts);
		opts.retprobe = job->type->ret;
		return attachments_add_link(job,
					    bpf_program__attach_ksyscall(job->prog, head, &opts));
	}
	default: /* the BTF kinds: attach_prepare() has told libbpf the name */
		return attachments_add_link(job, bpf_program__attach(job->prog));
	}
}

static int attach_kernel(struct attach_job *job, struct err *err)
{
	int rc = job->given ? attach_by_name(job)
			    : attachments_add_link(job, bpf_program__attach(job->prog));

	if (rc == -EINVAL && job->type->hook == HOOK_TRACEPOINT && !strpbrk(job->text, "/:"))
		return target_usage(job->plan, job->type, "a tracepoint has a category", err);
	if (rc == 0 && job->type->hook == HOOK_LSM && !lsm_has_bpf())
		log_warn("program '%s' (%s) will not run: 'bpf' is not among the kernel's lsm=",
			 job->plan->name, job->plan->section);
	return rc < 0 ? explain_attach(job->plan, rc, err) : 0;
}

static int attach_iter_map(struct attach_job *job, const char *name, struct err *err)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(job->obj, name);
	union bpf_iter_link_info info = { 0 };
	struct bpf_iter_attach_opts opts;
	int rc;

	if (!map)
		return target_usage(job->plan, job->type, "no such map to walk over", err);
	opts_init(&opts);
	info.map.map_fd = (uint32_t)bpf_map__fd(map);
	opts.link_info = &info;
	opts.link_info_len = sizeof(info);
	rc = attachments_add_link(job, bpf_program__attach_iter(job->prog, &opts));
	return rc < 0 ? explain_attach(job->plan, rc, err) : 0;
}

/* An iterator walks over one process, one cgroup, or a map of the object. */
static int attach_iter(struct attach_job *job, struct err *err)
{
	struct bpf_iter_attach_opts opts;
	union bpf_iter_link_info info = { 0 };
	const char *head = job->target.head;
	_cleanup_close_ int cgroup = -1;
	int rc;

	opts_init(&opts);
	if (!job->given && job->plan->iter_map)
		return attach_iter_map(job, job->plan->iter_map, err);
	if (!job->given &&
	    (streq(job->text, "bpf_map_elem") || streq(job->text, "bpf_sk_storage_map"))) {
		err_hint(err, "--attach %s=MAP", job->plan->name);
		return err_usage(err, "program '%s' (%s): over which map?", job->plan->name,
				 job->plan->section);
	}
	if (job->target.pid > 0) {
		info.task.pid = (__u32)job->target.pid;
	} else if (job->given && head[0] == '/') {
		cgroup = open(head, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (cgroup < 0)
			return err_sys(err, errno, "program '%s': %s", job->plan->name, head);
		info.cgroup.cgroup_fd = cgroup;
		info.cgroup.order = BPF_CGROUP_ITER_DESCENDANTS_PRE;
	} else if (job->given) {
		return attach_iter_map(job, head, err);
	}
	opts.link_info = &info;
	opts.link_info_len = sizeof(info);
	rc = attachments_add_link(job,
				  bpf_program__attach_iter(job->prog, job->given ? &opts : NULL));
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
	struct prog_plan here = *plan; /* messages name this target */
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
	if (plan->load_only)
		return 0;
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
		return target_usage(plan, hook_of(plan->section, &here.target),
				    "one target only; another one wants a program of its own", err);
	if (streq(targets->words[0], "none"))
		return 0;
	here.target = targets->words[0];
	rc = bpf_program__set_attach_target(prog, 0, targets->words[0]);
	return rc < 0 ? explain_load(&here, rc, NULL, NULL, err) : 0;
}

int attach_prepare(struct bpf_object *obj, struct bpf_program *prog, const struct prog_plan *plan,
		   const struct word_list *targets, struct err *err)
{
	const char *target;
	const struct hook_type *type = hook_of(plan->section, &target);

	if (type->hook == HOOK_UNKNOWN)
		return err_set(err, EINVAL, "program '%s': section \"%s\" names no kind of program",
			       plan->name, plan->section);
	if (type->hook == HOOK_FOREIGN && has_prefix(plan->section, "struct_ops"))
		return err_set(err, EOPNOTSUPP,
			       "program '%s' (%s): bombus does not support struct_ops: functions "
			       "that replace the kernel's, as of a TCP congestion control or a "
			       "sched_ext scheduler",
			       plan->name, plan->section);
	if (type->hook == HOOK_FOREIGN)
		return err_set(err, EOPNOTSUPP,
			       "program '%s' (%s): this program type cannot be attached by bombus",
			       plan->name, plan->section);
	if (targets->count && type->hook == HOOK_NONE)
		return target_usage(plan, type, "it takes no target", err);
	if (!targets->count && hook_needs_target(type, target) && !plan->load_only)
		return target_usage(plan, type, "it has no target to attach to", err);
	if (type->hook == HOOK_USDT)
		return usdt_check(obj, plan, err);
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
	if (may_access(path, F_OK) == 0 || errno != ENOENT)
		return true;
	snprintf(reason, size, "this kernel has no tracepoint '%s'", text);
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
	case HOOK_TP_BTF:
	case HOOK_FENTRY:
	case HOOK_LSM:
	case HOOK_ITER:
		/* libbpf would give the whole object up, and name no program. */
		if (may_access("/sys/kernel/btf/vmlinux", F_OK) == 0)
			return true;
		snprintf(reason, size, "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)");
		return false;
	case HOOK_UPROBE:
	case HOOK_USDT:
		if (!targets->count && !user_library_exists(target, reason, size))
			return false;
		/* fall through */
	case HOOK_KPROBE:
	case HOOK_KSYSCALL:
		if (!feature_get(type->hook == HOOK_KPROBE || type->hook == HOOK_KSYSCALL
					 ? "kprobe"
					 : "uprobe",
				 &feature) ||
		    feature.ok)
			return true;
		snprintf(reason, size, "%s", feature.reason);
		return false;
	default:
		return true;
	}
}

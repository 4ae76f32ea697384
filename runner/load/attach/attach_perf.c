// SPDX-License-Identifier: Apache-2.0
/* perf_event programs: "cpu-clock:99" is 99 samples a second on every online CPU. */
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/attach/attach_internal.h"
#include "runner/load/attach/sampler.h"
#include "runner/load/kernel/features.h"

#define DEFAULT_HZ 99 /* not in step with timers */
#define MAX_THREADS 4096

static const struct perf_name {
	const char *name;
	uint32_t type;
	uint64_t config;
} perf_names[] = {
	{ "cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK },
	{ "profiler", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK }, /* as gadgets call it */
	{ "task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK },
	{ "page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS },
	{ "faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS },
	{ "minor-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN },
	{ "major-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ },
	{ "context-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES },
	{ "cs", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES },
	{ "cpu-migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS },
	{ "migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS },
	{ "alignment-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_ALIGNMENT_FAULTS },
	{ "emulation-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_EMULATION_FAULTS },
	{ "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ "cpu-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	{ "cache-references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES },
	{ "cache-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES },
	{ "branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
	{ "branch-instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
	{ "branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
	{ "bus-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BUS_CYCLES },
	{ "stalled-cycles-frontend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND },
	{ "stalled-cycles-backend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND },
	{ "ref-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES },
};

static const char *next_perf_name(void *ctx)
{
	size_t *i = ctx;

	return *i < ARRAY_LEN(perf_names) ? perf_names[(*i)++].name : NULL;
}

/* "type=0,config=3,frequency=1", as ebpf_exporter writes it: the kernel's own numbers. */
static int perf_attr_numbers(const struct attach_job *job, struct perf_event_attr *ret,
			     struct err *err)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.freq = 1,
					.sample_freq = DEFAULT_HZ };
	_cleanup_free_ char *text = xstrdup(job->target.head);
	char *save = NULL;

	for (char *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		char *value = strchr(word, '=');
		uint64_t number;

		if (!value || parse_u64(value + 1, &number))
			return err_usage(err, "program '%s': '%s' is not NAME=NUMBER",
					 job->plan->name, word);
		*value = '\0';
		if (streq(word, "type") && number <= UINT32_MAX)
			attr.type = (uint32_t)number;
		else if (streq(word, "config"))
			attr.config = number;
		else if (streq(word, "frequency") || streq(word, "sample_frequency"))
			attr.sample_freq = number;
		else if (streq(word, "sample_period"))
			attr.sample_period = number, attr.freq = 0;
		else
			return err_usage(err,
					 "program '%s': '%s' is none of type, config, "
					 "frequency, sample_period",
					 job->plan->name, word);
	}
	if (job->target.period) {
		attr.freq = 0;
		attr.sample_period = job->target.period;
	}
	*ret = attr;
	return 0;
}

static int perf_attr(const struct attach_job *job, struct perf_event_attr *ret, struct err *err)
{
	const char *head = job->target.head, *near;
	size_t cut = strcspn(head, ":"), next = 0;
	struct perf_event_attr attr = { .size = sizeof(attr), .freq = 1 };
	_cleanup_free_ char *name = xstrndup(head, cut);
	uint64_t hz = DEFAULT_HZ;

	if (has_prefix(head, "type="))
		return perf_attr_numbers(job, ret, err);
	if (head[cut] && (parse_u64(head + cut + 1, &hz) || hz == 0))
		return err_usage(err, "program '%s': '%s' is not a number of samples a second",
				 job->plan->name, head + cut + 1);
	for (size_t i = 0; i < ARRAY_LEN(perf_names); i++) {
		if (!streq(perf_names[i].name, name))
			continue;
		attr.type = perf_names[i].type;
		attr.config = perf_names[i].config;
		attr.sample_freq = hz;
		if (job->target.period) {
			attr.freq = 0;
			attr.sample_period = job->target.period;
		}
		*ret = attr;
		return 0;
	}
	near = suggest(name, next_perf_name, &next);
	err_hint(err, near ? "did you mean '%s'?" : "cpu-clock works everywhere%s",
		 near ? near : "");
	return err_usage(err, "program '%s': no perf event named '%s'", job->plan->name, name);
}

static int perf_refused(const struct attach_job *job, const struct perf_event_attr *attr, int code,
			struct err *err)
{
	if (attr->type == PERF_TYPE_HARDWARE && (code == -ENOENT || code == -EOPNOTSUPP)) {
		err_exit(err, EXIT_KERNEL);
		err_hint(err, "sample by time instead: --attach %s=cpu-clock:%d", job->plan->name,
			 DEFAULT_HZ);
		return err_set(err, -code,
			       "program '%s': this machine has no hardware counter for '%s'",
			       job->plan->name, job->target.head);
	}
	if (code == -EINVAL && attr->freq) {
		err_hint(err, "the limit is /proc/sys/kernel/perf_event_max_sample_rate");
		return err_usage(err, "program '%s': the kernel refuses %llu samples a second",
				 job->plan->name, (unsigned long long)attr->sample_freq);
	}
	return explain_attach(job->plan, code, err);
}

static int explain_event(const struct attach_job *job, const struct perf_event_attr *attr, int code,
			 struct err *err)
{
	return code == -ENOENT || code == -EOPNOTSUPP || code == -EINVAL
		       ? perf_refused(job, attr, code, err)
		       : explain_attach(job->plan, code, err);
}

/* --- on every CPU ------------------------------------------------------------------------------
 */

static int perf_on_cpus(struct attach_job *job, struct perf_event_attr *attr, struct err *err)
{
	struct sampler *sampler = sampler_new(job->plan->name, job->prog, attr);
	int attached;

	attachments_add_sampler(job, sampler);
	attached = sampler_start(sampler);
	return attached < 0 ? explain_event(job, attr, attached, err) : attached;
}

/* --- on the threads of a process ---------------------------------------------------------------
 */

static int perf_on_thread(struct attach_job *job, struct perf_event_attr *attr, pid_t tid,
			  struct err *err)
{
	struct bpf_link *link = NULL;
	int code = sampler_open(job->prog, attr, tid, &link);

	if (code == -ENODEV || code == -ESRCH)
		return 0; /* it went away */
	if (code < 0)
		return explain_event(job, attr, code, err);
	attachments_add_link(job, link);
	return 1;
}

static int perf_on_threads(struct attach_job *job, struct perf_event_attr *attr, struct err *err)
{
	char path[64];
	int rc = 0, attached = 0;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%lld/task", (long long)job->target.pid);
	dir = opendir(path);
	attr->inherit = 1;
	while (dir && rc >= 0 && attached < MAX_THREADS && (entry = readdir(dir))) {
		uint64_t tid;

		if (parse_u64(entry->d_name, &tid))
			continue;
		rc = perf_on_thread(job, attr, (pid_t)tid, err);
		attached += rc > 0;
	}
	if (dir)
		closedir(dir);
	return rc < 0 ? rc : attached;
}

int attach_perf_event(struct attach_job *job, struct err *err)
{
	struct perf_event_attr attr;
	int rc = perf_attr(job, &attr, err);

	if (rc < 0)
		return rc;
	rc = job->target.pid > 0 ? perf_on_threads(job, &attr, err) : perf_on_cpus(job, &attr, err);
	if (rc == 0 && job->target.pid > 0)
		return err_usage(err, "program '%s': there is no process %lld", job->plan->name,
				 (long long)job->target.pid);
	if (rc == 0)
		return err_set(err, ENODEV, "program '%s': no CPU to sample on", job->plan->name);
	return rc < 0 ? rc : 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/load/attach/sampler.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpus.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/load/sandbox/opener.h"

#define CHECK_NS 1000000 /* an event that runs has run in such a time */

struct cpu_event {
	struct bpf_link *link; /* NULL: none */
	int fd;		       /* the link's */
	uint64_t running_ns;   /* as last seen */
	bool refused;	       /* it could not be opened, and a message said so */
};

struct sampler {
	char *name;
	struct bpf_program *prog;
	struct perf_event_attr attr;
	struct opener *opener;	  /* NULL: this process */
	struct cpu_event *events; /* by CPU */
	bool *online;		  /* by CPU */
	uint32_t ncpus;
	int online_fd;
	uint64_t checked_ns;
};

/* Takes the event over, on failure as well. */
static int run_on(int fd, struct bpf_program *prog, struct bpf_link **ret, int *ret_fd)
{
	struct bpf_link *link;
	long failed;

	link = bpf_program__attach_perf_event(prog, fd);
	failed = libbpf_get_error(link);
	if (failed || !link) {
		close(fd);
		return failed ? (int)failed : -EOPNOTSUPP;
	}
	*ret = link;
	*ret_fd = fd; /* the link's */
	return 0;
}

int sampler_open(struct bpf_program *prog, struct perf_event_attr *attr, pid_t pid,
		 struct bpf_link **ret)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	int ret_fd;

	return fd < 0 ? -errno : run_on(fd, prog, ret, &ret_fd);
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	for (uint32_t cpu = 0; cpu < s->ncpus; cpu++)
		bpf_link__destroy(s->events[cpu].link);
	close_fd(&s->online_fd);
	free(s->events);
	free(s->online);
	free(s->name);
	free(s);
}

static int sample_cpu(struct sampler *s, uint32_t cpu)
{
	struct cpu_event *e = &s->events[cpu];
	int fd = opener_perf_event(s->opener, &s->attr, (int)cpu);

	e->running_ns = UINT64_MAX;
	return fd < 0 ? fd : run_on(fd, s->prog, &e->link, &e->fd);
}

struct sampler *sampler_new(const char *name, struct bpf_program *prog,
			    const struct perf_event_attr *attr)
{
	struct sampler *s = xcalloc(1, sizeof(*s));

	*s = (struct sampler){ .name = xstrdup(name),
			       .prog = prog,
			       .attr = *attr,
			       .ncpus = (uint32_t)MAX(libbpf_num_possible_cpus(), 1),
			       .online_fd = -1 };
	s->attr.read_format = PERF_FORMAT_TOTAL_TIME_RUNNING;
	s->events = xcalloc(s->ncpus, sizeof(*s->events));
	s->online = xcalloc(s->ncpus, sizeof(*s->online));
	return s;
}

void sampler_use_opener(struct sampler *s, struct opener *opener)
{
	s->opener = opener;
}

int sampler_start(struct sampler *s)
{
	int code, attached = 0;

	s->online_fd = cpus_open_online();
	code = s->online_fd < 0 ? s->online_fd : cpus_read(s->online_fd, s->online, s->ncpus);
	for (uint32_t cpu = 0; code >= 0 && cpu < s->ncpus; cpu++) {
		code = s->online[cpu] ? sample_cpu(s, cpu) : -ENODEV;
		attached += code == 0;
		if (code == -ENODEV)
			code = 0;
	}
	s->checked_ns = now_mono_ns();
	return code < 0 ? code : attached;
}

/* The event of a CPU that went offline does not run any more, also when the CPU is back. */
static bool still_runs(struct cpu_event *e)
{
	uint64_t counts[2]; /* the value, the time that it ran */
	bool runs =
		read(e->fd, counts, sizeof(counts)) == sizeof(counts) && counts[1] != e->running_ns;

	e->running_ns = counts[1];
	return runs;
}

static void resume_cpu(struct sampler *s, uint32_t cpu)
{
	struct cpu_event *e = &s->events[cpu];
	int code = sample_cpu(s, cpu);

	if (code == 0)
		log_info("program '%s': CPU %u came online and is sampled", s->name, cpu);
	else if (!e->refused)
		log_warn("program '%s': CPU %u came online and is not sampled: %s", s->name, cpu,
			 strerror(-code));
	e->refused = code < 0;
}

void sampler_check(struct sampler *s)
{
	uint64_t now_ns = now_mono_ns();

	if (now_ns - s->checked_ns < CHECK_NS || cpus_read(s->online_fd, s->online, s->ncpus) < 0)
		return;
	s->checked_ns = now_ns;
	for (uint32_t cpu = 0; cpu < s->ncpus; cpu++) {
		struct cpu_event *e = &s->events[cpu];

		if (e->link && (!s->online[cpu] || !still_runs(e)))
			bpf_link__destroy(steal_ptr(&e->link));
		if (!e->link && s->online[cpu])
			resume_cpu(s, cpu);
	}
}

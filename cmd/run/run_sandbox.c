// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/run_sandbox.h"

#include <errno.h>

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/load/sandbox/files.h"
#include "runner/load/sandbox/opener.h"
#include "runner/load/sandbox/seccomp.h"

#define READS_MAX 32

int run_sandbox_init(struct run_sandbox *s, const struct run_args *args, struct err *err)
{
	struct sandbox *box = &s->box;
	int ret;

	s->is_off = args->keep_caps;
	if (args->keep_caps && args->user)
		return err_usage(err, "--user and --keep-caps exclude each other");
	ret = sandbox_user_parse(&box->user, args->user, err);
	if (ret < 0)
		return ret;
	if (args->user && geteuid() != 0 && box->user.uid != geteuid())
		return err_usage(err, "--user: only root can become another user");
	box->changes_user = geteuid() == 0 && box->user.uid != 0;
	box->may_stay = !args->user;
	s->opener = opener_new();
	return 0;
}

int run_sandbox_prepare(struct run_sandbox *s, const struct programs *programs,
			const struct run_sinks *sinks, struct err *err)
{
	const struct sandbox_user *user = s->box.changes_user ? &s->box.user : NULL;
	const char *form = run_sinks_form(programs->args, programs->global->exports);
	int ret = 0;

	if (s->is_off)
		return 0;
	if (programs_need_opener(programs) || programs->args->watch)
		ret = opener_start(s->opener, user, err);
	opener_prefer_own(s->opener, true);
	if (ret >= 0 && (exports_record(programs->global->exports, form) ||
			 exports_write(programs->global->exports)))
		ret = files_start(&s->files, err);
	if (ret >= 0 && sinks->record.opts.file)
		ret = files_entrust(sinks->record.opts.file, err);
	return ret;
}

static unsigned uses_of(const struct run_args *args, const struct run_sinks *sinks,
			const char **reads, size_t *nreads)
{
	unsigned uses = SECCOMP_READS | SECCOMP_ATTACHES;

	if (run_sinks_interactive(args, sinks->exports))
		uses |= SECCOMP_TERMINAL;
	for (size_t i = 0; i < EXPORTERS_COUNT; i++) {
		const struct sink *sink = sinks->made[i];

		if (!sink || !exporter_is_beside(exporters[i]) || exporters[i]->records ||
		    exporters[i]->writes_file)
			continue;
		uses |= SECCOMP_TALKS;
		if (sink->ops->reads)
			*nreads += sink->ops->reads(sink, reads + *nreads, READS_MAX - *nreads);
	}
	return uses;
}

int run_sandbox_enter(struct run_sandbox *s, const struct run_args *args,
		      const struct run_sinks *sinks, struct err *err)
{
	const char *reads[READS_MAX];
	int ret;

	if (s->is_off)
		return 0;
	opener_prefer_own(s->opener, false);
	s->box.uses = uses_of(args, sinks, reads, &s->box.nreads);
	s->box.reads = reads;
	ret = sandbox_enter(&s->box, err);
	s->box.reads = NULL;
	if (ret != -ENOENT)
		return ret;
	log_warn("%s: it is not installed; the run continues without it", err ? err->msg : "");
	if (err)
		*err = (struct err){ 0 };
	return 0;
}

void run_sandbox_release(struct run_sandbox *s)
{
	files_free(s->files);
	opener_free(s->opener);
}

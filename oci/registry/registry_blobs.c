// SPDX-License-Identifier: Apache-2.0
/* Blobs from a registry, several at a time; registry_upload.c has the other way. */
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/store/part.h"
#include "oci/registry/registry_internal.h"
#include "base/url.h"

#define MAX_PARALLEL 4
#define PATIENCE_MS 1000

char *registry_blob_url(const struct registry *registry, const char *repository, const char *digest)
{
	return xasprintf("%s/v2/%s/blobs/%s", registry->base, repository, digest);
}

int registry_get_blob(struct registry *registry, const char *repository, const char *digest,
		      uint64_t size_bytes, size_t max_bytes, void **ret, struct err *err)
{
	_cleanup_free_ char *scope = registry_scope(repository, "pull");
	_cleanup_(transfer_release) struct transfer t = { 0 };
	char found[DIGEST_ROOM];
	struct strbuf *body = &t.call.response.body;
	int rc;

	if (size_bytes > max_bytes)
		return err_set(err, EFBIG, "%s is larger than %zu bytes", digest, max_bytes);
	t = registry_request(registry, "GET", repository, scope,
			     registry_blob_url(registry, repository, digest));
	t.max_body = max_bytes;
	rc = registry_run(&t, 200, digest, err);
	if (rc < 0)
		return rc;
	digest_of(strbuf_str(body), body->len, found);
	if (body->len != size_bytes || !streq(found, digest)) {
		err_exit(err, EXIT_REGISTRY);
		return err_set(err, EBADMSG,
			       "the data is not %s: it has %zu bytes and the digest %s", digest,
			       body->len, found);
	}
	*ret = strbuf_steal(body);
	if (!*ret)
		*ret = xstrdup("");
	return 0;
}

/* --- several at a time ----------------------------------------------------------------------- */

void job_begin(struct job *job, const struct transfer *t)
{
	transfer_release(&job->transfer);
	job->transfer = *t;
	job->begun = true;
	transfer_begin(&job->transfer);
}

/* 1: it goes on, 0: it is done. */
static int job_step(struct job *job, struct err *err)
{
	int rc;

	if (job->begun && !transfer_step(&job->transfer))
		return 1;
	rc = job->next(job, err);
	if (rc == 0) {
		transfer_release(&job->transfer);
		job->transfer = (struct transfer){ 0 };
		job->done = true;
	}
	return rc;
}

static int run_some(struct registry *registry, struct job **jobs, size_t count, size_t *running,
		    struct err *err)
{
	int patience = PATIENCE_MS;

	for (size_t i = 0; i < count; i++) {
		int rc = jobs[i]->done ? 1 : job_step(jobs[i], err);

		if (rc < 0)
			return rc;
		if (rc == 0) {
			(*running)--;
			patience = 0; /* there is room for another */
		} else if (!jobs[i]->done) {
			patience = MIN(patience, transfer_patience_ms(&jobs[i]->transfer));
		}
	}
	if (*running)
		http_wait(registry->env.http, patience);
	return 0;
}

int registry_run_jobs(struct registry *registry, struct job **jobs, size_t count, struct err *err)
{
	size_t begun = 0, running = 0;
	int rc = 0;

	while (rc == 0 && (begun < count || running)) {
		size_t more = MIN(count - begun, MAX_PARALLEL - running);

		begun += more;
		running += more;
		rc = run_some(registry, jobs, begun, &running, err);
	}
	for (size_t i = 0; i < begun; i++)
		transfer_release(&jobs[i]->transfer);
	return rc;
}

/* --- fetching -------------------------------------------------------------------------------- */

struct fetching {
	struct registry *registry;
	const char *repository;
	char *scope;
	registry_progress progress;
	void *ctx;
};

struct fetch {
	struct job job; /* the first */
	const struct fetching *all;
	struct blob_part *part;
	bool restarted; /* what an earlier attempt had left was wrong; this happens once */
};

static uint64_t fetch_offset(void *ctx)
{
	const struct fetch *f = ctx;

	return part_have(f->part);
}

static bool fetch_complete(void *ctx)
{
	const struct fetch *f = ctx;

	return part_have(f->part) == part_size(f->part);
}

static int fetch_sink(void *ctx, const struct http_response *r, const void *bytes, size_t len)
{
	struct fetch *f = ctx;
	struct err *err = &f->job.transfer.call.err;
	int rc = 0;

	/* The first bytes of an answer that begins elsewhere than it was asked to. */
	if (f->job.transfer.last_offset && part_have(f->part) == f->job.transfer.last_offset &&
	    (r->status != 206 || r->range_start != (int64_t)f->job.transfer.last_offset)) {
		if (r->status == 206)
			return err_set(err, EBADMSG,
				       "%s: it sent another part of the blob than the one that was "
				       "requested",
				       part_digest(f->part));
		rc = part_restart(f->part, err);
		f->job.transfer.last_offset = 0;
	}
	if (rc == 0)
		rc = part_write(f->part, bytes, len, err);
	if (rc == 0 && f->all->progress)
		f->all->progress(f->all->ctx, part_digest(f->part), part_have(f->part),
				 part_size(f->part));
	return rc;
}

/* 1: from the start again. */
static int fetch_end(struct fetch *f, struct err *err)
{
	const struct transfer *t = &f->job.transfer;
	bool resumed = t->last_offset > 0 || t->resumes > 0;
	int status = t->call.response.status, rc;

	if (t->result < 0) {
		*err = t->err;
		return t->result;
	}
	if (status == 416 && resumed && !f->restarted) {
		f->restarted = true;
		rc = part_restart(f->part, err);
		return rc < 0 ? rc : 1;
	}
	if (status == 416 && resumed) {
		err_exit(err, EXIT_REGISTRY);
		return err_set(err, EBADMSG,
			       "%s ends too early: it has less than the %llu bytes "
			       "that were announced",
			       part_digest(f->part), (unsigned long long)part_size(f->part));
	}
	if (status != 200 && status != 206)
		return transfer_refused(t, part_digest(f->part), err);
	/* What stood there may have been damaged: then it is not the registry's fault. */
	rc = part_finish(f->part, err);
	if (rc == -EBADMSG && resumed && !f->restarted) {
		f->restarted = true;
		return 1;
	}
	if (rc < 0)
		err_exit(err, EXIT_REGISTRY);
	return rc;
}

/* What an earlier process brought to its end needs no request. */
static int fetch_next(struct job *job, struct err *err)
{
	struct fetch *f = (struct fetch *)job;
	const struct fetching *all = f->all;
	struct transfer t;
	int rc;

	if (job->begun)
		rc = fetch_end(f, err);
	else
		rc = !(fetch_complete(f) && part_finish(f->part, NULL) == 0);
	if (rc <= 0)
		return rc;
	t = registry_request(
		all->registry, "GET", all->repository, all->scope,
		registry_blob_url(all->registry, all->repository, part_digest(f->part)));
	t.sink = fetch_sink;
	t.offset = fetch_offset;
	t.complete = fetch_complete;
	t.ctx = f;
	job_begin(job, &t);
	return 1;
}

int registry_fetch(struct registry *registry, const char *repository, struct blob_part **parts,
		   size_t count, registry_progress progress, void *ctx, struct err *err)
{
	_cleanup_free_ char *scope = registry_scope(repository, "pull");
	_cleanup_free_ struct fetch *list = xcalloc(count + 1, sizeof(*list));
	_cleanup_free_ struct job **jobs = xcalloc(count + 1, sizeof(*jobs));
	struct fetching all = { registry, repository, scope, progress, ctx };
	int rc;

	for (size_t i = 0; i < count; i++) {
		list[i] = (struct fetch){ { .next = fetch_next }, &all, parts[i] };
		jobs[i] = &list[i].job;
	}
	rc = registry_run_jobs(registry, jobs, count, err);
	if (rc < 0)
		err_wrap(err, "%s/%s", registry->host, repository);
	return rc;
}

// SPDX-License-Identifier: Apache-2.0
/*
 * Blobs to a registry. Each is a small machine:
 *
 *	LOOK -> BEGIN -> WHOLE -> done		what is missing, in one PUT
 *	          |        | broken
 *	          |        v
 *	          |       ASK  -> PIECE ... -> CLOSE -> done
 *	          '-- mounted: done
 *
 * After a failure ASK learns how much has come, and PIECE sends the rest. A registry that does not
 * know the upload any more is where it began: LOOK, for the blob may be there all the same. One
 * that takes nothing as large in one request (413) gets it in pieces from then on.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/url.h"
#include "base/util.h"
#include "oci/registry/registry_internal.h"
#include "base/net/retry.h"

#define PIECE_BYTES (8u << 20)
/* Failures that may follow each other while each attempt brings some of it. */
#define MAX_RESUMES 1000

enum stage { LOOK, BEGIN, WHOLE, ASK, PIECE, CLOSE };

struct sending {
	struct registry *registry;
	const char *repository;
	char *own_scope;
	blob_source source;
	void *source_ctx;
	registry_progress progress;
	void *ctx;
};

struct upload {
	struct job job; /* the first */
	const struct sending *all;
	struct blob_send *blob;
	enum stage stage;
	int fd;
	char *mount_from, *scope, *location, *range;
	uint64_t have_bytes; /* that the registry has */
	uint64_t most_bytes; /* that it ever had: less is no progress */
	uint64_t len;	     /* of what is being sent */
	uint64_t piece;	     /* sent at a time at most; 0: no such limit */
	uint64_t min_piece;  /* the registry takes no smaller one, but for the last */
	unsigned failures, resumes;
};

static void on_sent(void *ctx, uint64_t bytes)
{
	const struct upload *u = ctx;

	if (u->all->progress)
		u->all->progress(u->all->ctx, u->blob->digest, u->have_bytes + bytes,
				 u->blob->size_bytes);
}

/* --- what is asked --------------------------------------------------------------------------- */

static char *begin_url(const struct upload *u)
{
	struct strbuf url = STRBUF_INIT(URL_MAX_BYTES);

	strbuf_addf(&url, "%s/v2/%s/blobs/uploads/", u->all->registry->base, u->all->repository);
	if (u->mount_from) {
		strbuf_addf(&url, "?mount=%s&from=", u->blob->digest);
		url_escape(&url, u->mount_from);
	}
	return strbuf_steal(&url);
}

static char *close_url(const struct upload *u)
{
	return xasprintf("%s%cdigest=%s", u->location, strchr(u->location, '?') ? '&' : '?',
			 u->blob->digest);
}

static void add_body(struct upload *u, struct transfer *t)
{
	uint64_t left = u->blob->size_bytes - u->have_bytes;

	u->len = u->piece ? MIN(left, u->piece) : left;
	t->content_type = "Content-Type: application/octet-stream";
	t->body_fd = u->fd;
	t->body_offset = u->have_bytes;
	t->body_bytes = u->len;
	t->sent = on_sent;
	t->ctx = u;
	if (u->stage != PIECE)
		return;
	free(u->range);
	u->range = xasprintf("Content-Range: %llu-%llu", (unsigned long long)u->have_bytes,
			     (unsigned long long)(u->have_bytes + u->len - 1));
	t->content_range = u->range;
}

/* Not before `due_ns`; 0: now. */
static int go(struct upload *u, enum stage stage, uint64_t due_ns)
{
	static const char *const methods[] = {
		[LOOK] = "HEAD", [BEGIN] = "POST",  [WHOLE] = "PUT",
		[ASK] = "GET",	 [PIECE] = "PATCH", [CLOSE] = "PUT",
	};
	struct registry *registry = u->all->registry;
	struct transfer t;
	char *url;

	u->stage = stage;
	if (stage == LOOK) {
		u->have_bytes = 0;
		url = registry_blob_url(registry, u->all->repository, u->blob->digest);
	} else if (stage == BEGIN) {
		url = begin_url(u);
	} else {
		url = stage == WHOLE || stage == CLOSE ? close_url(u) : xstrdup(u->location);
	}
	t = registry_request(registry, methods[stage], u->all->repository,
			     u->scope ? u->scope : u->all->own_scope, url);
	if (stage == WHOLE || stage == PIECE)
		add_body(u, &t);
	/* What became of these is not known after a failure: that is asked first. */
	t.once = stage == WHOLE || stage == PIECE || stage == CLOSE;
	t.due_ns = due_ns;
	job_begin(&u->job, &t);
	return 1;
}

/* --- what came of it ------------------------------------------------------------------------- */

static int refused(const struct upload *u, const char *what, struct err *err)
{
	const struct transfer *t = &u->job.transfer;

	if (t->result == 0)
		return transfer_refused(t, what, err);
	*err = t->err;
	return t->result;
}

/* Goes on with `stage` after a while, unless it has failed often enough. */
static int again(struct upload *u, enum stage stage, struct err *err)
{
	const struct transfer *t = &u->job.transfer;
	uint64_t pause;

	if (++u->failures >= u->all->registry->env.max_tries)
		return refused(u, u->blob->digest, err);
	pause = retry_pause_ns(u->failures, t->call.response.retry_after, now_real_ns());
	if (pause > RETRY_MAX_NS)
		return refused(u, u->blob->digest, err);
	log_debug("uploading %s: %s; asking in %llu ms", u->blob->digest,
		  t->result < 0 ? t->err.msg : "it is refused",
		  (unsigned long long)(pause / 1000000));
	return go(u, stage, now_mono_ns() + pause);
}

/* Another place gets no credentials, and an address without TLS nothing at all. */
static int take_location(struct upload *u, struct err *err)
{
	const struct transfer *t = &u->job.transfer;
	char *location = NULL;
	int rc;

	if (!t->call.response.location)
		return u->location
			       ? 0
			       : err_set(err, EBADMSG, "uploading: its answer names no address");
	rc = url_join(t->current_url, t->call.response.location, &location, err);
	if (rc == 0 && url_is_secure(u->all->registry->base) && !url_is_secure(location)) {
		free(location);
		rc = err_set(err, EBADMSG, "uploading: it asks for plain HTTP");
	}
	if (rc == 0) {
		free(u->location);
		u->location = location;
	}
	return rc;
}

/* "0-99", "bytes=0-99": what has come. "0-0" is what some say of nothing. */
static uint64_t range_bytes(const char *range)
{
	const char *dash = range ? strchr(range, '-') : NULL;
	uint64_t last = 0;

	if (!dash || parse_u64(dash + 1, &last) < 0 || last == UINT64_MAX)
		return 0;
	return last ? last + 1 : 0;
}

static int after_look(struct upload *u, int status, struct err *err)
{
	int rc;

	if (status == 200)
		return 0;
	/* Some refuse HEAD for a blob that does not exist. If it is a refusal, BEGIN gets it too.
	 */
	if (status != 404 && status != 400 && status != 403 && status != 405)
		return refused(u, u->blob->digest, err);
	free(u->location);
	u->location = NULL;
	if (u->fd < 0) {
		rc = u->all->source(u->all->source_ctx, u->blob, &u->fd, &u->mount_from, err);
		if (rc < 0)
			return rc;
		if (u->mount_from)
			u->scope = xasprintf("%s repository:%s:pull", u->all->own_scope,
					     u->mount_from);
	}
	return go(u, BEGIN, 0);
}

/*
 * The upload without the mount. A registry, or its token server, that does not let us read the
 * other repository refuses the request with any of these, where the specification asks for 202.
 */
static int begin_plainly(struct upload *u)
{
	log_debug("%s is not mounted from %s: it is uploaded", u->blob->digest, u->mount_from);
	free(steal_ptr(&u->mount_from));
	free(steal_ptr(&u->scope));
	return go(u, BEGIN, 0);
}

static bool mount_refused(const struct upload *u, int status)
{
	const struct transfer *t = &u->job.transfer;

	return u->stage == BEGIN && u->mount_from &&
	       (t->result < 0 ? !t->call.broken : status >= 400 && status < 500);
}

static void take_min_piece(struct upload *u)
{
	const char *text = u->job.transfer.call.response.chunk_min_length;

	if (!text || parse_u64(text, &u->min_piece) < 0)
		u->min_piece = 0;
}

static uint64_t piece_bytes(const struct upload *u)
{
	return MAX((uint64_t)PIECE_BYTES, u->min_piece);
}

static int after_begin(struct upload *u, int status, struct err *err)
{
	int rc;

	if (status == 201 && u->mount_from) {
		u->blob->outcome = SEND_MOUNTED;
		return 0;
	}
	if (status != 202)
		return refused(u, "uploading", err);
	take_min_piece(u);
	if (u->piece)
		u->piece = piece_bytes(u);
	rc = take_location(u, err);
	return rc < 0 ? rc : go(u, u->piece ? PIECE : WHOLE, 0);
}

static int after_sending(struct upload *u, int status, struct err *err)
{
	const char *range = u->job.transfer.call.response.range;
	bool whole = u->stage == WHOLE;
	uint64_t sent = u->have_bytes + u->len;
	int rc;

	if (whole && registry_is_stored(status)) {
		u->blob->outcome = SEND_SENT;
		return 0;
	}
	if (status == 413 && (!u->piece || u->piece > u->blob->size_bytes) &&
	    u->blob->size_bytes > piece_bytes(u)) {
		u->piece = piece_bytes(u);
		return go(u, ASK, 0);
	}
	if (!whole && registry_is_stored(status)) {
		rc = take_location(u, err);
		if (rc < 0)
			return rc;
		if (range && range_bytes(range) != sent && sent > 1)
			return again(u, ASK, err);
		u->have_bytes = sent;
		u->most_bytes = MAX(u->most_bytes, sent);
		return go(u, sent < u->blob->size_bytes ? PIECE : CLOSE, 0);
	}
	/* The connection may have been cut because it was too much, before we read so. */
	if (whole && status <= 0 && u->failures && u->blob->size_bytes > piece_bytes(u))
		u->piece = piece_bytes(u);
	if (status <= 0 ? u->job.transfer.call.broken : retry_status(status) || status == 416)
		return again(u, ASK, err);
	return status == 404 ? again(u, LOOK, err) : refused(u, u->blob->digest, err);
}

static int after_ask(struct upload *u, int status, struct err *err)
{
	uint64_t have = range_bytes(u->job.transfer.call.response.range);
	int rc;

	/* It forgot about it, or cannot say. */
	if ((status != 204 && status != 200) || have > u->blob->size_bytes)
		return go(u, LOOK, 0);
	rc = take_location(u, err);
	if (rc < 0)
		return rc;
	if (have > u->most_bytes) {
		u->most_bytes = have;
		if (u->resumes++ < MAX_RESUMES)
			u->failures = 0;
	}
	u->have_bytes = have;
	if (have)
		log_debug("uploading %s from byte %llu", u->blob->digest, (unsigned long long)have);
	if (have == u->blob->size_bytes)
		return go(u, CLOSE, 0);
	return go(u, have || u->piece ? PIECE : WHOLE, 0);
}

static int after_close(struct upload *u, int status, struct err *err)
{
	if (!registry_is_stored(status))
		return again(u, status <= 0 || retry_status(status) ? ASK : LOOK, err);
	u->blob->outcome = SEND_SENT;
	return 0;
}

static int upload_next(struct job *job, struct err *err)
{
	struct upload *u = (struct upload *)job;
	const struct transfer *t = &job->transfer;
	/* A connection that broke has no status, whatever came before it broke. */
	int status = t->result < 0 ? 0 : t->call.response.status;

	if (!job->begun)
		return go(u, LOOK, 0);
	if (mount_refused(u, status))
		return begin_plainly(u);
	/* These were repeated already, and what could not even be begun will not be another time.
	 */
	if (t->result < 0 && !(t->once && t->call.broken))
		return refused(u, u->blob->digest, err);
	switch (u->stage) {
	case LOOK:
		return after_look(u, status, err);
	case BEGIN:
		return after_begin(u, status, err);
	case ASK:
		return after_ask(u, status, err);
	case CLOSE:
		return after_close(u, status, err);
	default:
		return after_sending(u, status, err);
	}
}

static void upload_release(struct upload *u)
{
	close_fd(&u->fd);
	free(u->mount_from);
	free(u->scope);
	free(u->location);
	free(u->range);
}

/* What a job holds is let go as soon as it is done: there may be many. */
static int upload_step(struct job *job, struct err *err)
{
	struct upload *u = (struct upload *)job;
	int rc = upload_next(job, err);

	if (rc == 0) {
		close_fd(&u->fd);
		u->fd = -1;
	}
	return rc;
}

int registry_send(struct registry *registry, const char *repository, struct blob_send *blobs,
		  size_t count, blob_source source, void *source_ctx, registry_progress progress,
		  void *ctx, struct err *err)
{
	_cleanup_free_ char *scope = registry_scope(repository, "pull,push");
	_cleanup_free_ struct upload *list = xcalloc(count + 1, sizeof(*list));
	_cleanup_free_ struct job **jobs = xcalloc(count + 1, sizeof(*jobs));
	struct sending all = { registry, repository, scope, source, source_ctx, progress, ctx };
	int rc;

	for (size_t i = 0; i < count; i++) {
		list[i] = (struct upload){ { .next = upload_step }, &all, &blobs[i], .fd = -1 };
		jobs[i] = &list[i].job;
	}
	rc = registry_run_jobs(registry, jobs, count, err);
	for (size_t i = 0; i < count; i++)
		upload_release(&list[i]);
	if (rc < 0) {
		err_exit(err, EXIT_REGISTRY);
		err_wrap(err, "%s/%s", registry->host, repository);
	}
	return rc;
}

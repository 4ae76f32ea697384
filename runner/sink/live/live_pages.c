// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/live/live_pages.h"

#include "base/util.h"
#include "runner/sink/live/feed.h"
#include "runner/sink/prometheus/negotiate.h"

/* --- files ------------------------------------------------------------------------------------ */

/* In the binary: the running process may not open files. */
struct live_file {
	const char *path, *type;
	const unsigned char *gzip;
	size_t len;
};

#define BYTES(...)                                                                                 \
	(const unsigned char[]){ __VA_ARGS__ }, sizeof((const unsigned char[]){ __VA_ARGS__ })

static const struct live_file files[] = {
#include "page.inc"
};

static int answer_file(void *ctx, struct web_request *request)
{
	/* Texts of the kernel and of images cannot become scripts or HTML, and the page sends
	 * requests to its own server only. */
	static const char policy[] =
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
		"require-trusted-types-for 'script'";
	static const char *const headers[] = { "Content-Encoding",
					       "gzip",
					       "Vary",
					       "Accept-Encoding",
					       "Cache-Control",
					       "no-cache",
					       "Content-Security-Policy",
					       policy,
					       "Cross-Origin-Resource-Policy",
					       "same-origin",
					       "Referrer-Policy",
					       "no-referrer",
					       NULL };
	const struct live_file *file = ctx;
	_cleanup_free_ char *accepted = web_request_header(request, "Accept-Encoding");

	if (negotiate_coding(accepted, false) != PACK_GZIP)
		return web_send_text(request, 406,
				     "the page is compressed; use a client that accepts gzip\n");
	return web_send_bytes(request, 200, file->type, headers, file->gzip, file->len);
}

/* --- the stream ------------------------------------------------------------------------------- */

/* One viewer's response. */
struct answer {
	struct web_link link;
	struct viewer *viewer;
};

static void pause_answer(void *ctx)
{
	web_link_pause(&((struct answer *)ctx)->link);
}

static void resume_answer(void *ctx)
{
	web_link_resume(&((struct answer *)ctx)->link);
}

static ssize_t read_answer(void *ctx, char *dst, size_t max)
{
	return viewer_read(((struct answer *)ctx)->viewer, dst, max);
}

static void release_answer(void *ctx)
{
	struct answer *answer = ctx;

	viewer_free(answer->viewer);
	free(answer);
}

static int answer_events(void *ctx, struct web_request *request)
{
	static const char *const headers[] = { "Cache-Control",
					       "no-store",
					       "X-Accel-Buffering",
					       "no",
					       "Cross-Origin-Resource-Policy",
					       "same-origin",
					       NULL };
	static const char *const later[] = { "Retry-After", "5", NULL };
	static const char full[] = "too many viewers\n";
	struct answer *answer;

	if (web_request_is_head(request))
		return web_send_bytes(request, 200, "text/event-stream", headers, "", 0);
	answer = xcalloc(1, sizeof(*answer));
	answer->link = web_request_link(request);
	answer->viewer =
		viewer_new(ctx, &(struct viewer_ops){ pause_answer, resume_answer, answer });
	if (!answer->viewer) {
		free(answer);
		return web_send_bytes(request, 503, "text/plain; charset=utf-8", later, full,
				      sizeof(full) - 1);
	}
	return web_send_stream(request, "text/event-stream", headers,
			       &(struct web_stream){ read_answer, release_answer, answer });
}

size_t live_pages_of(struct feed *feed, struct web_page *ret, size_t max)
{
	size_t n = 0;

	if (max)
		ret[n++] = (struct web_page){ "/live/events", answer_events, feed };
	for (size_t i = 0; i < ARRAY_LEN(files) && n < max; i++)
		ret[n++] = (struct web_page){ files[i].path, answer_file, (void *)&files[i] };
	return n;
}

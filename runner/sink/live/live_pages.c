// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/live/live_pages.h"

#include "base/util.h"
#include "runner/sink/live/feed.h"

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
	const struct web_page pages[] = {
		{ "/live/events", answer_events, feed },
	};
	size_t n = MIN(max, ARRAY_LEN(pages));

	memcpy(ret, pages, n * sizeof(*ret));
	return n;
}

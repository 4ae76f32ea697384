// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <zlib.h>
#include "base/clock.h"
#include "base/util.h"
#include "runner/sink/prometheus/scrape_body.h"

/* Metrics are so alike from line to line that more effort saves little. */
#define GZIP_LEVEL 1
#define GZIP_WINDOW (15 + 16) /* with gzip's head and tail */
#define GZIP_MEMORY 8
#define RAW_BYTES (32u << 10)

struct scrape_body {
	struct scrape *scrape;
	struct scrape_totals *totals;
	uint64_t start_ns, deadline_ns; /* 0: none */
	uint64_t bytes;			/* before compression */
	bool gzip, ended, complete;
	z_stream z;
	unsigned char raw[]; /* RAW_BYTES where gzip */
};

struct scrape_body *scrape_body_new(const struct scrape_opts *opts, struct scrape_totals *totals,
				    bool gzip, uint64_t timeout_ns)
{
	struct scrape_body *body = xcalloc(1, sizeof(*body) + (gzip ? RAW_BYTES : 0));

	body->gzip = gzip && deflateInit2(&body->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW,
					  GZIP_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK;
	body->scrape = scrape_new(opts);
	body->totals = totals;
	body->start_ns = now_mono_ns();
	if (timeout_ns)
		body->deadline_ns = body->start_ns + timeout_ns;
	if (totals)
		atomic_fetch_add(&totals->scrapes, 1);
	return body;
}

void scrape_body_free(struct scrape_body *body)
{
	if (!body)
		return;
	if (!body->totals) {
		/* nothing was to be read */
	} else if (body->complete) {
		atomic_store(&body->totals->last_ns, now_mono_ns() - body->start_ns);
		atomic_store(&body->totals->last_bytes, body->bytes);
	} else {
		atomic_fetch_add(&body->totals->failed, 1);
	}
	if (body->gzip)
		deflateEnd(&body->z);
	scrape_free(body->scrape);
	free(body);
}

static ssize_t read_raw(struct scrape_body *body, void *dst, size_t max)
{
	ssize_t n;

	if (body->deadline_ns && now_mono_ns() > body->deadline_ns)
		return -ETIME;
	n = scrape_read(body->scrape, dst, max);
	if (n > 0)
		body->bytes += (uint64_t)n;
	return n;
}

static ssize_t read_gzip(struct scrape_body *body, char *dst, size_t max)
{
	int code = Z_OK;

	body->z.next_out = (unsigned char *)dst;
	body->z.avail_out = (uInt)MIN(max, (size_t)UINT32_MAX);
	while (body->z.avail_out == MIN(max, (size_t)UINT32_MAX) && code == Z_OK) {
		if (!body->z.avail_in && !body->ended) {
			ssize_t n = read_raw(body, body->raw, RAW_BYTES);

			if (n < 0)
				return n;
			body->ended = n == 0;
			body->z.next_in = body->raw;
			body->z.avail_in = (uInt)n;
		}
		code = deflate(&body->z, body->ended ? Z_FINISH : Z_NO_FLUSH);
		/* It has nothing to say yet, or said all. */
		if (code == Z_BUF_ERROR)
			code = Z_OK;
	}
	if (code != Z_OK && code != Z_STREAM_END)
		return -EIO;
	return (char *)body->z.next_out - dst;
}

ssize_t scrape_body_read(struct scrape_body *body, char *dst, size_t max)
{
	ssize_t n = 0;

	if (!body->complete)
		n = body->gzip ? read_gzip(body, dst, max) : read_raw(body, dst, max);
	body->complete |= n == 0;
	return n;
}

/* --- figures ---------------------------------------------------------------------------------- */

static bool get_scrapes(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct scrape_totals *)of)->scrapes);
}

static bool get_failed(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct scrape_totals *)of)->failed);
}

static bool get_duration(const void *of, struct figure_value *ret)
{
	const struct scrape_totals *totals = of;

	return totals->scrapes && figure_scaled(ret, totals->last_ns, 1e-9);
}

static bool get_size(const void *of, struct figure_value *ret)
{
	const struct scrape_totals *totals = of;

	return totals->scrapes && figure_count(ret, totals->last_bytes);
}

static const struct own_figure figures[] = {
	{ "bombus_scrapes_total", "Scrapes begun, this one included.", "", FIGURE_COUNTER,
	  get_scrapes },
	{ "bombus_scrapes_failed_total", "Scrapes that were late or given up by the other side.",
	  "", FIGURE_COUNTER, get_failed },
	{ "bombus_scrape_duration_seconds", "Time that the last complete scrape took.", "seconds",
	  FIGURE_GAUGE, get_duration },
	{ "bombus_scrape_size_bytes", "Size of the last complete scrape, before it was compressed.",
	  "bytes", FIGURE_GAUGE, get_size },
};

const struct figure_table scrape_figures = { figures, ARRAY_LEN(figures), FIGURES_SCRAPES, NULL };

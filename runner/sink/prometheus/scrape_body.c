// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include "base/clock.h"
#include "base/util.h"
#include "runner/sink/prometheus/scrape_body.h"

#define RAW_BYTES (32u << 10)

struct scrape_body {
	struct scrape *scrape;
	struct scrape_totals *totals;
	uint64_t start_ns, deadline_ns; /* 0: none */
	uint64_t bytes;			/* before compression */
	struct packer *packer;		/* NULL: it is sent as it is */
	size_t raw_at, raw_len;		/* of raw: what the packer has not taken */
	bool ended, packed, complete;	/* no more to pack; to give; all is given */
	char raw[];			/* RAW_BYTES where there is a packer */
};

struct scrape_body *scrape_body_new(const struct scrape_opts *opts, struct scrape_totals *totals,
				    struct packer *packer, uint64_t timeout_ns)
{
	struct scrape_body *body = xcalloc(1, sizeof(*body) + (packer ? RAW_BYTES : 0));

	body->packer = packer;
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
	packer_free(body->packer);
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

static ssize_t read_packed(struct scrape_body *body, char *dst, size_t max)
{
	struct pack_io io = { .out = dst, .out_len = max };
	int code;

	while (io.out_len == max && !body->packed) {
		if (!body->raw_len && !body->ended) {
			ssize_t n = read_raw(body, body->raw, RAW_BYTES);

			if (n < 0)
				return n;
			body->ended = n == 0;
			body->raw_at = 0;
			body->raw_len = (size_t)n;
		}
		io.in = body->raw + body->raw_at;
		io.in_len = body->raw_len;
		io.last = body->ended;
		code = packer_run(body->packer, &io);
		if (code < 0)
			return code;
		body->packed = code == 1;
		body->raw_at = (size_t)(io.in - body->raw);
		body->raw_len = io.in_len;
	}
	return io.out - dst;
}

ssize_t scrape_body_read(struct scrape_body *body, char *dst, size_t max)
{
	ssize_t n = 0;

	if (!body->complete)
		n = body->packer ? read_packed(body, dst, max) : read_raw(body, dst, max);
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

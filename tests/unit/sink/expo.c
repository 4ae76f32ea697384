// SPDX-License-Identifier: Apache-2.0
/* The formats of metrics, without HTTP: whole scrapes as golden files, and the edges of buckets. */
#include "tests/support/golden.h"
#include "tests/support/sink_fixture.h"
#include <math.h>
#include <zlib.h>
#include <zstd.h>
#include "base/dynlib.h"
#include "base/bytes.h"
#include "runner/sink/prometheus/catalogue.h"
#include "runner/sink/prometheus/negotiate.h"
#include "base/process.h"
#include "runner/sink/prometheus/scrape_body.h"

#define SCRAPE_MAX (64u << 20)

static void fill(struct fixture *f)
{
	sweep_begin(f, MAP_CONNS);
	put_conn(f, 1, 42);
	put_conn(f, 2, UINT64_MAX);
	sweep_end(f, MAP_CONNS);
	sweep_begin(f, MAP_HTTP);
	put_http(f, 443, 1000, -5);
	sweep_end(f, MAP_HTTP);
	for (uint64_t us = 0; us < 8; us++)
		observe(f, "vda", us);
	observe(f, "vda", 1220);
	observe(f, "q\"\\\n\x1b\xff", 1);
	observe(f, "\\x1b\\", 1);
}

static struct strbuf scrape_of(struct fixture *f, const struct expo_format *format)
{
	struct scrape_source *of = scrape_source_new(&f->fake.source, 0);
	struct figures *figures = fixture_figures(f, true);
	struct scrape_opts opts = { .catalogue = catalogue_new(&naming_usual, &of, 1),
				    .format = format,
				    .naming = &naming_usual,
				    .figures = figures };
	struct scrape *scrape = scrape_new(&opts);
	struct strbuf sb = STRBUF_INIT(SCRAPE_MAX);
	char piece[1000];
	ssize_t n;

	while ((n = scrape_read(scrape, piece, sizeof(piece))) > 0)
		strbuf_add(&sb, piece, n);
	assert_int_equal(n, 0);
	assert_false(sb.full);
	scrape_free(scrape);
	figures_free(figures);
	catalogue_unref(opts.catalogue);
	scrape_source_remove(of);
	return sb;
}

static void test_expo_openmetrics_golden(void **state)
{
	struct fixture f;
	struct strbuf sb;
	char *own;

	fixture_init(&f);
	fill(&f);
	sb = scrape_of(&f, &expo_openmetrics);
	assert_non_null(strstr(sb.buf, "# TYPE process_cpu_seconds counter\n"
				       "# UNIT process_cpu_seconds seconds\n"));
	assert_non_null(strstr(sb.buf, "\nprocess_cpu_seconds_total "));
	assert_string_equal(sb.buf + sb.len - 6, "# EOF\n");
	assert_null(strstr(sb.buf, "\n\n"));
	own = strstr(sb.buf, "# TYPE bombus_build_info ");
	assert_non_null(own);
	*own = '\0';
	assert_golden("sink_openmetrics.txt", sb.buf);
	strbuf_release(&sb);
	fixture_release(&f);
}

/* What the fields of the messages are, by number: v varint, z zigzag, d double, s text, p packed
 * zigzag, or another message. */
struct message {
	const char *name;
	struct {
		uint32_t number;
		char kind;
		const char *name;
		const struct message *message;
	} fields[10];
};

static const struct message label_message = { "label",
					      { { 1, 's', "name" }, { 2, 's', "value" } } };
static const struct message value_message = { "value", { { 1, 'd', "value" } } };
static const struct message bucket_message = { "bucket",
					       { { 1, 'v', "count" }, { 2, 'd', "bound" } } };
static const struct message span_message = { "span",
					     { { 1, 'z', "offset" }, { 2, 'v', "length" } } };
static const struct message histogram_message = {
	"histogram",
	{ { 1, 'v', "count" },
	  { 2, 'd', "sum" },
	  { 3, 'm', "bucket", &bucket_message },
	  { 5, 'z', "schema" },
	  { 6, 'd', "zero_threshold" },
	  { 7, 'v', "zero_count" },
	  { 12, 'm', "span", &span_message },
	  { 13, 'p', "delta" } },
};
static const struct message metric_message = {
	"metric",
	{ { 1, 'm', "label", &label_message },
	  { 2, 'm', "gauge", &value_message },
	  { 3, 'm', "counter", &value_message },
	  { 7, 'm', "histogram", &histogram_message } },
};
static const struct message family_message = {
	"family",
	{ { 1, 's', "name" },
	  { 2, 's', "help" },
	  { 3, 'v', "type" },
	  { 4, 'm', "metric", &metric_message },
	  { 5, 's', "unit" } },
};

static uint64_t take_varint(struct bytes *s)
{
	uint64_t v = 0;

	for (unsigned shift = 0;; shift += 7) {
		assert_true(s->len && shift < 70);
		v |= (uint64_t)(*s->ptr & 0x7f) << shift;
		s->len--;
		if (!(*s->ptr++ & 0x80))
			return v;
	}
}

static struct bytes take_bytes(struct bytes *s, size_t len)
{
	struct bytes piece = { s->ptr, len };

	assert_true(len <= s->len);
	s->ptr += len;
	s->len -= len;
	return piece;
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* As text, one field a line. */
static void dump(struct strbuf *dst, struct bytes s, const struct message *message, int depth)
{
	while (s.len) {
		uint64_t tag = take_varint(&s), v;
		struct bytes piece;
		double d;
		size_t i = 0;

		while (i < 10 && message->fields[i].number != tag >> 3)
			i++;
		if (i == 10)
			fail_msg("%s has a field %u", message->name, (unsigned)(tag >> 3));
		strbuf_addf(dst, "%*s%s", 2 * depth, "", message->fields[i].name);
		switch (message->fields[i].kind) {
		case 'v':
		case 'z':
			assert_int_equal(tag & 7, 0);
			v = take_varint(&s);
			if (message->fields[i].kind == 'z')
				strbuf_addf(dst, " %lld\n", (long long)unzigzag(v));
			else
				strbuf_addf(dst, " %llu\n", (unsigned long long)v);
			continue;
		case 'd':
			assert_int_equal(tag & 7, 1);
			memcpy(&d, take_bytes(&s, 8).ptr, 8);
			strbuf_addf(dst, " %.17g\n", d);
			continue;
		}
		assert_int_equal(tag & 7, 2);
		v = take_varint(&s);
		piece = take_bytes(&s, v);
		if (message->fields[i].kind == 's') {
			strbuf_addf(dst, " '%.*s'\n", (int)piece.len, (const char *)piece.ptr);
			continue;
		}
		if (message->fields[i].kind == 'p')
			while (piece.len)
				strbuf_addf(dst, " %lld", (long long)unzigzag(take_varint(&piece)));
		strbuf_addc(dst, '\n');
		if (message->fields[i].kind == 'm')
			dump(dst, piece, message->fields[i].message, depth + 1);
	}
}

/* Delimited messages. */
static char *dump_all(const struct strbuf *sb)
{
	struct strbuf text = STRBUF_INIT(SCRAPE_MAX);
	struct bytes s = { (const uint8_t *)sb->buf, sb->len };

	while (s.len) {
		uint64_t len = take_varint(&s);

		strbuf_adds(&text, "family\n");
		dump(&text, take_bytes(&s, len), &family_message, 1);
	}
	return strbuf_steal(&text);
}

static void compile_lat(struct fixture *f, const char *buckets)
{
	struct err err = { 0 };

	f->maps[MAP_LAT].buckets = buckets;
	series_free(f->fake.series[MAP_LAT]);
	metric_release(&f->metrics[MAP_LAT]);
	if (metric_compile(&f->metrics[MAP_LAT], &f->maps[MAP_LAT], NULL, &err) < 0)
		fail_msg("%s: %s", buckets, err.msg);
	f->fake.series[MAP_LAT] = series_new(&f->metrics[MAP_LAT], NULL);
}

static void test_expo_protobuf_golden(void **state)
{
	struct fixture f;
	struct strbuf sb;
	char *text, *own;

	fixture_init(&f);
	compile_lat(&f, "exp2 0 11");
	fill(&f);
	sb = scrape_of(&f, &expo_protobuf);
	text = dump_all(&sb);
	own = strstr(text, "family\n  name 'bombus_build_info'");
	assert_non_null(own);
	*own = '\0';
	assert_golden("sink_protobuf.txt", text);
	free(text);
	strbuf_release(&sb);
	fixture_release(&f);
}

/* A family of many series is several messages, each with its head; none is missing. */
static void test_expo_protobuf_large_family(void **state)
{
	const uint32_t count = 300000;
	uint32_t families = 0, metrics = 0;
	struct fixture f;
	struct strbuf sb;
	char *text;

	fixture_init_max(&f, count);
	sweep_begin(&f, MAP_CONNS);
	for (uint32_t i = 0; i < count; i++) {
		union cell cell = { .u = i };

		series_sweep_put(f.fake.series[MAP_CONNS], &i, &cell);
	}
	sweep_end(&f, MAP_CONNS);
	sb = scrape_of(&f, &expo_protobuf);
	text = dump_all(&sb);
	for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
		families += has_prefix(at, "  name 'ebpf_conns_total'");
		metrics += has_prefix(at, "      name 'daddr_v4'");
	}
	assert_in_range(families, 2, 10);
	assert_int_equal(metrics, count);
	free(text);
	strbuf_release(&sb);
	fixture_release(&f);
}

/* One observation; where its native bucket is: (*low, *high]. False: in the zero bucket. */
static bool native_bucket(const struct family *family, double scale, uint64_t value, double *low,
			  double *high, double *zero)
{
	static const struct expo_family head = { "x", "", "", METRIC_HISTOGRAM };
	union cell cells[METRIC_MAX_BOUNDS + 2] = { 0 };
	struct expo_histogram histogram = { .bounds = family->bounds,
					    .nbounds = family->nbounds,
					    .scale = scale,
					    .counts = cells,
					    .shape = family->shape,
					    .sub_bits = family->sub_bits,
					    .min_exponent = family->min_exponent };
	struct strbuf sb = STRBUF_INIT(SCRAPE_MAX);
	_cleanup_free_ char *text = NULL;
	const char *span, *schema;
	double base;
	long index;

	cells[metric_bucket(family, value)].u = 1;
	expo_protobuf.family(&sb, &head);
	expo_protobuf.histogram(&sb, &head, (struct expo_set){ 0 }, &histogram);
	expo_protobuf.family_end(&sb, 0);
	text = dump_all(&sb);
	strbuf_release(&sb);
	assert_non_null(strstr(text, "zero_threshold "));
	*zero = strtod(strstr(text, "zero_threshold ") + 15, NULL);
	if (strstr(text, "zero_count 1\n"))
		return false;
	schema = strstr(text, "schema ");
	span = strstr(text, "offset ");
	assert_non_null(schema);
	assert_non_null(span);
	assert_non_null(strstr(text, "delta 1\n"));
	index = strtol(span + 7, NULL, 10);
	base = exp2(-(double)strtol(schema + 7, NULL, 10));
	*low = exp2((double)(index - 1) * base);
	*high = exp2((double)index * base);
	return true;
}

/* All 64 exponents, and the values beside them. */
static void test_expo_native_edges(void **state)
{
	static const char *const buckets[] = { "exp2",	 "exp2/2",  "exp2/4",
					       "exp2/8", "exp2/16", "log2" };
	struct fixture f;

	fixture_init(&f);
	for (size_t b = 0; b < ARRAY_LEN(buckets); b++) {
		const struct family *family;

		compile_lat(&f, buckets[b]);
		family = f.metrics[MAP_LAT].families;
		for (int k = 0; k < 64; k++) {
			for (int side = -1; side <= 1; side++) {
				uint64_t v = (1ull << k) + (uint64_t)side;
				uint32_t cell = metric_bucket(family, v);
				double low, high, zero, source_low, source_high;

				assert_true(cell == family->nbounds || v <= family->bounds[cell]);
				assert_true(cell == 0 || v > family->bounds[cell - 1]);
				if (!native_bucket(family, 1, v, &low, &high, &zero)) {
					assert_true((double)v <= zero);
				} else if (family->shape == BOUNDS_EXP2 && k < 53) {
					assert_true((double)v > low);
					assert_true((double)v <= high * (1 + 1e-12));
				}
				if (cell == 0 || cell == family->nbounds)
					continue;
				/* In other units it stays within what was counted. */
				source_low = (double)family->bounds[cell - 1] * 1e-6;
				source_high = (double)(family->bounds[cell] + 1) * 1e-6;
				assert_true(native_bucket(family, 1e-6, v, &low, &high, &zero));
				assert_true(low >= source_low * (1 - 1e-12));
				assert_true(high <= source_high * (1 + 1e-12));
			}
		}
	}
	fixture_release(&f);
}

/* Bounds between whole numbers are written once, and in order. */
static void test_expo_fine_bounds_ascend(void **state)
{
	struct strbuf sb;
	struct fixture f;
	double last = -1;
	int bounds = 0;

	fixture_init(&f);
	compile_lat(&f, "exp2/8 0 20");
	observe(&f, "vda", 3);
	sb = scrape_of(&f, &expo_text);
	for (char *at = sb.buf; (at = strstr(at, ",le=\"")); at += 5, bounds++) {
		double bound = strtod(at + 5, NULL);

		assert_true(bound > last);
		last = bound;
	}
	assert_true(isinf(last));
	assert_in_range(bounds, 130, 160);
	assert_non_null(strstr(sb.buf, "_bucket{disk=\"vda\",le=\"2e-06\"} 0\n"));
	assert_non_null(strstr(sb.buf, "_bucket{disk=\"vda\",le=\"3e-06\"} 1\n"));
	strbuf_release(&sb);
	fixture_release(&f);
}

static void test_negotiate_format(void **state)
{
	static const struct {
		const char *accept;
		const struct expo_format *want;
	} cases[] = {
		{ NULL, &expo_text },
		{ "", &expo_text },
		{ "*/*", &expo_text },
		{ "text/html, */*;q=0.1", &expo_text },
		{ "text/plain", &expo_text },
		{ "application/*", &expo_openmetrics },
		{ "application/json", &expo_text },
		{ "application/openmetrics-text", &expo_openmetrics },
		{ "application/openmetrics-text;version=0.0.1", &expo_text },
		{ "APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"", &expo_openmetrics },
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		  "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  &expo_openmetrics },
		{ "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
		  "encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,"
		  "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;"
		  "q=0.5,*/*;q=0.1",
		  &expo_protobuf },
		{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		  "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;"
		  "q=0.3,*/*;q=0.2",
		  &expo_openmetrics },
		{ "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
		  "encoding=text;q=0.9,text/plain;q=0.1",
		  &expo_text },
		{ "application/openmetrics-text;q=0.2,text/plain;q=0.7", &expo_text },
		{ "application/openmetrics-text;q=0, */*", &expo_text },
		{ "text/plain;q=0, */*;q=0.1", &expo_openmetrics },
		{ "text/plain;q=nonsense,application/openmetrics-text;q=0.1", &expo_openmetrics },
		{ ";;;,,,=\"", &expo_text },
		{ "text/plain;version=\"0.0.4;q=0.1, application/openmetrics-text", &expo_text },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (negotiate_format(cases[i].accept, true) != cases[i].want)
			fail_msg("%s: %s", cases[i].accept,
				 negotiate_format(cases[i].accept, true)->content_type);
	/* Where counters have no _total there is no OpenMetrics to be had. */
	assert_ptr_equal(negotiate_format("application/openmetrics-text,text/plain;q=0.1", false),
			 &expo_text);
}

static void test_negotiate_coding(void **state)
{
	static const struct {
		const char *header;
		enum pack_form with_zstd, without;
	} cases[] = {
		{ NULL, PACK_NONE, PACK_NONE },
		{ "deflate, br", PACK_NONE, PACK_NONE },
		{ "gzip;q=0", PACK_NONE, PACK_NONE },
		{ "*", PACK_NONE, PACK_NONE },
		{ "gzip", PACK_GZIP, PACK_GZIP },
		{ "x-gzip", PACK_GZIP, PACK_GZIP },
		{ "deflate;q=1, GZIP; q=0.1", PACK_GZIP, PACK_GZIP },
		{ "zstd", PACK_ZSTD, PACK_NONE },
		{ "gzip, zstd", PACK_GZIP, PACK_GZIP },
		{ "gzip;q=0.5, zstd", PACK_ZSTD, PACK_GZIP },
		{ "gzip, zstd;q=0", PACK_GZIP, PACK_GZIP },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(negotiate_coding(cases[i].header, true), cases[i].with_zstd);
		assert_int_equal(negotiate_coding(cases[i].header, false), cases[i].without);
	}
}

static size_t unpack_gzip(char *dst, const struct strbuf *packed)
{
	z_stream z = { 0 };

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (unsigned char *)packed->buf;
	z.avail_in = packed->len;
	z.next_out = (unsigned char *)dst;
	z.avail_out = SCRAPE_MAX;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	inflateEnd(&z);
	return z.total_out;
}

static size_t unpack_zstd(char *dst, const struct strbuf *packed)
{
	__typeof__(&ZSTD_decompress) decompress = NULL;
	const struct dynlib_symbol symbols[] = { { "ZSTD_decompress", &decompress } };

	assert_int_equal(dynlib_open(NULL, "libzstd.so.1", "libzstd1", "", symbols, 1, NULL), 0);
	return decompress(dst, SCRAPE_MAX, packed->buf, packed->len);
}

/* What is packed is what is there without it, in pieces of any size, by each library. */
static void test_scrape_body_packed(void **state)
{
	static const size_t sizes[] = { 1, 7, 4096, 1 << 20 };
	static const struct {
		bool load;
		enum pack_form form;
		size_t (*unpack)(char *dst, const struct strbuf *packed);
	} ways[] = { { false, PACK_GZIP, unpack_gzip },
		     { true, PACK_GZIP, unpack_gzip },
		     { true, PACK_ZSTD, unpack_zstd } };
	struct figures *figures;
	struct catalogue *catalogue;
	struct scrape_source *of;
	struct fixture f;
	struct strbuf plain;
	char *own;

	fixture_init_max(&f, 100000);
	of = scrape_source_new(&f.fake.source, 0);
	catalogue = catalogue_new(&naming_usual, &of, 1);
	sweep_begin(&f, MAP_HTTP);
	for (uint32_t i = 0; i < 20000; i++)
		put_http(&f, i, i, i);
	sweep_end(&f, MAP_HTTP);
	plain = scrape_of(&f, &expo_text);
	figures = fixture_figures(&f, true);
	own = strstr(plain.buf, "# HELP process_cpu");
	for (size_t i = 0; i < ARRAY_LEN(sizes) * ARRAY_LEN(ways); i++) {
		size_t size = sizes[i / ARRAY_LEN(ways)], way = i % ARRAY_LEN(ways);
		struct packers *packers = packers_new(ways[way].load);
		struct packer *packer = packer_new(packers, ways[way].form);
		struct scrape_opts opts = { .catalogue = catalogue,
					    .format = &expo_text,
					    .naming = &naming_usual,
					    .figures = figures };
		struct scrape_totals totals = { 0 };
		struct scrape_body *body = scrape_body_new(&opts, &totals, packer, 0);
		struct strbuf packed = STRBUF_INIT(SCRAPE_MAX);
		_cleanup_free_ char *piece = xmalloc(size), *text = xmalloc(SCRAPE_MAX);
		ssize_t n;

		assert_non_null(packer);
		while ((n = scrape_body_read(body, piece, size)) > 0)
			strbuf_add(&packed, piece, n);
		assert_int_equal(n, 0);
		assert_true(ways[way].unpack(text, &packed) > (size_t)(own - plain.buf));
		assert_memory_equal(text, plain.buf, own - plain.buf);
		assert_true(packed.len * 4 < plain.len);
		scrape_body_free(body);
		assert_int_equal(totals.scrapes, 1);
		assert_int_equal(totals.failed, 0);
		assert_true(totals.last_bytes > (uint64_t)(own - plain.buf));
		strbuf_release(&packed);
		packers_free(packers);
	}
	strbuf_release(&plain);
	figures_free(figures);
	catalogue_unref(catalogue);
	scrape_source_remove(of);
	fixture_release(&f);
}

/* Compression is a favour: when many want it at once, some get the plain text. */
static void test_packers_are_bounded(void **state)
{
	struct packers *packers = packers_new(true);
	struct packer *all[64];
	size_t made = 0;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		all[i] = packer_new(packers, PACK_GZIP);
		made += all[i] != NULL;
	}
	assert_int_equal(made, 8);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		packer_free(all[i]);
	all[0] = packer_new(packers, PACK_GZIP);
	assert_non_null(all[0]);
	packer_free(all[0]);
	assert_null(packer_new(packers, PACK_NONE));
	assert_null(packer_new(NULL, PACK_GZIP));
	packers_free(packers);
}

static void test_scrape_body_gives_up_in_time(void **state)
{
	struct catalogue *catalogue;
	struct scrape_source *of;
	struct scrape_totals totals = { 0 };
	struct scrape_body *body;
	struct fixture f;
	char piece[64];
	ssize_t n;

	fixture_init(&f);
	fill(&f);
	of = scrape_source_new(&f.fake.source, 0);
	catalogue = catalogue_new(&naming_usual, &of, 1);
	body = scrape_body_new(&(struct scrape_opts){ .catalogue = catalogue,
						      .format = &expo_text,
						      .naming = &naming_usual },
			       &totals, NULL, 20000000);
	assert_true(scrape_body_read(body, piece, sizeof(piece)) > 0);
	usleep(30000);
	n = scrape_body_read(body, piece, sizeof(piece));
	assert_int_equal(n, -ETIME);
	scrape_body_free(body);
	assert_int_equal(totals.failed, 1);
	assert_int_equal(totals.last_bytes, 0);
	catalogue_unref(catalogue);
	scrape_source_remove(of);
	fixture_release(&f);
}

static void test_process_stats(void **state)
{
	struct process_stats a, b;
	_cleanup_free_ char *room = NULL;
	int fd;

	assert_true(process_stats_read(&a));
	fd = open("/dev/null", O_RDONLY);
	room = malloc(32 << 20);
	explicit_bzero(room, 32 << 20);
	for (volatile uint64_t i = 0; i < 100000000; i++)
		;
	assert_true(process_stats_read(&b));
	close(fd);
	assert_int_equal(b.fds, a.fds + 1);
	assert_true(b.resident_bytes >= a.resident_bytes + (30 << 20));
	assert_true(b.cpu_s > a.cpu_s && b.cpu_s < a.cpu_s + 60);
	assert_true(fabs(b.start_s - a.start_s) < 0.1);
	assert_true((double)time(NULL) - b.start_s < 600);
	assert_true(b.virtual_bytes >= b.resident_bytes && b.threads >= 1 && b.max_fds >= b.fds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expo_openmetrics_golden),
		cmocka_unit_test(test_expo_protobuf_golden),
		cmocka_unit_test(test_expo_protobuf_large_family),
		cmocka_unit_test(test_expo_native_edges),
		cmocka_unit_test(test_expo_fine_bounds_ascend),
		cmocka_unit_test(test_negotiate_format),
		cmocka_unit_test(test_negotiate_coding),
		cmocka_unit_test(test_scrape_body_packed),
		cmocka_unit_test(test_packers_are_bounded),
		cmocka_unit_test(test_scrape_body_gives_up_in_time),
		cmocka_unit_test(test_process_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

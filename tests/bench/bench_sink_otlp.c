// SPDX-License-Identifier: Apache-2.0
/*
 * Spans at a given rate, from the queue of the collector over the sink's thread and the sender's to
 * a receiver on this machine, which counts them: what the exporter needs of the processor for that,
 * and that nothing is lost.
 *
 *	bench_sink_otlp [SPANS_PER_SECOND [SECONDS]]
 *
 * Prints a line of JSON for each way of sending. cpu is seconds of processor time of all of bombus'
 * threads but the producer, a second. The receiver is a process of its own; it decodes no more than
 * it needs to count.
 */
#define WITHOUT_CMOCKA
#include "tests/support/sink_fixture.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <zlib.h>
#include "base/parse.h"
#include "base/bytes.h"
#include "runner/sink/otlp/otlp.h"

#define MAP_SPANS MAP_NESTED
#define BODY_MAX (8u << 20)
#define TICKS_PER_SECOND 1000

struct rec {
	uint8_t trace_id[16], span_id[8], parent_id[8];
	uint64_t start, took;
	char name[16];
	int32_t status;
	uint32_t pid;
	char comm[16];
	uint8_t addr[4];
	uint64_t bytes;
};

#define REC(text, member, k, m)                                                                    \
	FIELD(text, text, offsetof(struct rec, member), 8 * sizeof(((struct rec *)0)->member), 1,  \
	      k, m, .is_signed = (k) == KIND_INT)
static struct field rec_fields[] = {
	REC("trace_id", trace_id, KIND_BYTES, MEAN_NONE),
	REC("span_id", span_id, KIND_BYTES, MEAN_NONE),
	REC("parent_span_id", parent_id, KIND_BYTES, MEAN_NONE),
	REC("span_monotonic_timestamp_ns", start, KIND_UINT, MEAN_NONE),
	REC("span_duration_ns", took, KIND_UINT, MEAN_NONE),
	REC("span_name", name, KIND_TEXT, MEAN_NONE),
	REC("span_status", status, KIND_INT, MEAN_ERRNO),
	REC("pid", pid, KIND_UINT, MEAN_PID),
	REC("comm", comm, KIND_TEXT, MEAN_NONE),
	REC("addr", addr, KIND_UINT, MEAN_IPV4),
	REC("bytes", bytes, KIND_UINT, MEAN_SIZE_BYTES),
};

/* --- the receiver ---------------------------------------------------------------------------- */

struct totals {
	_Atomic uint64_t spans, requests, bytes;
};

static uint64_t varint(struct bytes *s)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s->len; i++) {
		v |= (uint64_t)(s->ptr[i] & 0x7f) << (7 * i);
		if (s->ptr[i] & 0x80)
			continue;
		*s = bytes_of(s->ptr + i + 1, s->len - i - 1);
		return v;
	}
	s->len = 0;
	return 0;
}

/* The messages in `field`, at the end of the path of fields; all that is here is of wire type 2. */
static uint64_t count_at(struct bytes s, const uint32_t *path, size_t depth)
{
	uint64_t count = 0;

	while (s.len) {
		uint64_t tag = varint(&s), len = varint(&s);

		if (len > s.len)
			break;
		if (tag >> 3 == path[0])
			count += depth == 1 ? 1
					    : count_at(bytes_of(s.ptr, len), path + 1, depth - 1);
		s = bytes_of(s.ptr + len, s.len - len);
	}
	return count;
}

static uint64_t count_spans(const char *head, const void *body, size_t len)
{
	static const uint32_t path[] = { 1, 2, 2 };
	static uint8_t plain[BODY_MAX];
	uint64_t count = 0;
	z_stream z = { .next_in = (Bytef *)body,
		       .avail_in = (uInt)len,
		       .next_out = plain,
		       .avail_out = sizeof(plain) };

	if (strstr(head, "Content-Encoding: gzip")) {
		inflateInit2(&z, 15 + 16);
		inflate(&z, Z_FINISH);
		inflateEnd(&z);
		body = plain;
		len = z.total_out;
	}
	if (!strstr(head, "application/json"))
		return count_at(bytes_of(body, len), path, ARRAY_LEN(path));
	for (const char *at = body; (at = memmem(at, len - (at - (char *)body), "\"spanId\"", 8));)
		count++, at += 8;
	return count;
}

/* One connection after the other: there is one sender. */
static void serve(int fd, struct totals *totals)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	static char buf[BODY_MAX];
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, buf + have, sizeof(buf) - 1 - have)) > 0) {
		char *end, *length;

		have += (size_t)n;
		buf[have] = '\0';
		end = strstr(buf, "\r\n\r\n");
		length = end ? strstr(buf, "Content-Length: ") : NULL;
		if (!length)
			continue;
		size_t head = (size_t)(end - buf) + 4;
		size_t body = strtoul(length + strlen("Content-Length: "), NULL, 10);

		if (have < head + body)
			continue;
		*end = '\0';
		totals->spans += count_spans(buf, buf + head, body);
		totals->bytes += body;
		totals->requests++;
		have = 0;
		if (write_all(fd, answer, sizeof(answer) - 1) < 0)
			return;
	}
}

static pid_t start_receiver(uint16_t *ret_port, struct totals *totals)
{
	struct sockaddr_in where = { .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(where);
	pid_t pid;

	if (bind(listening, (struct sockaddr *)&where, len) < 0 || listen(listening, 8) < 0 ||
	    getsockname(listening, (struct sockaddr *)&where, &len) < 0)
		exit(EXIT_FAILED);
	*ret_port = ntohs(where.sin_port);
	pid = fork();
	if (pid)
		return pid;
	alarm(300);
	for (;;) {
		int fd = accept(listening, NULL, NULL);

		if (fd >= 0)
			serve(fd, totals);
		close(fd);
	}
}

/* --- the exporter ---------------------------------------------------------------------------- */

static double seconds_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t resident_bytes(void)
{
	unsigned long pages = 0;
	_cleanup_file_ FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%*u %lu", &pages) != 1)
		return 0;
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Never drops, as the collector where a sink is the only consumer. */
static uint64_t produce(struct fixture *f, uint64_t rate, double seconds)
{
	struct rec rec = {
		.took = 1500, .name = "connect", .comm = "curl", .addr = { 10, 0, 0, 1 }
	};
	struct record record = record_of(f, MAP_SPANS, &rec);
	double start = seconds_of(CLOCK_MONOTONIC), now;
	struct timespec nap = { .tv_nsec = 1000000000 / TICKS_PER_SECOND };
	uint64_t count = 0;

	memset(rec.trace_id, 0x5a, sizeof(rec.trace_id));
	while ((now = seconds_of(CLOCK_MONOTONIC) - start) < seconds) {
		rec.start = now_mono_ns();
		for (; count < (uint64_t)(now * (double)rate); count++) {
			rec.pid = (uint32_t)count;
			rec.bytes = count;
			rec.status = count % 16 ? 0 : -111;
			while (!queue_put(f->fake.queue, &record)) {
				queue_publish(f->fake.queue);
				nanosleep(&nap, NULL);
			}
		}
		queue_publish(f->fake.queue);
		nanosleep(&nap, NULL);
	}
	return count;
}

static const char *variable(void *ctx, const char *name)
{
	const char *const *pairs = ctx;

	for (; pairs[0]; pairs += 2)
		if (streq(pairs[0], name))
			return pairs[1];
	return NULL;
}

static void run(const char *way, const char *protocol, const char *compression, uint64_t rate,
		double seconds)
{
	struct totals *totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *pairs[] = { "OTEL_METRICS_EXPORTER",
				"none",
				"OTEL_EXPORTER_OTLP_PROTOCOL",
				protocol,
				"OTEL_EXPORTER_OTLP_COMPRESSION",
				compression,
				NULL };
	struct otlp_counts counts;
	struct otlp_config config;
	struct err err = { 0 };
	struct host *host;
	struct sink *sink;
	struct fixture f;
	uint64_t count, before, dropped = 0;
	double start, wall, cpu;
	uint16_t port = 0;
	pid_t receiver = start_receiver(&port, totals);
	_cleanup_free_ char *url = xasprintf("http://127.0.0.1:%u", port);
	struct otlp_flags flags = { .url = url };

	fixture_init(&f);
	f.maps[MAP_SPANS].role = ROLE_SPANS;
	f.maps[MAP_SPANS].value = (struct layout)LAYOUT(rec_fields, "rec", sizeof(struct rec));
	if (otlp_config_read(&config, &flags, variable, pairs, &err) < 0)
		exit(EXIT_FAILED);
	sink = sink_otlp_new(&config, &naming_usual, NULL);
	host = host_up_plain(&f, sink, &err);
	if (!host)
		exit(EXIT_FAILED);
	before = resident_bytes();
	start = seconds_of(CLOCK_MONOTONIC);
	cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - seconds_of(CLOCK_THREAD_CPUTIME_ID);
	count = produce(&f, rate, seconds);
	before = resident_bytes() - MIN(before, resident_bytes());
	host_stop(host, 60000, NULL, &err);
	wall = seconds_of(CLOCK_MONOTONIC) - start;
	cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
	sink_otlp_counts(sink, OTLP_TRACES, &counts);
	for (int i = 0; i < OTLP_DROPS; i++)
		dropped += counts.dropped[i];
	kill(receiver, SIGKILL);
	waitpid(receiver, NULL, 0);
	printf("{\"bench\":\"sink_otlp\",\"way\":\"%s\",\"spans\":%" PRIu64 ",\"per_s\":%.0f,"
	       "\"cpu\":%.3f,\"per_cpu_s\":%.0f,\"sent\":%" PRIu64 ",\"dropped\":%" PRIu64
	       ",\"received\":%" PRIu64 ",\"bytes_per_span\":%.1f,\"memory_bytes\":%" PRIu64 "}\n",
	       way, count, (double)count / wall, cpu / wall, (double)count / cpu, counts.sent,
	       dropped, (uint64_t)totals->spans, (double)totals->bytes / (double)count, before);
	host_free(host);
	fixture_release(&f);
	munmap(totals, sizeof(*totals));
}

int main(int argc, char **argv)
{
	double rate = 100000, seconds = 3;

	if ((argc > 1 && parse_double(argv[1], &rate) < 0) ||
	    (argc > 2 && parse_double(argv[2], &seconds) < 0))
		return EXIT_USAGE;
	run("protobuf", "http/protobuf", "none", (uint64_t)rate, seconds);
	run("protobuf, gzip", "http/protobuf", "gzip", (uint64_t)rate, seconds);
	run("json", "http/json", "none", (uint64_t)rate, seconds);
	return EXIT_DONE;
}

// SPDX-License-Identifier: Apache-2.0
/* Of one signal: its endpoint, protocol, headers, files and time limit. */
#include <ctype.h>
#include <string.h>
#include "base/url.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_target.h"

static struct otlp_found exporter(const struct otlp_reader *r, enum otlp_signal signal,
				  const char *word)
{
	struct otlp_found found = otlp_read_own(r, signal, word);

	return found.text ? found : otlp_read_common(r, word);
}

/* A name is a token of HTTP, and none that frames the request or says what it holds; a value must
 * not end its line. */
static bool is_header(const struct otlp_pair *pair)
{
	static const char *const ours[] = {
		"Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding",
		"TE",		"grpc-encoding",  "Connection",	      "Expect",
		"Upgrade"
	};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (strcasecmp(pair->name, ours[i]) == 0)
			return false;
	for (const char *c = pair->name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
			return false;
	for (const char *c = pair->value; *c; c++)
		if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
			return false;
	return true;
}

static int read_headers(const struct otlp_reader *r, enum otlp_signal signal,
			struct otlp_target *target)
{
	struct otlp_found found = exporter(r, signal, "HEADERS");
	const struct otlp_pair *pairs;
	const char **headers;
	size_t count = 0;
	int ret;

	if (!found.text)
		return 0;
	ret = otlp_read_pairs(r, &found, &pairs, &count);
	if (ret < 0)
		return ret;
	headers = arena_array(&r->config->arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		if (!is_header(&pairs[i]))
			return err_usage(r->err, "%s: its part %zu is no header that may be set",
					 found.name, i + 1);
		/* libcurl sends a header without a value only in this form. */
		headers[i] = arena_printf(&r->config->arena, *pairs[i].value ? "%s: %s" : "%s;%s",
					  pairs[i].name, pairs[i].value);
	}
	target->headers = headers;
	target->nheaders = count;
	return 0;
}

/* --- endpoints ------------------------------------------------------------------------------- */

static int check_url(const struct otlp_reader *r, const char *name, const char *text)
{
	_cleanup_(url_release) struct url url = { 0 };
	int ret = url_parse(text, &url, r->err);

	if (ret >= 0)
		return ret;
	err_wrap(r->err, "%s", name);
	err_exit(r->err, EXIT_USAGE);
	err_hint(r->err, "an endpoint is a URL such as http://localhost:4318");
	return ret;
}

/* The path of a signal behind the common endpoint's, before a query; a fragment is nothing to
 * a receiver. */
static const char *join_path(struct arena *arena, const char *base, const char *path)
{
	int len = (int)strcspn(base, "?#"), query = (int)strcspn(base + len, "#");

	return arena_printf(arena, "%.*s%s%s%.*s", len, base,
			    len && base[len - 1] == '/' ? "" : "/", path, query, base + len);
}

static const char *grpc_url(struct arena *arena, const char *text, enum otlp_signal signal)
{
	const char *host = strstr(text, "://") + 3;
	size_t origin = (size_t)(host - text) + strcspn(host, "/?#");

	return arena_printf(arena, "%.*s/opentelemetry.proto.collector.%s/Export", (int)origin,
			    text, otlp_signal_words[signal].service);
}

/* Without a scheme: over gRPC INSECURE decides, on the command line it is not secure. */
static const char *with_scheme(const struct otlp_reader *r, enum otlp_signal signal,
			       const char *text, bool is_flag)
{
	struct otlp_found insecure = exporter(r, signal, "INSECURE");
	bool plain = is_flag || otlp_is_true(&insecure);

	if (strstr(text, "://"))
		return text;
	return arena_printf(&r->config->arena, "%s://%s", plain ? "http" : "https", text);
}

static int read_endpoint(const struct otlp_reader *r, enum otlp_signal signal,
			 struct otlp_target *target)
{
	struct otlp_found own = otlp_read_own(r, signal, "ENDPOINT");
	struct otlp_found common = otlp_read_common(r, "ENDPOINT");
	bool is_grpc = target->protocol == OTLP_GRPC, is_flag = r->flags->url && *r->flags->url;
	const char *name = "--otlp", *text = r->flags->url;
	int ret;

	if (is_flag) {
		own.text = NULL;
	} else if (own.text || common.text) {
		name = own.text ? own.name : common.name;
		text = own.text ? own.text : common.text;
	} else {
		text = is_grpc ? "http://localhost:4317" : "http://localhost:4318";
	}
	if (is_grpc || is_flag)
		text = with_scheme(r, signal, text, is_flag);
	ret = check_url(r, name, text);
	if (ret < 0)
		return ret;
	if (is_grpc)
		target->url = grpc_url(&r->config->arena, text, signal);
	else if (own.text)
		target->url = arena_strdup(&r->config->arena, text);
	else
		target->url = join_path(&r->config->arena, text, otlp_signal_words[signal].path);
	return 0;
}

static int read_protocol(const struct otlp_reader *r, enum otlp_signal signal,
			 struct otlp_target *target)
{
	static const char *const words[] = { [OTLP_HTTP_PROTOBUF] = "http/protobuf",
					     [OTLP_HTTP_JSON] = "http/json",
					     [OTLP_GRPC] = "grpc" };
	struct otlp_found found = exporter(r, signal, "PROTOCOL");

	if (r->flags->protocol)
		found = (struct otlp_found){ "--otlp-protocol", r->flags->protocol };
	target->protocol = OTLP_HTTP_PROTOBUF;
	return otlp_choose(r, &found, words, ARRAY_LEN(words), "http/protobuf, http/json and grpc",
			   &target->protocol);
}

static int read_compression(const struct otlp_reader *r, enum otlp_signal signal,
			    struct otlp_target *target)
{
	static const char *const words[] = { "none", "gzip" };
	struct otlp_found found = exporter(r, signal, "COMPRESSION");
	uint8_t gzip = 0;
	int ret = otlp_choose(r, &found, words, ARRAY_LEN(words), "none and gzip", &gzip);

	target->gzip = gzip;
	return ret;
}

int otlp_read_target(const struct otlp_reader *r, enum otlp_signal signal)
{
	struct otlp_target *target = &r->config->targets[signal];
	struct arena *arena = &r->config->arena;
	struct otlp_found timeout = exporter(r, signal, "TIMEOUT");
	int ret = read_protocol(r, signal, target);

	target->timeout_ms = 10000;
	target->ca_file = arena_strdup(arena, exporter(r, signal, "CERTIFICATE").text);
	target->cert_file = arena_strdup(arena, exporter(r, signal, "CLIENT_CERTIFICATE").text);
	target->key_file = arena_strdup(arena, exporter(r, signal, "CLIENT_KEY").text);
	if (ret >= 0)
		ret = otlp_read_number(r, &timeout, 0, OTLP_MAX_MS, &target->timeout_ms);
	if (ret >= 0)
		ret = read_compression(r, signal, target);
	if (ret >= 0)
		ret = read_headers(r, signal, target);
	if (ret >= 0)
		ret = read_endpoint(r, signal, target);
	return ret;
}

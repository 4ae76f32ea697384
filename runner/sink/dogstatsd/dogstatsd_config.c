// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/dogstatsd/dogstatsd_config.h"

#include <sys/un.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/read/who/container.h"

#define USUAL_HOST "127.0.0.1"
#define USUAL_PORT "8125"
#define USUAL_INTERVAL_NS 10000000000ull
#define TAGS_MAX_BYTES 1024u /* they stand in each line */
#define CGROUP_MAX_BYTES 65536

struct reader {
	struct dogstatsd_config *config;
	const char *(*get)(void *ctx, const char *name);
	void *ctx;
};

static const char *variable(const struct reader *r, const char *name)
{
	const char *value = r->get(r->ctx, name);

	return value && *value ? value : NULL;
}

/* --- the address ------------------------------------------------------------------------------ */

static int take_path(struct dogstatsd_config *config, enum dogstatsd_transport transport,
		     const char *path, struct err *err)
{
	if (path[0] != '/')
		return err_usage(err, "'%s' is not the path of a socket: it begins with /", path);
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return err_usage(err, "'%s' is too long for the path of a socket", path);
	config->transport = transport;
	config->path = xstrdup(path);
	return 0;
}

static bool is_port(const char *text)
{
	uint64_t port;

	return !text[strspn(text, "0123456789")] && parse_u64(text, &port) == 0 && port &&
	       port <= UINT16_MAX;
}

static int take_host(struct dogstatsd_config *config, const char *text, const char *usual_port,
		     struct err *err)
{
	const char *end = text[0] == '[' ? strchr(text, ']') : NULL;
	const char *colon = end ? strchr(end, ':') : strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	const char *port = colon ? colon + 1 : usual_port;

	if (!colon && is_port(text)) {
		port = text;
		len = 0;
	}
	if (!is_port(port) || (text[0] == '[' && !end) || (!end && memchr(text, ':', len)) ||
	    text[strcspn(text, "/ \t\n")]) {
		err_hint(err, "HOST:PORT, or unix:///PATH");
		return err_usage(err, "'%s' is not the address of a DogStatsD server", text);
	}
	config->transport = DOGSTATSD_UDP;
	config->host = end ? xstrndup(text + 1, (size_t)(end - text) - 1) : xstrndup(text, len);
	if (!config->host[0] || streq(config->host, "localhost")) {
		free(config->host);
		config->host = xstrdup(USUAL_HOST);
	}
	config->port = xstrdup(port);
	return 0;
}

static int take_address(struct dogstatsd_config *config, const char *text, const char *usual_port,
			struct err *err)
{
	static const struct {
		const char *scheme;
		enum dogstatsd_transport transport;
	} schemes[] = {
		{ "unix://", DOGSTATSD_UNIX },
		{ "unixgram://", DOGSTATSD_UNIXGRAM },
		{ "unixstream://", DOGSTATSD_UNIXSTREAM },
	};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (has_prefix(text, schemes[i].scheme))
			return take_path(config, schemes[i].transport,
					 text + strlen(schemes[i].scheme), err);
	if (text[0] == '/')
		return take_path(config, DOGSTATSD_UNIX, text, err);
	if (has_prefix(text, "udp://"))
		text += strlen("udp://");
	return take_host(config, text, usual_port, err);
}

static int read_address(const struct reader *r, const char *given, struct err *err)
{
	const char *url = variable(r, "DD_DOGSTATSD_URL"), *host = variable(r, "DD_AGENT_HOST");
	const char *port = variable(r, "DD_DOGSTATSD_PORT");
	int ret;

	if (given[0])
		return take_address(r->config, given, USUAL_PORT, err);
	if (url) {
		ret = take_address(r->config, url, USUAL_PORT, err);
		if (ret < 0)
			err_wrap(err, "DD_DOGSTATSD_URL");
		return ret;
	}
	if (port && !is_port(port))
		return err_usage(err, "DD_DOGSTATSD_PORT: '%s' is not a port", port);
	ret = take_host(r->config, host ? host : USUAL_HOST, port ? port : USUAL_PORT, err);
	if (ret < 0)
		err_wrap(err, "DD_AGENT_HOST");
	return ret;
}

/* --- tags ------------------------------------------------------------------------------------- */

static int add_tag(struct strbuf *tags, const char *tag, size_t len, const char *from,
		   struct err *err)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)tag[i] < ' ' || tag[i] == '|' || tag[i] == ',' || tag[i] == 0x7f)
			return err_usage(err,
					 "%s: the tag '%.*s' has a character that separates parts "
					 "of a metric",
					 from, (int)len, tag);
	if (!len)
		return 0;
	if (tags->len)
		strbuf_addc(tags, ',');
	strbuf_add(tags, tag, len);
	return 0;
}

/* Several, one behind the other. */
static int add_tags(struct strbuf *tags, const char *text, const char *separators, const char *from,
		    struct err *err)
{
	int ret = 0;

	while (*text && ret >= 0) {
		size_t len = strcspn(text, separators);

		ret = add_tag(tags, text, len, from, err);
		text += len;
		text += *text != '\0';
	}
	return ret;
}

static int add_named(const struct reader *r, struct strbuf *tags, const char *name,
		     const char *from, struct err *err)
{
	const char *value = variable(r, from);
	_cleanup_free_ char *tag = value ? xasprintf("%s:%s", name, value) : NULL;

	return tag ? add_tag(tags, tag, strlen(tag), from, err) : 0;
}

static int read_tags(const struct reader *r, const struct dogstatsd_flags *flags, struct err *err)
{
	_cleanup_strbuf_ struct strbuf tags = STRBUF_INIT(TAGS_MAX_BYTES);
	const char *more = variable(r, "DD_TAGS");
	int ret = 0;

	for (size_t i = 0; i < flags->ntags && ret >= 0; i++)
		ret = add_tags(&tags, flags->tags[i], ",", "--dogstatsd-tag", err);
	if (more && ret >= 0)
		ret = add_tags(&tags, more, ", ", "DD_TAGS", err);
	if (ret >= 0)
		ret = add_named(r, &tags, "env", "DD_ENV", err);
	if (ret >= 0)
		ret = add_named(r, &tags, "service", "DD_SERVICE", err);
	if (ret >= 0)
		ret = add_named(r, &tags, "version", "DD_VERSION", err);
	if (ret >= 0)
		ret = add_named(r, &tags, "dd.internal.entity_id", "DD_ENTITY_ID", err);
	if (ret >= 0 && tags.full)
		ret = err_usage(err, "the tags of all metrics take more than %u bytes",
				TAGS_MAX_BYTES);
	r->config->tags = xstrdup(strbuf_str(&tags));
	return ret;
}

/* --- who sends -------------------------------------------------------------------------------- */

/* Of our own cgroups; "": none. */
static char *own_container(const char *path)
{
	_cleanup_free_ void *text = NULL;
	struct container c = { 0 };

	if (read_file(path, CGROUP_MAX_BYTES, &text, NULL, NULL) >= 0)
		container_of_cgroup_file(&c, text);
	return xstrdup(c.part[CONTAINER_ID]);
}

static bool wants_origin(const struct reader *r)
{
	const char *text = variable(r, "DD_ORIGIN_DETECTION_ENABLED");
	bool wanted = true;

	if (text)
		parse_bool(text, &wanted);
	return wanted;
}

int dogstatsd_config_read(struct dogstatsd_config *ret, const struct dogstatsd_flags *flags,
			  const char *(*get)(void *ctx, const char *name), void *ctx,
			  struct err *err)
{
	_cleanup_(dogstatsd_config_release) struct dogstatsd_config config = {
		.interval_ns = flags->interval_ns ? flags->interval_ns : USUAL_INTERVAL_NS,
		.histogram_type =
			flags->histograms && streq(flags->histograms, "histogram") ? 'h' : 'd',
	};
	const struct reader r = { &config, get, ctx };
	int code = read_address(&r, flags->address, err);

	if (code >= 0)
		code = read_tags(&r, flags, err);
	if (code < 0)
		return code;
	config.max_bytes =
		config.transport == DOGSTATSD_UDP ? DOGSTATSD_UDP_BYTES : DOGSTATSD_UNIX_BYTES;
	config.container = wants_origin(&r)
				   ? own_container(flags->cgroup_file ? flags->cgroup_file
								      : "/proc/self/cgroup")
				   : xstrdup("");
	*ret = config;
	config = (struct dogstatsd_config){ 0 };
	return 0;
}

void dogstatsd_config_release(struct dogstatsd_config *config)
{
	free(config->host);
	free(config->port);
	free(config->path);
	free(config->tags);
	free(config->container);
	*config = (struct dogstatsd_config){ 0 };
}

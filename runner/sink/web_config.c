// SPDX-License-Identifier: Apache-2.0
/* The only file that knows libyaml, which is loaded for it. */
#include <errno.h>
#include <yaml.h>
#include "base/dynlib.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/sink/web_config.h"

#define CONFIG_MAX_BYTES (1u << 20)
#define LIST_MAX 256

struct yaml {
	void *library;
	__typeof__(&yaml_parser_initialize) parser_init;
	__typeof__(&yaml_parser_set_input_string) set_input;
	__typeof__(&yaml_parser_load) load;
	__typeof__(&yaml_parser_delete) parser_delete;
	__typeof__(&yaml_document_get_root_node) root;
	__typeof__(&yaml_document_get_node) node;
	__typeof__(&yaml_document_delete) document_delete;
};

struct reading {
	struct yaml yaml;
	yaml_document_t document;
	struct web_config *config;
	const char *path;
	struct err *err;
	/* TLS, put together at the end. */
	const char *cert, *key, *ca;
	int min_version, max_version; /* places in versions[] */
	struct strbuf ciphers, groups;
};

static const char *const versions[] = { "TLS10", "TLS11", "TLS12", "TLS13" };
static const char *const version_words[] = { "+VERS-TLS1.0", "+VERS-TLS1.1", "+VERS-TLS1.2",
					     "+VERS-TLS1.3" };

static int load_yaml(struct yaml *yaml, struct err *err)
{
	const struct dynlib_symbol symbols[] = {
		{ "yaml_parser_initialize", &yaml->parser_init },
		{ "yaml_parser_set_input_string", &yaml->set_input },
		{ "yaml_parser_load", &yaml->load },
		{ "yaml_parser_delete", &yaml->parser_delete },
		{ "yaml_document_get_root_node", &yaml->root },
		{ "yaml_document_get_node", &yaml->node },
		{ "yaml_document_delete", &yaml->document_delete },
	};

	return dynlib_open(&yaml->library, "libyaml-0.so.2", "libyaml-0-2",
			   "cannot read the web configuration", symbols, ARRAY_LEN(symbols), err);
}

static int refuse(struct reading *r, const yaml_node_t *node, const char *what)
{
	return err_usage(r->err, "%s:%zu: %s", r->path, node ? node->start_mark.line + 1 : 1, what);
}

static const char *text_of(const yaml_node_t *node)
{
	return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value
						      : NULL;
}

/* One word and what it stands for: handles it, or refuses it. */
typedef int (*pair_fn)(struct reading *r, const char *name, const yaml_node_t *value);

static int each_pair(struct reading *r, const yaml_node_t *map, pair_fn fn)
{
	int code = 0;

	if (map->type == YAML_SCALAR_NODE && !*text_of(map))
		return 0; /* nothing stands behind the colon */
	if (map->type != YAML_MAPPING_NODE)
		return refuse(r, map, "words with a colon are expected here");
	if (map->data.mapping.pairs.top - map->data.mapping.pairs.start > LIST_MAX)
		return refuse(r, map, "too many entries");
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top && code == 0; pair++) {
		const char *name = text_of(r->yaml.node(&r->document, pair->key));

		code = name ? fn(r, name, r->yaml.node(&r->document, pair->value))
			    : refuse(r, map, "a word is expected before the colon");
	}
	return code;
}

/* Each word of a list goes through `words` to what is added to sb. */
static int translate(struct reading *r, const yaml_node_t *list, const char *const (*words)[2],
		     size_t count, struct strbuf *sb)
{
	if (list->type != YAML_SEQUENCE_NODE)
		return refuse(r, list, "a list is expected here");
	for (yaml_node_item_t *item = list->data.sequence.items.start;
	     item < list->data.sequence.items.top; item++) {
		const yaml_node_t *node = r->yaml.node(&r->document, *item);
		const char *text = text_of(node);
		size_t i = 0;

		while (text && i < count && !streq(words[i][0], text))
			i++;
		if (!text || i == count)
			return refuse(r, node, "this cipher or curve is not known");
		strbuf_adds(sb, words[i][1]);
	}
	return 0;
}

static int set_ciphers(struct reading *r, const yaml_node_t *value)
{
	static const char *const words[][2] = {
		{ "TLS_AES_128_GCM_SHA256", ":+AES-128-GCM" },
		{ "TLS_AES_256_GCM_SHA384", ":+AES-256-GCM" },
		{ "TLS_CHACHA20_POLY1305_SHA256", ":+CHACHA20-POLY1305" },
		{ "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ":+ECDHE-RSA:+AES-128-GCM" },
		{ "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", ":+ECDHE-RSA:+AES-256-GCM" },
		{ "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ":+ECDHE-RSA:+CHACHA20-POLY1305" },
		{ "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", ":+ECDHE-ECDSA:+AES-128-GCM" },
		{ "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", ":+ECDHE-ECDSA:+AES-256-GCM" },
		{ "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
		  ":+ECDHE-ECDSA:+CHACHA20-POLY1305" },
		{ "TLS_RSA_WITH_AES_128_GCM_SHA256", ":+RSA:+AES-128-GCM" },
		{ "TLS_RSA_WITH_AES_256_GCM_SHA384", ":+RSA:+AES-256-GCM" },
	};

	return translate(r, value, words, ARRAY_LEN(words), &r->ciphers);
}

static int set_groups(struct reading *r, const yaml_node_t *value)
{
	static const char *const words[][2] = {
		{ "CurveP256", ":+GROUP-SECP256R1" },
		{ "CurveP384", ":+GROUP-SECP384R1" },
		{ "CurveP521", ":+GROUP-SECP521R1" },
		{ "X25519", ":+GROUP-X25519" },
	};

	return translate(r, value, words, ARRAY_LEN(words), &r->groups);
}

/* The place of a word in a list. */
static int choose(struct reading *r, const yaml_node_t *value, const char *const *words,
		  size_t count, int *ret)
{
	const char *text = text_of(value);

	for (size_t i = 0; text && i < count; i++) {
		if (streq(words[i], text)) {
			*ret = (int)i;
			return 0;
		}
	}
	return refuse(r, value, "this word is not known here");
}

static int set_text(struct reading *r, const yaml_node_t *value, const char **ret)
{
	const char *text = text_of(value);

	if (!text)
		return refuse(r, value, "a single word is expected here");
	*ret = *text ? text : NULL;
	return 0;
}

static int set_tls(struct reading *r, const char *name, const yaml_node_t *value)
{
	static const char *const auths[] = { "NoClientCert", "RequestClientCert",
					     "RequireAnyClientCert", "VerifyClientCertIfGiven",
					     "RequireAndVerifyClientCert" };
	int auth = 0, code;

	if (streq(name, "cert_file"))
		return set_text(r, value, &r->cert);
	if (streq(name, "key_file"))
		return set_text(r, value, &r->key);
	if (streq(name, "client_ca_file"))
		return set_text(r, value, &r->ca);
	if (streq(name, "client_auth_type")) {
		code = choose(r, value, auths, ARRAY_LEN(auths), &auth);
		r->config->client_auth = (enum client_auth)auth;
		return code;
	}
	if (streq(name, "min_version"))
		return choose(r, value, versions, ARRAY_LEN(versions), &r->min_version);
	if (streq(name, "max_version"))
		return choose(r, value, versions, ARRAY_LEN(versions), &r->max_version);
	if (streq(name, "cipher_suites"))
		return set_ciphers(r, value);
	if (streq(name, "curve_preferences"))
		return set_groups(r, value);
	if (streq(name, "prefer_server_cipher_suites"))
		return 0;
	return refuse(r, value, "this word is not known in tls_server_config");
}

static int add_pair(struct reading *r, struct web_pair **pairs, size_t *count, const char *name,
		    const yaml_node_t *value)
{
	const char *text = text_of(value);

	if (!text || strpbrk(text, "\r\n") || strpbrk(name, "\r\n"))
		return refuse(r, value, "a single line is expected here");
	if (!*pairs)
		*pairs = arena_array(&r->config->arena, struct web_pair, LIST_MAX);
	(*pairs)[(*count)++] = (struct web_pair){ arena_strdup(&r->config->arena, name),
						  arena_strdup(&r->config->arena, text) };
	return 0;
}

static int set_header(struct reading *r, const char *name, const yaml_node_t *value)
{
	return add_pair(r, &r->config->headers, &r->config->nheaders, name, value);
}

static int set_http(struct reading *r, const char *name, const yaml_node_t *value)
{
	if (streq(name, "headers"))
		return each_pair(r, value, set_header);
	if (streq(name, "http2"))
		return 0;
	return refuse(r, value, "this word is not known in http_server_config");
}

static int set_user(struct reading *r, const char *name, const yaml_node_t *value)
{
	const char *hash = text_of(value);

	if (!hash || strlen(hash) != 60 || strncmp(hash, "$2", 2) != 0)
		return refuse(r, value, "a password has to be hashed with bcrypt ($2y$...)");
	return add_pair(r, &r->config->users, &r->config->nusers, name, value);
}

static int set_top(struct reading *r, const char *name, const yaml_node_t *value)
{
	if (streq(name, "tls_server_config")) {
		r->config->tls = value->type == YAML_MAPPING_NODE;
		return each_pair(r, value, set_tls);
	}
	if (streq(name, "http_server_config"))
		return each_pair(r, value, set_http);
	if (streq(name, "basic_auth_users"))
		return each_pair(r, value, set_user);
	return refuse(r, value, "this word is not known");
}

static int read_pem(struct reading *r, const char *name, const char **ret)
{
	const char *slash = strrchr(r->path, '/');
	_cleanup_free_ char *path =
		*name == '/' || !slash
			? xstrdup(name)
			: xasprintf("%.*s/%s", (int)(slash - r->path), r->path, name);
	_cleanup_free_ void *text = NULL;
	int code = read_file(path, CONFIG_MAX_BYTES, &text, NULL, r->err);

	if (code == 0)
		*ret = arena_strdup(&r->config->arena, text);
	return code;
}

static void set_priorities(struct reading *r)
{
	struct strbuf sb = STRBUF_INIT(CONFIG_MAX_BYTES);

	strbuf_adds(&sb, "NORMAL:%SERVER_PRECEDENCE:-VERS-ALL");
	for (int i = r->max_version; i >= r->min_version; i--)
		strbuf_addf(&sb, ":%s", version_words[i]);
	if (r->ciphers.len)
		strbuf_addf(&sb, ":-CIPHER-ALL:-KX-ALL:+ECDHE-RSA:+ECDHE-ECDSA%s",
			    strbuf_str(&r->ciphers));
	if (r->groups.len)
		strbuf_addf(&sb, ":-GROUP-ALL%s", strbuf_str(&r->groups));
	r->config->priorities = arena_strdup(&r->config->arena, strbuf_str(&sb));
	strbuf_release(&sb);
}

static int finish_tls(struct reading *r)
{
	struct web_config *config = r->config;
	int code;

	if (!config->tls)
		return 0;
	if (!r->cert || !r->key)
		return refuse(r, NULL, "tls_server_config needs cert_file and key_file");
	if (config->client_auth == CLIENT_AUTH_NONE && r->ca)
		return refuse(r, NULL, "client_ca_file is of no use without client_auth_type");
	if (config->client_auth != CLIENT_AUTH_NONE && !r->ca)
		return refuse(r, NULL, "client_auth_type needs client_ca_file");
	if (r->min_version > r->max_version)
		return refuse(r, NULL, "min_version is above max_version");
	code = read_pem(r, r->cert, &config->cert_pem);
	if (code == 0)
		code = read_pem(r, r->key, &config->key_pem);
	if (code == 0 && r->ca)
		code = read_pem(r, r->ca, &config->ca_pem);
	set_priorities(r);
	return code;
}

static int read_document(struct reading *r, const char *text, size_t len)
{
	yaml_parser_t parser;
	yaml_node_t *root;
	int code = 0;

	if (!r->yaml.parser_init(&parser))
		return err_set(r->err, ENOMEM, "%s: the YAML parser does not start", r->path);
	r->yaml.set_input(&parser, (const unsigned char *)text, len);
	if (!r->yaml.load(&parser, &r->document)) {
		code = err_usage(r->err, "%s:%zu: %s", r->path, parser.problem_mark.line + 1,
				 parser.problem ? parser.problem : "no YAML");
		r->yaml.parser_delete(&parser);
		return code;
	}
	root = r->yaml.root(&r->document);
	if (root)
		code = each_pair(r, root, set_top);
	if (code == 0)
		code = finish_tls(r);
	r->yaml.document_delete(&r->document);
	r->yaml.parser_delete(&parser);
	return code;
}

int web_config_read(struct web_config *ret, const char *path, struct err *err)
{
	struct reading r = {
		.config = ret,
		.path = path,
		.err = err,
		.min_version = 2,
		.max_version = ARRAY_LEN(versions) - 1,
		.ciphers = STRBUF_INIT(CONFIG_MAX_BYTES),
		.groups = STRBUF_INIT(CONFIG_MAX_BYTES),
	};
	_cleanup_free_ void *text = NULL;
	size_t len = 0;
	int code = read_file(path, CONFIG_MAX_BYTES, &text, &len, err);

	*ret = (struct web_config){ 0 };
	if (code == 0)
		code = load_yaml(&r.yaml, err);
	if (code == 0)
		code = read_document(&r, text, len);
	dynlib_close(r.yaml.library);
	strbuf_release(&r.ciphers);
	strbuf_release(&r.groups);
	return code;
}

void web_config_release(struct web_config *config)
{
	arena_release(&config->arena);
	*config = (struct web_config){ 0 };
}

// SPDX-License-Identifier: Apache-2.0
/* The only file that knows libyaml, which is loaded for it. */
#include <errno.h>
#include <sys/stat.h>
#include <xxhash.h>
#include <yaml.h>
#include "base/dynlib.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/sink/web/tls_words.h"
#include "runner/sink/web/web_config.h"

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
	struct tls_words tls;
};

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

/* As refuse(), of the word that stands there. */
static int refuse_word(struct reading *r, const yaml_node_t *node, const char *what)
{
	const char *text = text_of(node);

	return err_usage(r->err, "%s:%zu: '%.64s' %s", r->path, node->start_mark.line + 1,
			 text ? text : "", what);
}

static int refuse_name(struct reading *r, const yaml_node_t *value, const char *name,
		       const char *what)
{
	return err_usage(r->err, "%s:%zu: '%.64s' %s", r->path, value->start_mark.line + 1, name,
			 what);
}

static int each_word(struct reading *r, const yaml_node_t *list,
		     bool (*add)(struct tls_words *words, const char *name), const char *unknown)
{
	if (list->type == YAML_SCALAR_NODE && !*text_of(list))
		return 0;
	if (list->type != YAML_SEQUENCE_NODE)
		return refuse(r, list, "a list is expected here");
	for (yaml_node_item_t *item = list->data.sequence.items.start;
	     item < list->data.sequence.items.top; item++) {
		const yaml_node_t *node = r->yaml.node(&r->document, *item);
		const char *text = text_of(node);

		if (!text)
			return refuse(r, list, "words are expected in this list");
		if (!add(&r->tls, text))
			return refuse_word(r, node, unknown);
	}
	return 0;
}

static int set_version(struct reading *r, const yaml_node_t *value, uint8_t *ret)
{
	const char *text = text_of(value);

	if (text && tls_version(text, ret))
		return 0;
	return refuse_word(r, value, "is no version: TLS10, TLS11, TLS12 or TLS13");
}

static int set_auth(struct reading *r, const yaml_node_t *value)
{
	static const struct {
		const char *name;
		enum client_auth auth;
	} auths[] = {
		{ "", CLIENT_AUTH_NONE },
		{ "NoClientCert", CLIENT_AUTH_NONE },
		{ "RequestClientCert", CLIENT_AUTH_REQUEST },
		{ "RequireAnyClientCert", CLIENT_AUTH_REQUIRE_ANY },
		{ "RequireClientCert", CLIENT_AUTH_REQUIRE_ANY }, /* its name once */
		{ "VerifyClientCertIfGiven", CLIENT_AUTH_VERIFY_GIVEN },
		{ "RequireAndVerifyClientCert", CLIENT_AUTH_REQUIRE_VERIFY },
	};
	const char *text = text_of(value);

	for (size_t i = 0; text && i < ARRAY_LEN(auths); i++) {
		if (streq(auths[i].name, text)) {
			r->config->client_auth = auths[i].auth;
			return 0;
		}
	}
	return refuse_word(r, value, "is not known as client_auth_type");
}

/* A key that is accepted and changes nothing. */
static int check_bool(struct reading *r, const yaml_node_t *value)
{
	const char *text = text_of(value);

	if (text && (streq(text, "true") || streq(text, "false")))
		return 0;
	return refuse_word(r, value, "is neither true nor false");
}

static int set_file(struct reading *r, const yaml_node_t *value, enum web_file file)
{
	const char *text = text_of(value), *slash = strrchr(r->path, '/');

	if (!text)
		return refuse(r, value, "a single word is expected here");
	r->config->files[file] = !*text ? NULL
				 : *text == '/' || !slash
					 ? arena_strdup(&r->config->arena, text)
					 : arena_printf(&r->config->arena, "%.*s/%s",
							(int)(slash - r->path), r->path, text);
	return 0;
}

static int set_tls(struct reading *r, const char *name, const yaml_node_t *value)
{
	if (streq(name, "cert_file"))
		return set_file(r, value, WEB_CERT);
	if (streq(name, "key_file"))
		return set_file(r, value, WEB_KEY);
	if (streq(name, "client_ca_file"))
		return set_file(r, value, WEB_CA);
	if (streq(name, "client_auth_type"))
		return set_auth(r, value);
	if (streq(name, "min_version"))
		return set_version(r, value, &r->tls.min_version);
	if (streq(name, "max_version"))
		return set_version(r, value, &r->tls.max_version);
	if (streq(name, "cipher_suites"))
		return each_word(r, value, tls_add_suite, "is no cipher suite that is known here");
	if (streq(name, "curve_preferences"))
		return each_word(r, value, tls_add_group,
				 "is no curve that is known here: CurveP256, CurveP384, CurveP521 "
				 "or X25519");
	if (streq(name, "prefer_server_cipher_suites"))
		return check_bool(r, value);
	return refuse_name(r, value, name, "is not known in tls_server_config");
}

static int add_pair(struct reading *r, struct web_pair **pairs, size_t *count, const char *name,
		    const yaml_node_t *value)
{
	const char *text = text_of(value);

	if (!text || strpbrk(text, "\r\n") || strpbrk(name, "\r\n"))
		return refuse(r, value, "a single line is expected here");
	for (size_t i = 0; i < *count; i++)
		if (streq((*pairs)[i].name, name))
			return refuse_name(r, value, name, "is there twice");
	if (!*pairs)
		*pairs = arena_array(&r->config->arena, struct web_pair, LIST_MAX);
	(*pairs)[(*count)++] = (struct web_pair){ arena_strdup(&r->config->arena, name),
						  arena_strdup(&r->config->arena, text) };
	return 0;
}

/* Those that say something of safety. Others are ours: one more Content-Length breaks the answer.
 */
static int set_header(struct reading *r, const char *name, const yaml_node_t *value)
{
	static const char *const names[] = { "Strict-Transport-Security", "X-Content-Type-Options",
					     "X-Frame-Options", "X-XSS-Protection",
					     "Content-Security-Policy" };
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		known |= strcasecmp(names[i], name) == 0;
	if (!known)
		return refuse_name(r, value, name, "is no header that can be set");
	return add_pair(r, &r->config->headers, &r->config->nheaders, name, value);
}

static int set_http(struct reading *r, const char *name, const yaml_node_t *value)
{
	if (streq(name, "headers"))
		return each_pair(r, value, set_header);
	if (streq(name, "http2"))
		return check_bool(r, value);
	return refuse_name(r, value, name, "is not known in http_server_config");
}

static int set_user(struct reading *r, const char *name, const yaml_node_t *value)
{
	const char *hash = text_of(value);

	if (!hash || strlen(hash) != 60 || strncmp(hash, "$2", 2) != 0)
		return refuse(r, value, "a password has to be hashed with bcrypt ($2y$...)");
	if (!*name || strchr(name, ':'))
		return refuse_name(r, value, name, "cannot be a user: HTTP cannot carry this name");
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
	return refuse_name(r, value, name, "is not known");
}

static int read_pem(struct reading *r, enum web_file file, const char **ret)
{
	_cleanup_free_ void *text = NULL;
	int code;

	if (!r->config->files[file])
		return 0;
	code = read_file(r->config->files[file], CONFIG_MAX_BYTES, &text, NULL, r->err);
	if (code == 0)
		*ret = arena_strdup(&r->config->arena, text);
	return code;
}

static int set_priorities(struct reading *r)
{
	struct strbuf sb = STRBUF_INIT(CONFIG_MAX_BYTES);
	const char *why, *suite;
	int code = 0;

	if (tls_priorities(&r->tls, &sb, &why, &suite))
		r->config->priorities = arena_strdup(&r->config->arena, strbuf_str(&sb));
	else
		code = err_usage(r->err, "%s: %s%s", r->path, why, suite);
	strbuf_release(&sb);
	return code;
}

static int finish_tls(struct reading *r)
{
	struct web_config *config = r->config;
	enum client_auth auth = config->client_auth;
	int code;

	if (!config->tls)
		return 0;
	if (!config->files[WEB_CERT] || !config->files[WEB_KEY])
		return refuse(r, NULL, "tls_server_config needs cert_file and key_file");
	if (auth == CLIENT_AUTH_NONE && config->files[WEB_CA])
		return refuse(r, NULL, "client_ca_file is of no use without client_auth_type");
	if ((auth == CLIENT_AUTH_VERIFY_GIVEN || auth == CLIENT_AUTH_REQUIRE_VERIFY) &&
	    !config->files[WEB_CA])
		return refuse(r, NULL, "client_auth_type needs client_ca_file");
	code = set_priorities(r);
	config->stamp = web_config_stamp(config, r->path);
	if (code == 0)
		code = read_pem(r, WEB_CERT, &config->cert_pem);
	if (code == 0)
		code = read_pem(r, WEB_KEY, &config->key_pem);
	if (code == 0)
		code = read_pem(r, WEB_CA, &config->ca_pem);
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

struct web_stamp web_config_stamp(const struct web_config *config, const char *path)
{
	const char *paths[] = { path, config->files[WEB_CERT], config->files[WEB_KEY],
				config->files[WEB_CA] };
	struct web_stamp stamp = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		uint64_t of[6] = { 0 };
		struct stat st;

		if (paths[i] && stat(paths[i], &st) == 0) {
			of[0] = st.st_dev;
			of[1] = st.st_ino;
			of[2] = (uint64_t)st.st_size;
			of[3] = (uint64_t)st.st_mtim.tv_sec;
			of[4] = (uint64_t)st.st_mtim.tv_nsec;
			of[5] = (uint64_t)st.st_ctim.tv_sec ^ (uint64_t)st.st_ctim.tv_nsec << 32;
		}
		stamp.files[i] = XXH3_64bits(of, sizeof(of));
	}
	return stamp;
}

int web_config_read(struct web_config *ret, const char *path, struct err *err)
{
	struct reading r = { .config = ret, .path = path, .err = err, .tls = TLS_WORDS_INIT };
	_cleanup_free_ void *text = NULL;
	size_t len = 0;
	int code;

	*ret = (struct web_config){ 0 };
	/* Before it is read: what changes meanwhile is seen the next time. */
	ret->stamp = web_config_stamp(ret, path);
	code = read_file(path, CONFIG_MAX_BYTES, &text, &len, err);
	if (code == 0)
		code = load_yaml(&r.yaml, err);
	if (code == 0)
		code = read_document(&r, text, len);
	dynlib_close(r.yaml.library);
	return code;
}

void web_config_release(struct web_config *config)
{
	arena_release(&config->arena);
	*config = (struct web_config){ 0 };
}

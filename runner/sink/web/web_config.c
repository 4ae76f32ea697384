// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/stat.h>
#include <xxhash.h>
#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "base/yaml.h"
#include "runner/sink/web/tls_words.h"
#include "runner/sink/web/web_config.h"

#define FILE_MAX_BYTES (1u << 20)
#define LIST_MAX 256

struct reading {
	struct yaml yaml;
	struct web_config *config;
	const char *path;
	struct err *err;
	struct tls_words tls;
};

static int each_word(struct reading *r, const struct yaml_node *list,
		     bool (*add)(struct tls_words *words, const char *name), const char *unknown)
{
	int code = yaml_list(list, r->err);

	for (const struct yaml_node *n = list ? list->first : NULL; n && code == 0; n = n->next) {
		const char *text;

		code = yaml_text(n, &text, r->err);
		if (code == 0 && !add(&r->tls, text))
			code = yaml_refuse(n, r->err, "'%.64s' %s", text, unknown);
	}
	return code;
}

static int set_version(struct reading *r, const struct yaml_node *value, uint8_t *ret)
{
	const char *text;
	int code = value ? yaml_text(value, &text, r->err) : 0;

	if (value && code == 0 && !tls_version(text, ret))
		code = yaml_refuse(value, r->err,
				   "'%.64s' is no version: TLS10, TLS11, TLS12 or TLS13", text);
	return code;
}

static int set_auth(struct reading *r, const struct yaml_node *value)
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
	const char *text = "";
	int code = value ? yaml_text(value, &text, r->err) : 0;

	for (size_t i = 0; i < ARRAY_LEN(auths) && code == 0; i++) {
		if (streq(auths[i].name, text)) {
			r->config->client_auth = auths[i].auth;
			return 0;
		}
	}
	return code < 0 ? code
			: yaml_refuse(value, r->err, "'%.64s' is not known as client_auth_type",
				      text);
}

/* A key that is accepted and changes nothing. */
static int check_bool(struct reading *r, const struct yaml_node *value)
{
	bool ignored;

	return value ? yaml_bool(value, &ignored, r->err) : 0;
}

static int set_file(struct reading *r, const struct yaml_node *value, enum web_file file)
{
	const char *text = "", *slash = strrchr(r->path, '/');
	int code = value ? yaml_text(value, &text, r->err) : 0;

	if (code < 0)
		return code;
	r->config->files[file] = !*text ? NULL
				 : *text == '/' || !slash
					 ? arena_strdup(&r->config->arena, text)
					 : arena_printf(&r->config->arena, "%.*s/%s",
							(int)(slash - r->path), r->path, text);
	return 0;
}

static int set_tls(struct reading *r, const struct yaml_node *map)
{
	static const char *const keys[] = {
		"cert_file",	    "key_file",		 "client_ca_file",
		"client_auth_type", "min_version",	 "max_version",
		"cipher_suites",    "curve_preferences", "prefer_server_cipher_suites",
	};
	int code = yaml_keys(map, keys, ARRAY_LEN(keys), r->err);

	r->config->tls = !yaml_is_null(map);
	if (code == 0)
		code = set_file(r, yaml_get(map, "cert_file"), WEB_CERT);
	if (code == 0)
		code = set_file(r, yaml_get(map, "key_file"), WEB_KEY);
	if (code == 0)
		code = set_file(r, yaml_get(map, "client_ca_file"), WEB_CA);
	if (code == 0)
		code = set_auth(r, yaml_get(map, "client_auth_type"));
	if (code == 0)
		code = set_version(r, yaml_get(map, "min_version"), &r->tls.min_version);
	if (code == 0)
		code = set_version(r, yaml_get(map, "max_version"), &r->tls.max_version);
	if (code == 0)
		code = each_word(r, yaml_get(map, "cipher_suites"), tls_add_suite,
				 "is no cipher suite that is known here");
	if (code == 0)
		code = each_word(r, yaml_get(map, "curve_preferences"), tls_add_group,
				 "is no curve that is known here: CurveP256, CurveP384, CurveP521 "
				 "or X25519");
	return code < 0 ? code : check_bool(r, yaml_get(map, "prefer_server_cipher_suites"));
}

/* Reads a mapping of texts of one line each; `check` refuses entries. */
static int
read_pairs(struct reading *r, const struct yaml_node *map, struct web_pair **pairs, size_t *count,
	   int (*check)(struct reading *r, const struct yaml_node *value, const char *text))
{
	int code = yaml_map(map, r->err);

	if (code < 0 || yaml_is_null(map))
		return code;
	if (map->count > LIST_MAX)
		return yaml_refuse(map, r->err, "too many entries");
	*pairs = arena_array(&r->config->arena, struct web_pair, map->count);
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		const char *text, *name = n->key->text;

		code = yaml_text(n, &text, r->err);
		if (code == 0 && (strpbrk(text, "\r\n") || strpbrk(name, "\r\n")))
			code = yaml_refuse(n, r->err, "a single line is expected here");
		if (code == 0)
			code = check(r, n, text);
		if (code < 0)
			return code;
		(*pairs)[(*count)++] = (struct web_pair){ arena_strdup(&r->config->arena, name),
							  arena_strdup(&r->config->arena, text) };
	}
	return 0;
}

/* Those that say something of safety. Others are ours: one more Content-Length breaks the answer.
 */
static int check_header(struct reading *r, const struct yaml_node *value, const char *text)
{
	static const char *const names[] = { "Strict-Transport-Security", "X-Content-Type-Options",
					     "X-Frame-Options", "X-XSS-Protection",
					     "Content-Security-Policy" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(names[i], value->key->text) == 0)
			return 0;
	return yaml_refuse_key(value, r->err, "'%.64s' is no header that can be set",
			       value->key->text);
}

static int set_http(struct reading *r, const struct yaml_node *map)
{
	static const char *const keys[] = { "headers", "http2" };
	int code = yaml_keys(map, keys, ARRAY_LEN(keys), r->err);

	if (code == 0)
		code = read_pairs(r, yaml_get(map, "headers"), &r->config->headers,
				  &r->config->nheaders, check_header);
	return code < 0 ? code : check_bool(r, yaml_get(map, "http2"));
}

static int check_user(struct reading *r, const struct yaml_node *value, const char *hash)
{
	const char *name = value->key->text;

	if (strlen(hash) != 60 || strncmp(hash, "$2", 2) != 0)
		return yaml_refuse(value, r->err,
				   "a password has to be hashed with bcrypt ($2y$...)");
	if (!*name || strchr(name, ':'))
		return yaml_refuse_key(value, r->err,
				       "'%.64s' cannot be a user: HTTP cannot carry this name",
				       name);
	return 0;
}

static int read_root(struct reading *r, const struct yaml_node *root)
{
	static const char *const keys[] = { "tls_server_config", "http_server_config",
					    "basic_auth_users" };
	int code = yaml_keys(root, keys, ARRAY_LEN(keys), r->err);

	if (code == 0)
		code = set_tls(r, yaml_get(root, "tls_server_config"));
	if (code == 0)
		code = set_http(r, yaml_get(root, "http_server_config"));
	return code < 0 ? code
			: read_pairs(r, yaml_get(root, "basic_auth_users"), &r->config->users,
				     &r->config->nusers, check_user);
}

/* The file is read again when it changes. A pipe would block the metrics, so it is refused. */
static int read_regular(const char *path, void **ret, size_t *ret_len, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_usage(err, "%s is not a file", path);
	return read_file(path, FILE_MAX_BYTES, ret, ret_len, err);
}

static int read_pem(struct reading *r, enum web_file file, const char **ret)
{
	_cleanup_free_ void *text = NULL;
	int code;

	if (!r->config->files[file])
		return 0;
	code = read_regular(r->config->files[file], &text, NULL, r->err);
	if (code == 0)
		*ret = arena_strdup(&r->config->arena, text);
	return code;
}

static int set_priorities(struct reading *r)
{
	struct strbuf sb = STRBUF_INIT(FILE_MAX_BYTES);
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
		return err_usage(r->err, "%s: tls_server_config needs cert_file and key_file",
				 r->path);
	if (auth == CLIENT_AUTH_NONE && config->files[WEB_CA])
		return err_usage(r->err, "%s: client_ca_file is of no use without client_auth_type",
				 r->path);
	if ((auth == CLIENT_AUTH_VERIFY_GIVEN || auth == CLIENT_AUTH_REQUIRE_VERIFY) &&
	    !config->files[WEB_CA])
		return err_usage(r->err, "%s: client_auth_type needs client_ca_file", r->path);
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
	code = read_regular(path, &text, &len, err);
	if (code == 0)
		code = yaml_parse(&r.yaml, path, text, len, err);
	if (code == 0)
		code = read_root(&r, r.yaml.root);
	if (code == 0)
		code = finish_tls(&r);
	yaml_release(&r.yaml);
	return code;
}

void web_config_release(struct web_config *config)
{
	arena_release(&config->arena);
	*config = (struct web_config){ 0 };
}

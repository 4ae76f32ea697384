// SPDX-License-Identifier: Apache-2.0
/* `bombus login` and `bombus logout`: credentials for registries. */
#include <errno.h>

#include "base/log.h"
#include "base/util.h"
#include "cmd/images/password.h"
#include "cmd/images/remote_args.h"
#include "oci/format/ref.h"

#define MAX_SECRET_BYTES (64u << 10)

struct login_args {
	struct remote_args remote;
	const char *user;
	bool password_stdin;
};

static int read_secret(const struct login_args *a, char **ret, struct err *err)
{
	void *bytes = NULL;
	int rc;

	if (!a->password_stdin && isatty(STDIN_FILENO)) {
		*ret = ask_line("Password", false);
		return 0;
	}
	if (!a->password_stdin) {
		err_hint(err, "--password-stdin reads it from standard input");
		return err_usage(err, "there is no terminal to ask for the password on");
	}
	rc = read_fd(STDIN_FILENO, "standard input", MAX_SECRET_BYTES, &bytes, NULL, err);
	if (rc >= 0)
		*ret = without_newline(bytes);
	return MIN(rc, 0);
}

static int run_login(const struct global_args *global, void *args, const struct words *words,
		     struct err *err)
{
	const struct login_args *a = args;
	const char *host = words->count ? words->words[0] : REF_DEFAULT_HOST;
	_cleanup_(remote_session_release) struct remote_session session = { 0 };
	_cleanup_(secret_free) char *secret = NULL;
	_cleanup_free_ char *path = NULL, *user = a->user ? xstrdup(a->user) : NULL;
	int rc = remote_session_init(&session, global, &a->remote, err);

	if (rc < 0)
		return rc;
	if (!user && (a->password_stdin || !isatty(STDIN_FILENO)))
		return err_usage(err, "--username NAME says whose password it is");
	if (!user)
		user = ask_line("Username", true);
	rc = read_secret(a, &secret, err);
	if (rc == 0 && (!*user || !*secret || strchr(user, ':')))
		rc = err_usage(err, "a name without ':' and a password are needed");
	if (rc == 0)
		rc = remote_login(host, user, secret, &session.opts, &path, err);
	if (rc < 0) {
		err_wrap(err, "cannot log in to %s", host);
		return rc;
	}
	log_info("logged in to %s as %s; the password is in %s", host, user, path);
	return 0;
}

#define ARG(member) offsetof(struct login_args, member)
static const struct opt login_opts[] = {
	{ 'u', "username", "NAME", OPT_TEXT, ARG(user), "your name at the registry" },
	{ 0, "password-stdin", NULL, OPT_FLAG, ARG(password_stdin),
	  "the password comes from standard input" },
	REMOTE_OPTS(ARG(remote)),
	{ 0 },
};

const struct command cmd_login = {
	.name = "login",
	.usage = "[REGISTRY]",
	.summary = "keep credentials for a registry",
	.about = "login tries the credentials and then keeps them in bombus/auth.json in the "
		 "configuration folder (root's is /etc/bombus/auth.json), or in the file of "
		 "--authfile; only you can read it. bombus also uses what docker login and "
		 "podman login kept. login takes no password from the command line, which others "
		 "can read.",
	.examples = "bombus login registry.example\n"
		    "bombus login registry.example -u ci --password-stdin <token.txt",
	.environment = "XDG_CONFIG_HOME     configuration folder (~/.config)\n" REMOTE_ENVIRONMENT,
	.opts = login_opts,
	.args_bytes = sizeof(struct login_args),
	.max_words = 1,
	.run = run_login,
};

struct logout_args {
	const char *authfile;
};

static int run_logout(const struct global_args *global, void *args, const struct words *words,
		      struct err *err)
{
	const struct logout_args *a = args;
	const char *host = words->count ? words->words[0] : REF_DEFAULT_HOST;
	_cleanup_free_ char *path = NULL;
	int rc = remote_logout(host, a->authfile, &path, err);

	if (rc == 0)
		log_info("forgot the credentials for %s in %s", host, path);
	return rc;
}

static const struct opt logout_opts[] = {
	{ 0, "authfile", "FILE", OPT_TEXT, offsetof(struct logout_args, authfile),
	  "take them out of this file", NULL, "file" },
	{ 0 },
};

const struct command cmd_logout = {
	.name = "logout",
	.usage = "[REGISTRY]",
	.summary = "forget credentials for a registry",
	.about = "logout forgets only what 'bombus login' kept; it leaves files of other tools "
		 "alone.",
	.examples = "bombus logout registry.example",
	.environment = "REGISTRY_AUTH_FILE  as --authfile",
	.opts = logout_opts,
	.args_bytes = sizeof(struct logout_args),
	.max_words = 1,
	.run = run_logout,
};

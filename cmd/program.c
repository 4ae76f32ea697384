// SPDX-License-Identifier: Apache-2.0
/* From what was typed to a program's bytes: standard input, a file, or a name in the store. */
#include <errno.h>
#include <pwd.h>

#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/pull_image.h"
#include "cmd/store_path.h"
#include "oci/image.h"
#include "oci/format/ref.h"

/* Of the person who calls by sudo, as it is without XDG_DATA_HOME; NULL: no sudo, or no store. */
static char *store_of_caller(void)
{
	const char *user = getenv("SUDO_USER");
	const struct passwd *pw = geteuid() == 0 && user && *user ? getpwnam(user) : NULL;
	_cleanup_free_ char *store = NULL;

	if (!pw || pw->pw_uid == 0)
		return NULL;
	store = xasprintf("%s/.local/share/bombus/store", pw->pw_dir);
	return access(store, F_OK) == 0 ? steal_ptr(&store) : NULL;
}

/* A name that is not in the store may be a file's, or in the store of another. */
static void hint_elsewhere(const char *word, const char *store, struct err *err)
{
	_cleanup_free_ char *callers = store_of_caller();
	bool other = callers && streq(store, ROOT_STORE);

	/* The first hint stays: these two say more than the store's own. */
	if (err && (other || access(word, F_OK) == 0))
		err->hint[0] = '\0';
	if (access(word, F_OK) == 0)
		err_hint(err, "to run the file of that name: ./%s", word);
	else if (other)
		err_hint(err, "this is root's store, %s; your own: --store %s", store, callers);
	else
		err_hint(err, "'bombus list' shows what is there");
}

static bool is_file(const char *word)
{
	size_t len = strlen(word);
	bool object = len > 2 && streq(word + len - 2, ".o");

	return has_prefix(word, "/") || has_prefix(word, "./") || has_prefix(word, "../") ||
	       (object && access(word, F_OK) == 0) || (object && !strchr(word, ':'));
}

int program_pull(const struct global_args *global, const struct remote_args *remote,
		 const char *policy, const char *word, struct err *err)
{
	bool always = policy && streq(policy, "always");
	_cleanup_free_ char *store = NULL;
	struct image_info info = { 0 };
	int rc;

	if (streq(word, "-") || is_file(word) || (policy && streq(policy, "never")))
		return 0;
	if (!always) {
		if (!ref_is_remote(word))
			return 0;
		store = store_path(global);
		rc = image_find(store, word, &info, NULL);
		image_info_release(&info);
		/* What is damaged is said when it is read; it is not silently replaced. */
		if (rc != -ENOENT)
			return 0;
	}
	return pull_image(global, remote, word, NULL, 0, err);
}

int program_read(const struct global_args *global, const char *word, void **ret, size_t *ret_len,
		 char **ret_name, struct err *err)
{
	_cleanup_free_ char *store = NULL;
	struct image_info info = { 0 };
	size_t len = strlen(word);
	int code;

	if (streq(word, "-")) {
		code = read_fd(STDIN_FILENO, "standard input", IMAGE_MAX_PROGRAM_BYTES, ret,
			       ret_len, err);
		if (code >= 0)
			*ret_name = xstrdup("standard input");
		return code;
	}
	if (is_file(word)) {
		code = read_file(word, IMAGE_MAX_PROGRAM_BYTES, ret, ret_len, err);
		if (code >= 0)
			*ret_name = xstrdup(word);
		return code;
	}
	if (len > 2 && streq(word + len - 2, ".c")) {
		err_hint(err, "bombus build %s", word);
		return err_usage(err, "%s is source code, not a program", word);
	}
	store = store_path(global);
	code = image_find(store, word, &info, err);
	if (code >= 0)
		code = image_program(store, &info, ret, ret_len, err);
	if (code >= 0)
		*ret_name = xstrdup(info.name);
	else if (code == -ENOENT)
		hint_elsewhere(word, store, err);
	image_info_release(&info);
	return code;
}

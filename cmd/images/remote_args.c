// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/remote_args.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/util.h"
#include "cmd/images/progress.h"
#include "runner/read/text/human.h"

/* What was named has to be there, before a registry is asked and gets the blame. */
static int check_file(const char *option, const char *path, struct err *err)
{
	struct stat st;

	if (!path)
		return 0;
	if (stat(path, &st) < 0 || may_access(path, R_OK) < 0)
		return err_sys(err, errno, "%s %s", option, path);
	return S_ISDIR(st.st_mode) ? err_sys(err, EISDIR, "%s %s", option, path) : 0;
}

int remote_session_init(struct remote_session *s, const struct global_args *global,
			const struct remote_args *a, struct err *err)
{
	int rc;

	if (a->plain_http && (a->insecure || a->ca_file || a->cert_file))
		return err_usage(err, "--plain-http goes without certificates: what about "
				      "--insecure, --ca-file and --cert?");
	if (a->key_file && !a->cert_file)
		return err_usage(err, "--key is the key of a certificate: --cert is missing");
	if ((rc = check_file("--ca-file", a->ca_file, err)) < 0 ||
	    (rc = check_file("--cert", a->cert_file, err)) < 0 ||
	    (rc = check_file("--key", a->key_file, err)) < 0)
		return rc;
	s->progress = progress_new(global->quiet);
	s->opts = (struct remote_opts){
		.registry = { a->plain_http, a->insecure, a->ca_file, a->cert_file, a->key_file,
			      a->authfile, .retries = (unsigned)a->retries },
		.progress = progress_show,
		.ctx = s->progress,
	};
	return 0;
}

void remote_session_release(struct remote_session *s)
{
	progress_free(s->progress);
	s->progress = NULL;
}

char *moved_text(const struct remote_result *r)
{
	char size[HUMAN_ROOM];

	return xasprintf("%zu blob%s, %.*s", r->blobs, r->blobs == 1 ? "" : "s",
			 (int)human_bytes(size, r->bytes), size);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts of git about a file, asked of the program. The work tree is not trusted: no command that
 * its configuration or its attributes name ever runs.
 */
#ifndef BOMBUS_CMD_AUTHOR_GIT_H
#define BOMBUS_CMD_AUTHOR_GIT_H

/* Each NULL where it does not apply: no git, no work tree, a file that is not in it, or a work tree
 * that differs from its commit. */
struct git_info {
	char *revision; /* the commit's hash */
	char *time;	/* its seconds since 1970, in digits */
	char *origin;	/* the address it was cloned from, where it is a public one */
};
void git_look(const char *file, struct git_info *ret);
void git_info_release(struct git_info *info);

#endif

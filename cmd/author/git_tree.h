/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the files of a git work tree are those of a commit, found out without running git. */
#ifndef BOMBUS_CMD_AUTHOR_GIT_TREE_H
#define BOMBUS_CMD_AUTHOR_GIT_TREE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Compares each file below `top` with its entry in `tree`, the output of `git ls-tree -r -z`:
 * "MODE TYPE HASH\tPATH" and a NUL each. Bytes are compared as they are, without the filters and
 * line-end conversions that the tree's configuration may ask for. A submodule counts as unchanged
 * if `has_commit` returns true for it.
 */
typedef bool (*git_has_commit)(const char *dir, const char *commit);
bool git_tree_matches(const char *top, const char *tree, size_t len, git_has_commit has_commit);

#endif

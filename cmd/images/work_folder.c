// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/work_folder.h"

#include <errno.h>
#include <ftw.h>

#include "base/err.h"
#include "base/util.h"

int work_folder_make(char **ret, struct err *err)
{
	const char *temporary = getenv("TMPDIR");
	_cleanup_free_ char *dir =
		xasprintf("%s/bombus-XXXXXX", temporary && *temporary ? temporary : "/tmp");

	if (!mkdtemp(dir))
		return err_sys(err, errno, "cannot make the folder %s to work in", dir);
	*ret = steal_ptr(&dir);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	remove(path);
	return 0;
}

void work_folder_remove(char **folder)
{
	if (*folder)
		nftw(*folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(steal_ptr(folder));
}

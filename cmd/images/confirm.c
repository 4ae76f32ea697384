// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"

int confirm(bool force, const char *question, struct err *err)
{
	char answer[16] = "";

	if (force)
		return 0;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		err_hint(err, "--force does it without asking");
		return err_usage(err, "there is no terminal to ask on");
	}
	fprintf(stderr, "%s [y/N] ", question);
	if (!fgets(answer, sizeof(answer), stdin) || (*answer != 'y' && *answer != 'Y'))
		return err_set(err, ECANCELED, "nothing was changed");
	return 0;
}

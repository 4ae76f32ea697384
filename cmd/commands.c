// SPDX-License-Identifier: Apache-2.0
/* Every command, in the order of the help. Only main.c refers to it: the others get it passed. */
#include "cmd/cmd.h"

const struct command *const all_commands[] = {
	&cmd_run,   &cmd_replay,     &cmd_agent,   &cmd_build, &cmd_init,   &cmd_hooks,
	&cmd_test,  &cmd_convert,    &cmd_pull,	   &cmd_push,  &cmd_list,   &cmd_inspect,
	&cmd_tag,   &cmd_rm,	     &cmd_package, &cmd_prune, &cmd_save,   &cmd_load,
	&cmd_login, &cmd_logout,     &cmd_keygen,  &cmd_sign,  &cmd_verify, &cmd_dashboard,
	&cmd_check, &cmd_completion, &cmd_version, &cmd_help,  NULL,
};

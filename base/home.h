/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOMBUS_BASE_HOME_H
#define BOMBUS_BASE_HOME_H

/* The user's home folder: $HOME, else what the password file says; malloc'ed. NULL: neither names
 * an absolute path. */
char *home_dir(void);

/* The path of `name` beside the folder of the running program: for /usr/bin/bombus, "include" is
 * "/usr/include". malloc'ed; it need not exist. NULL: the program's own path is unknown. */
char *beside_program(const char *name);

#endif

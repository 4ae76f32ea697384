/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOMBUS_BASE_HOME_H
#define BOMBUS_BASE_HOME_H

/* The user's home folder: $HOME, else what the password file says; malloc'ed. NULL: neither names
 * an absolute path. */
char *home_dir(void);

#endif

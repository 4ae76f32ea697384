/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a person. */
#ifndef BOMBUS_CMD_IMAGES_CONFIRM_H
#define BOMBUS_CMD_IMAGES_CONFIRM_H

#include <stdbool.h>

struct err;

/* Asks on a terminal; elsewhere it requires --force. 0: yes. */
int confirm(bool force, const char *question, struct err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Text compared with the files of tests/golden. UPDATE_GOLDEN=1 writes them anew, to be looked at
 * before they are committed. */
#ifndef BOMBUS_TESTS_GOLDEN_H
#define BOMBUS_TESTS_GOLDEN_H

void assert_golden(const char *name, const char *text);

#endif

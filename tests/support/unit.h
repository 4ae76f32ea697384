/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmocka and the headers that it wants. Benchmarks and fuzzers, which define WITHOUT_CMOCKA, get
 * checks that abort. Fixtures are linked into both, and so use fixture_fail().
 */
#ifndef BOMBUS_TESTS_UNIT_H
#define BOMBUS_TESTS_UNIT_H

#include <stdio.h>
#include <stdlib.h>

#ifdef WITHOUT_CMOCKA
#define assert_true(what) ((what) ? (void)0 : abort())
#define assert_non_null(what) assert_true(what)
#define assert_int_equal(a, b) assert_true((a) == (b))
#else
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#endif

/* cmocka reports SIGABRT as a failure of the test that runs. */
#define fixture_fail(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), abort())

#endif

// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "runner/read/text/names.h"

#define FIRST_KERNEL_ERRNO 512

/* The C library knows the same names, by another way. */
static void test_names_errno_is_the_c_librarys(void **state)
{
	unsigned named = 0;

	for (int64_t e = 1; e < FIRST_KERNEL_ERRNO; e++) {
		const char *want = strerrorname_np((int)e), *got = name_of(MEAN_ERRNO, e);

		if (!want) {
			assert_null(got);
			continue;
		}
		assert_non_null(got);
		assert_string_equal(got, want);
		assert_ptr_equal(name_of(MEAN_ERRNO, -e), got);
		named++;
	}
	assert_true(named > 100);
}

static void test_names_errno_of_the_kernel(void **state)
{
	assert_string_equal(name_of(MEAN_ERRNO, -512), "ERESTARTSYS");
	assert_string_equal(name_of(MEAN_ERRNO, 517), "EPROBE_DEFER");
	assert_string_equal(name_of(MEAN_ERRNO, -524), "ENOTSUPP");
	assert_string_equal(name_of(MEAN_ERRNO, 531), "ENOGRACE");
	assert_null(name_of(MEAN_ERRNO, 520));
	assert_null(name_of(MEAN_ERRNO, 532));
	assert_null(name_of(MEAN_ERRNO, 0));
	assert_null(name_of(MEAN_ERRNO, INT64_MIN));
	assert_null(name_of(MEAN_ERRNO, INT64_MAX));
}

static void test_names_signals(void **state)
{
	for (int s = 1; s < 32; s++) {
		const char *want = sigabbrev_np(s), *got = name_of(MEAN_SIGNAL, s);

		assert_non_null(got);
		assert_memory_equal(got, "SIG", 3);
		assert_string_equal(got + 3, want);
	}
	assert_string_equal(name_of(MEAN_SIGNAL, SIGRTMIN), "SIGRTMIN");
	assert_string_equal(name_of(MEAN_SIGNAL, SIGRTMIN + 7), "SIGRTMIN+7");
	assert_string_equal(name_of(MEAN_SIGNAL, SIGRTMAX), "SIGRTMIN+30");
	assert_string_equal(name_of(MEAN_SIGNAL, 32), "SIG32");
	assert_null(name_of(MEAN_SIGNAL, 0));
	assert_null(name_of(MEAN_SIGNAL, -9));
	assert_null(name_of(MEAN_SIGNAL, 65));
}

static void test_names_syscalls(void **state)
{
	static const struct {
		long nr;
		const char *name;
	} cases[] = {
		{ SYS_read, "read" },
		{ SYS_openat, "openat" },
		{ SYS_getppid, "getppid" },
		{ SYS_bpf, "bpf" },
		{ SYS_io_uring_setup, "io_uring_setup" },
		{ SYS_close_range, "close_range" },
		{ SYS_openat2, "openat2" },
		{ SYS_process_madvise, "process_madvise" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_non_null(name_of(MEAN_SYSCALL, cases[i].nr));
		assert_string_equal(name_of(MEAN_SYSCALL, cases[i].nr), cases[i].name);
	}
	assert_null(name_of(MEAN_SYSCALL, -1));
	assert_null(name_of(MEAN_SYSCALL, 100000));
	assert_null(name_of(MEAN_SYSCALL, (int64_t)1 << 40));
}

static void test_names_network(void **state)
{
	assert_string_equal(name_of(MEAN_AF, AF_UNSPEC), "AF_UNSPEC");
	assert_string_equal(name_of(MEAN_AF, AF_UNIX), "AF_UNIX");
	assert_string_equal(name_of(MEAN_AF, AF_INET), "AF_INET");
	assert_string_equal(name_of(MEAN_AF, AF_INET6), "AF_INET6");
	assert_string_equal(name_of(MEAN_AF, AF_NETLINK), "AF_NETLINK");
	assert_string_equal(name_of(MEAN_AF, AF_PACKET), "AF_PACKET");
	assert_null(name_of(MEAN_AF, AF_MAX));
	assert_string_equal(name_of(MEAN_TCP_STATE, TCP_ESTABLISHED), "ESTABLISHED");
	assert_string_equal(name_of(MEAN_TCP_STATE, TCP_CLOSE_WAIT), "CLOSE_WAIT");
	assert_string_equal(name_of(MEAN_TCP_STATE, TCP_CLOSING), "CLOSING");
	assert_string_equal(name_of(MEAN_TCP_STATE, 12), "NEW_SYN_RECV");
	assert_null(name_of(MEAN_TCP_STATE, 0));
	assert_null(name_of(MEAN_TCP_STATE, 13));
	assert_string_equal(name_of(MEAN_IP_PROTO, IPPROTO_IP), "ip");
	assert_string_equal(name_of(MEAN_IP_PROTO, IPPROTO_TCP), "tcp");
	assert_string_equal(name_of(MEAN_IP_PROTO, IPPROTO_UDP), "udp");
	assert_string_equal(name_of(MEAN_IP_PROTO, IPPROTO_ICMPV6), "ipv6-icmp");
	assert_string_equal(name_of(MEAN_IP_PROTO, IPPROTO_SCTP), "sctp");
	assert_null(name_of(MEAN_IP_PROTO, 200));
}

static void test_names_give_their_value(void **state)
{
	static const struct {
		enum meaning meaning;
		const char *name;
		int64_t value;
	} cases[] = {
		{ MEAN_ERRNO, "ECONNREFUSED", ECONNREFUSED },
		{ MEAN_ERRNO, "EWOULDBLOCK", EAGAIN },
		{ MEAN_ERRNO, "ERESTARTSYS", 512 },
		{ MEAN_SIGNAL, "SIGKILL", SIGKILL },
		{ MEAN_SIGNAL, "kill", SIGKILL },
		{ MEAN_SIGNAL, "SIGIO", SIGIO },
		{ MEAN_SIGNAL, "SIGRTMAX", 64 },
		{ MEAN_SYSCALL, "openat", SYS_openat },
		{ MEAN_AF, "AF_INET6", AF_INET6 },
		{ MEAN_AF, "inet6", AF_INET6 },
		{ MEAN_AF, "AF_LOCAL", AF_UNIX },
		{ MEAN_TCP_STATE, "ESTABLISHED", TCP_ESTABLISHED },
		{ MEAN_TCP_STATE, "TCP_LISTEN", TCP_LISTEN },
		{ MEAN_IP_PROTO, "tcp", IPPROTO_TCP },
		{ MEAN_IP_PROTO, "UDP", IPPROTO_UDP },
		{ MEAN_IP_PROTO, "icmpv6", IPPROTO_ICMPV6 },
	};
	int64_t value;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		value = -1;
		assert_true(name_value(cases[i].meaning, cases[i].name, &value));
		assert_int_equal(value, cases[i].value);
	}
	assert_false(name_value(MEAN_ERRNO, "ENOSUCHTHING", &value));
	assert_false(name_value(MEAN_ERRNO, "", &value));
	assert_false(name_value(MEAN_SIGNAL, "SIG", &value));
	assert_false(name_value(MEAN_NONE, "tcp", &value));
	assert_false(name_value(MEAN_PID, "tcp", &value));
}

/* Each name that is listed stands for a value, and the value's own name for the same one. */
static void test_names_lists_are_complete(void **state)
{
	static const enum meaning lists[] = {
		MEAN_ERRNO, MEAN_SIGNAL, MEAN_SYSCALL, MEAN_AF, MEAN_TCP_STATE, MEAN_IP_PROTO,
	};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		uint32_t n = 0;
		const char *name;

		for (; (name = name_nth(lists[i], n)); n++) {
			int64_t value, again;

			assert_true(name_value(lists[i], name, &value));
			assert_non_null(name_of(lists[i], value));
			assert_true(name_value(lists[i], name_of(lists[i], value), &again));
			assert_int_equal(again, value);
		}
		assert_true(n >= 12);
		assert_null(name_nth(lists[i], UINT32_MAX));
	}
	assert_null(name_nth(MEAN_NONE, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_errno_is_the_c_librarys),
		cmocka_unit_test(test_names_errno_of_the_kernel),
		cmocka_unit_test(test_names_signals),
		cmocka_unit_test(test_names_syscalls),
		cmocka_unit_test(test_names_network),
		cmocka_unit_test(test_names_give_their_value),
		cmocka_unit_test(test_names_lists_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
/* Names of PCI devices, from a text of the form of pci.ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/util.h"
#include "runner/read/text/pci.h"

static const char text[] = "# a comment\n"
			   "001c  PEAK-System Technik GmbH\n"
			   "\t0001  PCAN-PCI CAN-Bus controller\n"
			   "\t\t001c 0004  2 Channel CAN Bus SJC1000\n"
			   "8086  Intel Corporation\n"
			   "# between\n"
			   "\t1533  I210 Gigabit\n"
			   "\t2000  last of it\n"
			   "ffff  Illegal Vendor ID\n"
			   "\n"
			   "C 02  Network controller\n"
			   "\t00  Ethernet controller\n"
			   "\t80  Network controller, other\n"
			   "\t\t01  of a program\n"
			   "C 03  Display";

static void is(const char *name, const size_t *len, const char *want)
{
	if (!want) {
		assert_null(name);
		return;
	}
	assert_non_null(name);
	assert_int_equal(*len, strlen(want));
	assert_memory_equal(name, want, *len);
}

static void test_pci_names(void **state)
{
	struct pci_ids *ids = pci_ids_new(text, sizeof(text) - 1);
	size_t n = 0;

	is(pci_vendor(ids, 0x8086, &n), &n, "Intel Corporation");
	is(pci_vendor(ids, 0x1c, &n), &n, "PEAK-System Technik GmbH");
	is(pci_vendor(ids, 0x02, &n), &n, NULL); /* a class */
	is(pci_vendor(ids, 0x10002, &n), &n, NULL);
	is(pci_device(ids, 0x8086, 0x1533, &n), &n, "I210 Gigabit");
	is(pci_device(ids, 0x8086, 0x2000, &n), &n, "last of it");
	is(pci_device(ids, 0x8086, 0x0001, &n), &n, NULL);
	is(pci_device(ids, 0x1c, 0x1c, &n), &n, NULL);
	is(pci_device(ids, 0xffff, 0, &n), &n, NULL);
	is(pci_class(ids, 2, &n), &n, "Network controller");
	is(pci_class(ids, 3, &n), &n, "Display");
	is(pci_class(ids, 0x8086, &n), &n, NULL);
	is(pci_subclass(ids, 2, 0, &n), &n, "Ethernet controller");
	is(pci_subclass(ids, 2, 0x80, &n), &n, "Network controller, other");
	is(pci_subclass(ids, 2, 1, &n), &n, NULL);
	is(pci_subclass(ids, 3, 0, &n), &n, NULL);
	pci_ids_free(ids);
}

static void test_pci_of_nothing(void **state)
{
	struct pci_ids *ids = pci_ids_new("", 0);
	size_t n;

	assert_null(pci_vendor(ids, 0x8086, &n));
	assert_null(pci_subclass(ids, 2, 0, &n));
	pci_ids_free(ids);
	pci_ids_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pci_names),
		cmocka_unit_test(test_pci_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

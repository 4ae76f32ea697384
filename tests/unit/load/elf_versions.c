// SPDX-License-Identifier: Apache-2.0
/* Functions with several versions: libc has some, and a program is linked to the default one. */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include "runner/load/elf/elf_versions.h"
#include "tests/support/unit.h"

static const char *libc_path(uint64_t *ret_address)
{
	struct link_map *map;
	Dl_info info;

	/* What this program calls is the default version. */
	assert_true(dladdr1((void *)pthread_cond_wait, &info, (void **)&map, RTLD_DL_LINKMAP));
	*ret_address = (uint64_t)info.dli_saddr - map->l_addr;
	return info.dli_fname;
}

static void test_elf_versions_default(void **state)
{
	uint64_t address, offset = 0;
	const char *libc = libc_path(&address);

	(void)state;
	if (!dlvsym(RTLD_DEFAULT, "pthread_cond_wait", "GLIBC_2.2.5"))
		skip(); /* newer machines have one version */
	assert_true(elf_default_version(libc, "pthread_cond_wait", &offset));
	/* Places in the file and in memory differ by whole pages. */
	assert_int_equal(offset % 4096, address % 4096);
	assert_true(offset <= address);
}

static void test_elf_versions_none(void **state)
{
	uint64_t address, offset = 7;
	const char *libc = libc_path(&address);

	(void)state;
	assert_false(elf_default_version(libc, "malloc", &offset));
	assert_false(elf_default_version(libc, "no_such_function", &offset));
	assert_false(elf_default_version("/nothing", "malloc", &offset));
	assert_false(elf_default_version("/etc/passwd", "malloc", &offset));
	assert_int_equal(offset, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elf_versions_default),
		cmocka_unit_test(test_elf_versions_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
/* The map from ids to values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/id_map.h"
#include "base/util.h"

#define IDS 3000u
#define STEPS 200000u

static void test_an_empty_map_has_no_id(void **state)
{
	struct id_map map = { 0 };
	uint32_t value = 7;

	(void)state;
	assert_false(id_map_find(&map, 0, &value));
	id_map_remove(&map, 0);
	id_map_clear(&map);
	assert_false(id_map_find(&map, 0, &value));
	assert_int_equal(value, 7);
	assert_null(map.places);
	id_map_release(&map);
}

static void test_every_id_and_value_is_allowed(void **state)
{
	static const uint64_t edges[] = { 0, 1, UINT32_MAX, 1ull << 63, UINT64_MAX };
	struct id_map map = { 0 };
	uint32_t value;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(edges); i++) {
		assert_false(id_map_find(&map, edges[i], &value));
		id_map_set(&map, edges[i], UINT32_MAX - i);
		assert_true(id_map_find(&map, edges[i], &value));
		assert_int_equal(value, UINT32_MAX - i);
		id_map_set(&map, edges[i], i);
	}
	assert_int_equal(map.count, ARRAY_LEN(edges));
	for (uint32_t i = 0; i < ARRAY_LEN(edges); i++) {
		assert_true(id_map_find(&map, edges[i], &value));
		assert_int_equal(value, i);
	}
	id_map_release(&map);
}

/* Against an array that is indexed by the id. */
static void check(const struct id_map *map, const uint32_t *values, const bool *there,
		  uint64_t factor)
{
	uint32_t value = 0, count = 0;

	for (uint32_t i = 0; i < IDS; i++) {
		assert_int_equal(id_map_find(map, i * factor, &value), there[i]);
		if (there[i])
			assert_int_equal(value, values[i]);
		count += there[i];
	}
	assert_int_equal(map->count, count);
}

/* Ids in a row, ids that differ in their high bits only, addresses. */
static void test_ids_come_and_go(void **state)
{
	static const uint64_t factors[] = { 1, 1ull << 52, 4096, 0x9e3779b97f4a7c15ull };

	(void)state;
	for (size_t f = 0; f < ARRAY_LEN(factors); f++) {
		uint32_t values[IDS], random = 1;
		struct id_map map = { 0 };
		bool there[IDS] = { false };

		for (uint32_t step = 1; step <= STEPS; step++) {
			uint32_t i;

			random = random * 1664525 + 1013904223;
			i = (random >> 8) % IDS;
			there[i] = random >> 30 != 0;
			values[i] = step;
			if (there[i])
				id_map_set(&map, i * factors[f], step);
			else
				id_map_remove(&map, i * factors[f]);
			if (step % (STEPS / 10) == 0)
				check(&map, values, there, factors[f]);
		}
		for (uint32_t i = 0; i < IDS; i++)
			id_map_remove(&map, i * factors[f]);
		assert_int_equal(map.count, 0);
		for (uint32_t i = 0; i <= map.mask; i++)
			assert_false(map.places[i].used);
		id_map_release(&map);
	}
}

static void test_at_most_half_of_the_places_are_used(void **state)
{
	struct id_map map = { 0 };

	(void)state;
	for (uint32_t id = 0; id < IDS; id++) {
		id_map_set(&map, id, id);
		assert_true(2 * map.count <= map.mask + 1);
		assert_true(map.mask + 1 <= MAX(4 * map.count, 64u));
	}
	/* Neither known ids nor those in the place of others need memory. */
	for (uint32_t id = 0; id < IDS; id++) {
		const struct id_place *before = map.places;

		id_map_set(&map, id, id + 1);
		id_map_remove(&map, id);
		id_map_set(&map, id + IDS, id);
		assert_ptr_equal(map.places, before);
	}
	id_map_release(&map);
}

static void test_a_clone_and_a_cleared_map(void **state)
{
	struct id_map map = { 0 }, none = { 0 }, copy;
	const struct id_place *places;
	uint32_t value;

	(void)state;
	for (uint32_t id = 0; id < IDS; id++)
		id_map_set(&map, id, id);
	copy = id_map_clone(&map);
	places = map.places;
	id_map_clear(&map);
	assert_int_equal(map.count, 0);
	assert_false(id_map_find(&map, 5, &value));
	id_map_set(&map, 5, 50);
	assert_ptr_equal(map.places, places);
	assert_int_equal(copy.count, IDS);
	for (uint32_t id = 0; id < IDS; id++) {
		assert_true(id_map_find(&copy, id, &value));
		assert_int_equal(value, id);
	}
	id_map_release(&copy);
	copy = id_map_clone(&none);
	assert_null(copy.places);
	id_map_release(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_map_has_no_id),
		cmocka_unit_test(test_every_id_and_value_is_allowed),
		cmocka_unit_test(test_ids_come_and_go),
		cmocka_unit_test(test_at_most_half_of_the_places_are_used),
		cmocka_unit_test(test_a_clone_and_a_cleared_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The rooms stay apart: no circle between object files, no full folder, no long function.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need nm tsort awk

ok 'the house is in order' bash "$TESTS/house.sh" "$BUILD"
done_testing

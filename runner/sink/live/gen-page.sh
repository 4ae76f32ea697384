#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Writes the files of the page, compressed, as initializers of struct live_file (live_pages.c):
#
#	gen-page.sh >page.inc

set -eu
cd "$(dirname "$0")/page"
for file in *; do
	case $file in
	index.html) path=/live type='text/html; charset=utf-8' ;;
	*.js) path=/live/$file type='text/javascript; charset=utf-8' ;;
	*.css) path=/live/$file type='text/css; charset=utf-8' ;;
	*.svg) path=/live/$file type=image/svg+xml ;;
	*) echo "$file: of an unknown type" >&2 && exit 1 ;;
	esac
	bytes=$(gzip -9n <"$file" | od -An -v -tu1 | tr -s ' \n' ',' | sed 's/^,//; s/,$//')
	printf '{ "%s", "%s", BYTES(%s) },\n' "$path" "$type" "$bytes"
done

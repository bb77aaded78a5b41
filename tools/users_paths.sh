#!/usr/bin/env bash
# Goes the ways of three new users, from `git clone` to a report, typing what README has: a folder of class folders, an
# Excel sheet beside a folder of pictures, README's own snippets. Prints each command, and at the end how many there
# were. Everything is made in a folder of its own; the pictures are bundled drawings under a reader's names.
#   tools/users_paths.sh [--whole] [--on PYTHON] [FOLDER]
#     --whole       train as README has it (minutes each), not one epoch at 32 pixels
#     --on PYTHON   take the dependencies from this environment, in the place of installing them anew
#     FOLDER        an empty one (a new one in $TMPDIR, removed at the end)
# Needs: git, Python 3.11 with venv, the package index; five minutes on two free cores with --on.
set -euo pipefail
repository="$(cd "$(dirname "$0")/.." && pwd)"
small="--epochs 1 --image-size 32" site=""
while [ $# -gt 0 ]; do
  case "$1" in
    --whole) small="" ;;
    --on) site="$("$2" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" && shift ;;
    -*) sed -n '2,/^# Needs/s/^# \{0,1\}//p' "$0" && exit 2 ;;
    *) folder="$1" ;;
  esac
  shift
done
if [ -z "${folder:-}" ]; then
  folder="$(mktemp -d)"
  trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder" && cd "$folder" && folder="$PWD"
export ARTTL_CACHE="$folder/cache" PIP_DISABLE_PIP_VERSION_CHECK=1
summary=""

typed() { # COMMAND: do what a reader types, in this shell, and count it
  printf '\n[%s, command %d] $ %s\n' "$path" $((++commands)) "$1"
  eval "$1"
}

begun() { # PATH COMMANDS: where a reader stands who has typed so many
  path="$1" commands="$2" SECONDS=0
}

arrived() { # PAGE NAME: the report is there, and about the reader's own
  grep -qi "$2" "$1" || { echo "error: $1 says nothing of $2" && exit 1; }
  summary+="$(printf '| %-48s | %8d | %4d s |' "$path" "$commands" "$SECONDS")"$'\n'
}

installed() { # `pip install .`, or where dependencies come from another environment what that is then
  if [ -n "$site" ]; then
    pip() { command pip "$@" --no-deps; }
    echo "$site" > "$(echo .venv/lib/python3.*/site-packages)/below.pth"
    echo "(dependencies are those in $site)"
  fi
  typed "pip install -q ."
}

pictures() { # what readers have: two hundred drawings in folders of their kinds, and the same with a workbook
  python - "$folder" <<'PYTHON'
import shutil
import sys
from pathlib import Path

import openpyxl

import arttl

labels = arttl.collections.bundled("clipart-a").labels("type")
paths = arttl.collections.bundled("clipart-a").paths()
kinds = {"Bäume und Tiere": "animals", "Computer": "computer", "Speisen": "food"}
book = openpyxl.Workbook()
book.active.append(["file", "painter", "year"])
for kind, name in kinds.items():
    for image_id in labels.index[labels == name][:40]:
        for target in (Path(sys.argv[1], "my-photographs", kind), Path(sys.argv[1], "museum", "Fotos")):
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(paths[image_id], target)
        book.active.append([paths[image_id].name, kind, 1900])
book.save(Path(sys.argv[1], "museum", "Werkverzeichnis.xlsx"))
PYTHON
}

begun "installation" 0
typed "git clone -q $repository arttl"
typed "cd arttl"
typed "python3 -m venv .venv"
typed "source .venv/bin/activate"
installed
summary+="$(printf '| %-48s | %8d | %4d s |' "installation, a part of each" "$commands" "$SECONDS")"$'\n'
installation=$commands
pictures

begun "class folders" "$installation"
cd "$folder"
typed "arttl check my-photographs --challenge kind" || [ $? = 1 ] # 1: something to look at
typed "arttl train rijks --challenge kind --data my-photographs --architecture resnet50 --weights bundled $small"
typed "arttl report runs"
arrived runs/report/index.html my-photographs

begun "an Excel sheet with a folder of pictures" "$installation"
mkdir "$folder/sheet" && cd "$folder/sheet" # with runs/ of its own, as another reader
columns="--image-column file --label-column painter"
typed "arttl check ../museum $columns" || [ $? = 1 ]
typed "arttl train rijks --challenge artist --data ../museum $columns --architecture resnet50 --weights bundled $small"
typed "arttl report runs --data ../museum $columns"
arrived runs/report/index.html museum

begun "README's snippets" "$installation"
cd "$folder/arttl"
awk '/^```python$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md > "$folder/snippets.py"
typed "python $folder/snippets.py"
typed "python experiments/ch1_rijks.py --challenge type $small"
typed "python -m arttl report runs/"
typed "python -m arttl export runs/ch1/rijks/type/resnet50/fine-tuning/seed-42 --to shared"
typed "python -m arttl classify shared $folder/my-photographs --saliency maps --to answers.csv"
arrived runs/report/index.html clipart-a

printf '\n| path, from git clone to a report | commands | time |\n|---|---|---|\n%s' "$summary"

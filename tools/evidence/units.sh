#!/usr/bin/env bash
# The runs of the evidence, one after another; each is a run folder, and begun again it goes on where it was.
#   tools/evidence/units.sh FOLDER [PART]...
# PART: features louvre scratch clipart second clipart_artist second_artist bundled bundled_artist, and of
# Chapter 2 cifar10 own transfers recalibrated folded fashion shares (all).
# $FOLDS: some of the five; $SEEDS: of three (shares: four); $TARGETS: of two; $PRECISION: of trainings, but of the
# bundled network, fashion and shares, which are in float32. Two parts at once, each on a core (taskset -c 0,
# taskset -c 1), take 0.8 to 0.95 of the time of one after the other.
# FOLDER needs xception.keras (../shared/tools/get_xception.py), louvre-genres/ and blood-cells/ unpacked,
# cifar-10-jpeg.zip, and fashion-mnist/ with the four IDX files of Debian's dataset-fashion-mnist. $PYTHON is the
# interpreter (python). Then: python tools/evidence/gather.py FOLDER/runs, maps.py (Figure 4) and write_results.py.
set -uo pipefail
cd "$(dirname "$0")/../.."
folder="$(realpath "$1")" && shift
[ $# -gt 0 ] || set -- features louvre scratch clipart second clipart_artist second_artist bundled bundled_artist \
  cifar10 own transfers recalibrated folded fashion shares
python="${PYTHON:-python}"
splits="$folder/splits"
network=(--architecture xception --weights "$folder/xception.keras" --image-size 96)
named="" # in paths between the variant and the fold, and after a target's name
# bfloat16 is 1.5 times as fast on a processor with avx512_bf16, and far slower on one without; config.json has it.
trained=(--precision "${PRECISION:-mixed_bfloat16}")
small=(--network resnet20 --image-size 16)
resnet=("${small[@]}" "${trained[@]}")
folds="${FOLDS:-1 2 3 4 5}"
seeds="${SEEDS:-1 2 3}"
targets="${TARGETS:-louvre-genres blood-cells}"
failed=0

run() { # SCRIPT OPTION...: a unit
  echo "== $(date +%H:%M:%S) $*"
  "$python" "experiments/$1.py" "${@:2}" --resume --cache "$folder/cache" --splits "$splits" || failed=1
}

folds_of() { # COLLECTION CHALLENGE TO: made once
  [ -d "$folder/folds/$3/$2-fold-5" ] ||
    "$python" tools/evidence/make_folds.py "$1" --challenge "$2" --to "$folder/folds/$3"
}

chapter1() { # VARIANT SCRIPT COLLECTION CHALLENGE FOLD OPTION...
  splits="$folder/splits/$3" run "$2" --challenge "$4" --data "$folder/folds/$3/$4-fold-$5" --seed "$5" "${network[@]}" \
    --output "$folder/runs/$1$named/fold-$5" "${@:6}"
}

folds_of "$folder/louvre-genres" genre louvre-genres
for challenge in type artist; do
  folds_of clipart-a "$challenge" clipart-a
  folds_of clipart-b "$challenge" clipart-b
done

features() { # networks that are not trained: pixels, numerics, classifiers on X
  for k in $folds; do
    for each in "louvre-genres genre" "clipart-a type" "clipart-a artist"; do
      chapter1 today ch1_rijks $each "$k" --approach off-the-shelf --set numerics=keras3
      chapter1 today-imagenet ch1_rijks $each "$k" --approach off-the-shelf --set numerics=keras3 preprocessing=imagenet
      chapter1 2.1.6 ch1_rijks $each "$k" --approach off-the-shelf --set numerics=2.1.6
      chapter1 thesis ch1_rijks $each "$k" --approach off-the-shelf --classifier softmax linear-svm random-forest
    done
  done
}

ways() { # COLLECTION CHALLENGE APPROACH
  for k in $folds; do chapter1 thesis ch1_rijks "$1" "$2" "$k" --approach "$3" "${trained[@]}"; done
}

other() { # CHALLENGE: θ^i and θ^r on clipart-b, after clipart-a
  for k in $folds; do chapter1 thesis ch1_antwerp clipart-b "$1" "$k" "${trained[@]}"; done
}

louvre() { ways louvre-genres genre fine-tuning; }
scratch() { ways louvre-genres genre scratch; }
clipart() { ways clipart-a type fine-tuning; }
second() { other type; }
clipart_artist() { ways clipart-a artist fine-tuning; }
second_artist() { other artist; }

bundled() { # both collections
  by_bundled ways clipart-a type off-the-shelf
  by_bundled ways clipart-a type fine-tuning
  by_bundled other type
}

bundled_artist() {
  by_bundled ways clipart-a artist off-the-shelf
  by_bundled ways clipart-a artist fine-tuning
}

by_bundled() { # FUNCTION ARGUMENT...: with the bundled network that photographs have taught; float32
  local network=(--architecture resnet50 --weights bundled-photographs --image-size 48) named=/resnet50-48 trained=()
  "$@"
}

cifar10() { # 36% a round: two of the thesis' at once; of a source so much that an epoch has 200 steps and more
  for seed in $seeds; do search cifar10 "$folder/cifar-10-jpeg.zip" "$seed" --fraction 0.3; done
}

own() {
  for seed in $seeds; do
    for target in $targets; do
      read -r data challenge <<< "$(place "$target")"
      search "$target" "$data" "$seed" $challenge --split own
    done
  done
}

fashion() { # its targets have names of their own: baselines in another precision are others
  local resnet=("${small[@]}" --precision float32) named=-float32
  for seed in $seeds; do
    search fashion-mnist "$folder/fashion-mnist" "$seed" --fraction 0.3
    of_targets "$seed" --source fashion-mnist --fraction 0.3 --baselines scratch
    of_targets "$seed" --source fashion-mnist --fraction 0.3 --baselines scratch --bn-recalibrate
  done
}

shares() { # Figure 9c, of the paintings: a quarter has 4 steps an epoch, too few for moving statistics
  local resnet=("${small[@]}" --precision float32) target=louvre-genres
  read -r data challenge <<< "$(place $target)"
  for seed in ${SEEDS:-1 2 3 4}; do
    for share in 1 0.75 0.5 0.25; do
      search $target-shares "$data" "$seed" $challenge --split own --fraction $share --bn-recalibrate
    done
  done
}

search() { # SOURCE DATA SEED OPTION...
  run ch2_find_tickets --source "$1" --data "$2" --seed "$3" --rounds 9 --rate 0.36 --keep-final "${resnet[@]}" \
    --output "$folder/runs/tickets" "${@:4}"
}

transfers() {
  for seed in $seeds; do lines "$seed"; done
}

recalibrated() { # with the statistics of BatchNormalization estimated anew before each validation
  for seed in $seeds; do lines "$seed" --bn-recalibrate; done
}

folded() { # CIFAR-10's tickets on the other folds of the paintings too, so that every picture is tested
  for k in $folds; do
    for seed in $seeds; do
      [ "$k" = 1 ] || targets="louvre-genres-fold-$k" of_targets "$seed" --source cifar10 --fraction 0.3 \
        --baselines scratch --bn-recalibrate
    done
  done
}

lines() { # SEED OPTION...
  of_targets "$1" --source target "${@:2}"
  of_targets "$1" --source cifar10 --fraction 0.3 --start ticket final --baselines "${@:2}"
}

of_targets() { # SEED OPTION...
  for target in $targets; do
    read -r data challenge <<< "$(place "$target")"
    run ch2_transfer_tickets --target "$target$named" --data "$data" $challenge --split own --seed "$1" "${resnet[@]}" \
      --rounds 0 3 6 9 --output "$folder/runs/tickets" "${@:2}"
  done
}

place() { # TARGET: where it is, and what is told apart in it
  case "$1" in
    louvre-genres) echo "$folder/folds/louvre-genres/genre-fold-1 --challenge genre" ;;
    louvre-genres-*) echo "$folder/folds/louvre-genres/genre-${1#louvre-genres-} --challenge genre" ;;
    blood-cells) echo "$folder/blood-cells --challenge cell" ;;
  esac
}

for part in "$@"; do "$part"; done
echo "== $(date +%H:%M:%S) done"
exit "$failed"

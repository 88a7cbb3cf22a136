#!/bin/sh
# From the public data to the bundled model, by one command: configs/bundled.sh DATA WORK
#   DATA  a folder with teknofest-ischemia, ct-ich-v1, ct-ich-masks, cpaisd-pairs, mbh25-pairs, rsna-slices and rsna-hu
#   WORK  a folder for store, runs and bundle; the same one goes on where it stopped
set -eu
data=$1 work=$2 here=$(cd "$(dirname "$0")" && pwd)
store=$work/store

if [ ! -d "$store" ]; then
  cpam-train import teknofest "$data/teknofest-ischemia" --store "$store.part" --no-split
  cpam-train import ct-ich "$data/ct-ich-v1" --masks "$data/ct-ich-masks" --store "$store.part" --no-split
  cpam-train import cpaisd "$data/cpaisd-pairs" --store "$store.part" --no-split
  cpam-train import mbh "$data/mbh25-pairs" --store "$store.part" --no-split
  cpam-train import rsna-slices "$data/rsna-slices" --store "$store.part" --no-split
  cpam-train import rsna-hu "$data/rsna-hu" --store "$store.part" --no-split
  # Doubts are told, and no reason to stop. The test patients are those of the models before, and more.
  cpam-train check --store "$store.part" --assign --seed 11 --test "$here/bundled-test.txt" || [ $? -eq 1 ]
  mv "$store.part" "$store"
fi
# Three networks, each with its own patients left out: 97, 75 and 60 minutes on one core with bf16 matrix units.
train() { # NAME FOLDS FOLD MINUTES SEED
  resume=$([ ! -d "$work/runs/$1" ] || echo --resume)
  cpam-train fit segmenter --store "$store" --run "$work/runs/$1" --config "$here/bundled.json" --set data.folds="$2" --set data.fold="$3" \
    --set stop.max_minutes="$4" --set seed="$5" $resume
}
[ -f "$work/runs/first/card-draft.json" ] || train first 10 2 97 12
[ -f "$work/runs/second/card-draft.json" ] || train second 5 0 75 0
[ -f "$work/runs/third/card-draft.json" ] || train third 5 1 60 1
[ -d "$work/runs/ensemble" ] ||
  cpam-train ensemble "$work/runs/first" "$work/runs/second" "$work/runs/third" --store "$store" --run "$work/runs/ensemble"
python "$here/../docs/make_failures.py" "$work/runs/ensemble" "$work/known"
cpam-train promote "$work/runs/ensemble" --name default --store "$store" --out "$work/default" --failures "$work/known" \
  --terms "teknofest=TEKNOFEST-2021 stroke set, ischemia part (Turkish Ministry of Health open data; Koc et al., Eurasian J Med 2022): research, no redistribution of images" \
  --terms "ct-ich=PhysioNet CT-ICH 1.0.0 (Hssayeni et al. 2020): CC BY 4.0" \
  --terms "cpaisd=CPAISD: CC BY 4.0" \
  --terms "mbh=MBH-Seg 2025 / BHSD: MIT for the set, images from RSNA: non-commercial" \
  --terms "rsna-slices=RSNA 2019 (Flanders et al. 2020): non-commercial research, no re-identification" \
  --terms "rsna-hu=RSNA 2019 (Flanders et al. 2020): non-commercial research, no re-identification" \
  --notes "$(cat "$here/bundled-notes.txt")"

#!/bin/sh
# Sorts the words of a file and counts them.
set -eu
sort "$1" >sorted.txt
mkdir results
wc -l <sorted.txt >results/count.txt
echo "sorted $(cat results/count.txt) words"

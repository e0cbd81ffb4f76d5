#!/bin/sh
# A stub of gh, pulumi, aws, cosign, docker, kubectl, skopeo and npm, by its file's name. Records each call,
# with ! before it if it has the credentials of AWS. Answers by the first file of answers/ whose key is
# a prefix of the call.
name=${0##*/}
beside=${0%/*}/..
call="$name $*"
printf '%s%s%s\0' "${AWS_SECRET_ACCESS_KEY:+!}" "${GH_TOKEN:+%}" "$call" >> "$beside/calls"

at=0
answer=
while [ -e "$beside/answers/$at.key" ]; do
  IFS= read -r key < "$beside/answers/$at.key"
  case $call in "$key"*) answer=$beside/answers/$at && break ;; esac
  at=$((at + 1))
done
if [ -z "$answer" ]; then
  [ "$name $1" != "npm run" ] || exec node "$beside/run-script.js" "$@"
  exit 0
fi

if [ -e "$answer.file" ]; then
  # After --dir, or what skopeo copies to.
  for last in "$@"; do
    [ "$before" = --dir ] && folder=$last
    before=$last
  done
  folder=${folder:-${last#oci:}}
  mkdir -p "$folder"
  IFS= read -r file < "$answer.file"
  cat "$answer.out" > "$folder/$file"
else
  cat "$answer.out"
fi
cat "$answer.err" >&2
IFS= read -r code < "$answer.code"
exit "$code"

#!/usr/bin/env bash
# Runs billhook for what this run is about, and puts what it says where people look: annotations, the summary of the job, one
# comment on the pull request. Fails with billhook's exit code.
#
# BILLHOOK       the program
# INPUT_*        the inputs of action.yml
# GITHUB_*       as the runner sets them
set -euo pipefail

billhook="${BILLHOOK:?}"
out="${RUNNER_TEMP:?}/billhook-report"
event="${GITHUB_EVENT_PATH:?}"
mkdir -p "$out"

ask() { jq -r "$1 // empty" "$event"; }
has() { git cat-file -e "$1^{commit}" 2>/dev/null; }

# Fetches with the token, which checkout may not have kept. The token stands in no argument and in no file.
fetch() {
  local header
  header="$(printf 'x-access-token:%s' "${INPUT_TOKEN:-}" | base64 | tr -d '\n')"
  GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.${GITHUB_SERVER_URL:-https://github.com}/.extraheader" \
    GIT_CONFIG_VALUE_0="AUTHORIZATION: basic $header" GIT_TERMINAL_PROMPT=0 \
    git fetch --quiet --no-tags --no-recurse-submodules "$@"
}

stop() {
  echo "::error title=billhook::$1"
  exit 2
}

# What is merged into, as a commit of this clone. Checkout takes a merge of the pull request by default, whose first parent
# is the branch as it is now; where somebody checked out the head itself, it is where the two parted.
base_of_pull_request() {
  local base head
  base="$(ask .pull_request.base.sha)"
  head="$(ask .pull_request.head.sha)"
  has "HEAD^1" || fetch --depth=2 origin "$(git rev-parse HEAD)" >&2 || true
  if has "HEAD^2" && [ "$(git rev-parse "HEAD^2")" = "$head" ]; then
    git rev-parse "HEAD^1"
    return
  fi
  has "$base" || fetch origin "$base" >&2 || true
  git merge-base "$base" HEAD 2>/dev/null && return
  fetch --unshallow origin >&2 || true
  git merge-base "$base" HEAD 2>/dev/null
}

base_of_queue() {
  local base
  base="$(ask .merge_group.base_sha)"
  has "$base" || fetch --depth=1 origin "$base" >&2 || true
  has "$base" && echo "$base"
}

for program in git jq curl; do
  command -v "$program" >/dev/null || stop "\`$program\` is not on this runner"
done
command="${INPUT_COMMAND:-auto}"
if [ "$command" = auto ]; then
  case "${GITHUB_EVENT_NAME:-}" in
    pull_request | pull_request_target | merge_group) command='diff' ;;
    *) command=lint ;;
  esac
fi
arguments=("$command")
if [ "$command" = diff ]; then
  shallow="the base is not in this clone and cannot be fetched: give actions/checkout \`fetch-depth: 0\`"
  case "${GITHUB_EVENT_NAME:-}" in
    merge_group) base="$(base_of_queue)" || stop "$shallow" ;;
    pull_request | pull_request_target) base="$(base_of_pull_request)" || stop "$shallow" ;;
    *) base="" ;;
  esac
  [ -z "$base" ] || arguments+=(--base "$base" --head HEAD)
elif [ -n "${INPUT_PATH:-}" ]; then
  arguments+=("$INPUT_PATH")
fi
while IFS= read -r argument; do
  [ -z "$argument" ] || arguments+=("$argument")
done <<<"${INPUT_ARGS:-}"
arguments+=(--format markdown -o "$out/report.md" --format json -o "$out/report.json")
[ -z "${INPUT_SARIF:-}" ] || arguments+=(--format sarif -o "$INPUT_SARIF")
if [ "${INPUT_ANNOTATIONS:-}" = true ]; then arguments+=(--format github); else arguments+=(--format text); fi

rm -f "$out/report.md" "$out/report.json"
code=0
"$billhook" "${arguments[@]}" || code=$?
case "$code" in
  0) verdict=pass ;;
  1 | 3) verdict=fail ;;
  *) stop "billhook could not do its job; the log of this step says why" ;;
esac
{
  echo "verdict=$verdict"
  echo "markdown=$out/report.md"
  echo "json=$out/report.json"
} >>"${GITHUB_OUTPUT:?}"
cat "$out/report.md" >>"${GITHUB_STEP_SUMMARY:?}"

api() { # method, path, [curl arguments]; prints the status, the answer is in answer.json
  curl --silent --show-error --max-time 60 --request "$1" --output "$out/answer.json" --write-out '%{http_code}' \
    --header @"$out/headers" "${@:3}" "${GITHUB_API_URL:-https://api.github.com}/$2" || true
}

# The comment of an earlier run: ours, by the marker in its first line. Anybody can write the marker, so who wrote it counts:
# an app, as the token of the workflow is one, or the person whose token this is.
earlier() {
  local me="" page marker
  marker="$(head -n 1 "$out/report.md")"
  [ "$(api GET user)" != 200 ] || me="$(jq -r '.login // empty' "$out/answer.json")"
  for page in 1 2 3 4 5 6 7 8 9 10; do
    [ "$(api GET "$issues/$1/comments?per_page=100&page=$page")" = 200 ] || return 0
    jq -r --arg marker "$marker" --arg me "$me" '
      map(select((.body // "" | startswith($marker))
        and (if $me == "" then .user.type == "Bot" else .user.login == $me end))) | first | .id // empty
    ' "$out/answer.json" | grep . && return 0
    [ "$(jq length "$out/answer.json")" = 100 ] || return 0
  done
}

# One comment, updated in place.
comment() {
  local number status id why
  local issues="repos/${GITHUB_REPOSITORY:?}/issues"
  number="$(ask .pull_request.number)"
  (umask 077 && printf 'Authorization: Bearer %s\nAccept: application/vnd.github+json\nX-GitHub-Api-Version: 2022-11-28\n' \
    "${INPUT_TOKEN:-}" >"$out/headers")
  id="$(earlier "$number")"
  # Nothing to say and nothing said: the summary of the job is enough.
  if [ -z "$id" ] && [ "$verdict" = pass ] && ! changes; then
    return
  fi
  jq --raw-input --slurp '{body: .}' "$out/report.md" >"$out/body.json"
  if [ -n "$id" ]; then
    status="$(api PATCH "$issues/comments/$id" --data-binary @"$out/body.json")"
  else
    status="$(api POST "$issues/$number/comments" --data-binary @"$out/body.json")"
  fi
  case "$status" in
    200 | 201) ;;
    401 | 403 | 404)
      why="the token may not comment (\`permissions: pull-requests: write\`)"
      [ "$(ask .pull_request.head.repo.fork)" != true ] || why="pull requests from forks get a token that may not comment"
      echo "::notice title=billhook::$why; the report is in the summary of this job"
      printf '\n> [!NOTE]\n> There is no comment: %s.\n' "$why" >>"$GITHUB_STEP_SUMMARY"
      ;;
    *) echo "::warning title=billhook::the comment could not be written (HTTP $status); the report is in the summary of this job" ;;
  esac
}

changes() {
  jq -e '(.forecast // [] | any(.outcome != "unchanged")) or (.findings // [] | length > 0)' "$out/report.json" >/dev/null
}

if [ "${INPUT_COMMENT:-}" = true ] && [ -n "$(ask .pull_request.number)" ]; then
  comment
fi
rm -f "$out/headers"
if [ "$verdict" = fail ] && [ "${INPUT_FAIL:-}" = true ]; then
  exit "$code"
fi

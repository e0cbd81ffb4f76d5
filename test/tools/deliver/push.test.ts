import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { push } from "../../../tools/deliver/push.ts";

const digest = `sha256:${"a".repeat(64)}`;
const registry = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";

/** Writes down its arguments, home and the credentials that it is given; copies an image layout. */
const skopeo = `#!/bin/sh
for last in "$@"; do
  [ "$before" = --dest-authfile ] && auth=$last
  before=$last
done
case $last in
  oci:*) mkdir -p "\${last#oci:}" && printf '%s' '{"manifests":[{"digest":"${digest}"}]}' > "\${last#oci:}/index.json" ;;
esac
printf '%s\\t%s\\t%s\\n' "$*" "$HOME" "$AWS_SECRET_ACCESS_KEY" >> "\${0%/*}/calls"
[ -z "$auth" ] || { { stat -c %a "$auth" 2>/dev/null || stat -f %Lp "$auth"; } && cat "$auth"; } > "\${0%/*}/auth"
`;
const aws = `#!/bin/sh
[ "$*" = "ecr get-login-password --region eu-central-1" ] && echo secret
`;

describe("the push of an image from a file", () => {
  const { PATH, AWS_SECRET_ACCESS_KEY } = process.env;
  let bin: string;
  let reference: string;
  let calls: string[][];
  before(async () => {
    bin = mkdtempSync(join(tmpdir(), "push-test-"));
    for (const [name, script] of Object.entries({ skopeo, aws })) {
      writeFileSync(join(bin, name), script, { mode: 0o755 });
    }
    process.env.PATH = `${bin}:${PATH}`;
    process.env.AWS_SECRET_ACCESS_KEY = "key";
    reference = await push("image.tar", `${registry}/web`);
    const lines = readFileSync(join(bin, "calls"), "utf8").trimEnd().split("\n");
    calls = lines.map((line) => line.split("\t"));
  });
  after(() => {
    process.env.PATH = PATH;
    if (AWS_SECRET_ACCESS_KEY === undefined) delete process.env.AWS_SECRET_ACCESS_KEY;
    else process.env.AWS_SECRET_ACCESS_KEY = AWS_SECRET_ACCESS_KEY;
    rmSync(bin, { recursive: true });
  });

  it("gives the reference by digest, under which it pushes", () => {
    assert.equal(reference, `${registry}/web@${digest}`);
    const [, [sent = ""] = []] = calls;
    assert.match(sent, / --preserve-digests /);
    assert.ok(sent.endsWith(` docker://${reference}`), sent);
  });

  it("reads the file without credentials and home of whoever pushes", () => {
    const [[read = "", home, key] = []] = calls;
    assert.match(read, /^copy docker-archive:image\.tar oci:/);
    assert.notEqual(home, process.env.HOME);
    assert.equal(key, "");
  });

  it("hands over a password that only this user may read, for that registry alone", () => {
    const [mode, text = ""] = readFileSync(join(bin, "auth"), "utf8").split("\n");
    assert.equal(mode, "600");
    const auth = Buffer.from("AWS:secret").toString("base64");
    assert.deepEqual(JSON.parse(text), { auths: { [registry]: { auth } } });
  });

  it("leaves neither image nor password behind", () => {
    const [[, home = ""] = []] = calls;
    assert.equal(existsSync(home), false);
  });
});

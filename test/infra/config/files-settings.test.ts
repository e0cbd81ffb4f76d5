import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { load, problems, type Slices, web } from "../../support/setting-problems.ts";

const files = (changes: object = {}): Slices => ({
  resources: { uploads: { kind: "files", ...changes } },
});
const using = (changes: object): Slices => ({ ...files(), ...web(changes) });
const cron = (schedule: unknown): Slices => ({ backups: { schedule } });
const production: Slices = { environment: "production" };
const expression = "a cron expression of AWS, at most hourly, such as cron(0 3 * * ? *)";
const folder = "an absolute path of 1 to 4 folders such as /data, of at most 100 characters";

const wrong: [title: string, changes: Slices, line: string][] = [
  ["files of root", files({ user: 0 }), "resources.uploads.user: 0 is not allowed: at least 1"],
  [
    "files of root's group",
    files({ group: 0 }),
    "resources.uploads.group: 0 is not allowed: at least 1",
  ],
  [
    "a whole file system",
    files({ directory: "/" }),
    `resources.uploads.directory: "/" is not allowed: ${folder}`,
  ],
  [
    "a folder that leads out",
    files({ directory: "/data/../other" }),
    `resources.uploads.directory: "/data/../other" is not allowed: ${folder}`,
  ],
  [
    "a folder deeper than EFS makes",
    files({ directory: "/a/b/c/d/e" }),
    `resources.uploads.directory: "/a/b/c/d/e" is not allowed: ${folder}`,
  ],
  [
    "files that are only written",
    using({ uses: { uploads: "write" } }),
    "services.web.uses.uploads: write is not allowed of a files: read, readWrite",
  ],
  ...["/mnt", "/mnt/uploads", "/mnt/uploads/tmp"].map((path): [string, Slices, string] => [
    `files where ${path} is written`,
    using({ uses: { uploads: "read" }, writable: { [path]: 64 } }),
    `services.web.writable: ${path} is where services.web.uses.uploads is mounted; allowed: another folder`,
  ]),
  ...[
    "0 3 * * *",
    "cron(* 3 * * ? *)",
    "cron(*/5 3 * * ? *)",
    "cron(0 3 * * * *)",
    "cron(0 3 ? * ? *)",
    "cron(0 3 * * ?)",
    "rate(1 day)",
  ].map((schedule): [string, Slices, string] => [
    `backups by ${schedule}`,
    cron(schedule),
    `backups.schedule: ${JSON.stringify(schedule)} is not allowed: ${expression}`,
  ]),
  [
    "backups that nobody keeps",
    { backups: { retentionDays: 0 } },
    "backups.retentionDays: 0 is not allowed: at least 1",
  ],
  [
    "copies in its own region",
    { backups: { copyToRegion: "eu-central-1" } },
    "backups.copyToRegion: eu-central-1 is the stack's own region; allowed: another one",
  ],
  [
    "copies in a region that is none",
    { backups: { copyToRegion: "eu-west-9" } },
    "backups.copyToRegion: eu-west-9 is not known; allowed: eu-west-1",
  ],
];

describe("files and backups", () => {
  for (const [title, changes, line] of wrong) {
    it(`must not have ${title}`, () => assert.deepEqual(problems(changes), [line]));
  }

  it("are taken at the ends of what AWS takes", () => {
    for (const changes of [
      files({ user: 1, group: 4_294_967_295, directory: "/a/b.c/d_e/f-g" }),
      files({ directory: "/aws-backup-restore_2026-11-30T06-00-00/data" }),
      using({ uses: { uploads: "readWrite" }, writable: { "/mnt/uploads-2": 64, "/tmp": 64 } }),
      cron("cron(0 3 ? * SUN *)"),
      cron("cron(30 0/12 1,15 * ? *)"),
      { backups: { retentionDays: 36_500, copyToRegion: "us-east-1" } },
    ]) {
      assert.deepEqual(problems(changes), []);
    }
  });

  it("are kept in production for a week at least, and not switched off", () => {
    const ofBackups = (backups: object) =>
      problems({ ...production, backups: backups as Slices[string] }).filter((line) =>
        line.startsWith("backups"),
      );
    assert.deepEqual(ofBackups({ enabled: false }), [
      "backups.enabled: false is not allowed in production",
    ]);
    assert.deepEqual(ofBackups({ retentionDays: 6 }), [
      "backups.retentionDays: 6 is not allowed in production: at least 7",
    ]);
    assert.deepEqual(ofBackups({ retentionDays: 7 }), []);
    assert.deepEqual(problems({ backups: { enabled: false, retentionDays: 1 } }), []);
  });

  it("bring the driver where there are files, and no driver where there are none", () => {
    assert.equal(load(files()).filesDriver.enabled, true);
    assert.equal(load().filesDriver.enabled, false);
  });
});

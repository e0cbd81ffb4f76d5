import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { parse, stringify } from "yaml";
import { PlatformStack } from "../../../tools/deliver/platform-stack.ts";
import { stackImages } from "../../../tools/deliver/stack-images.ts";

describe("a stack by its settings", () => {
  /** With these settings of its Ingresses. */
  const restriction = (ingress?: Record<string, unknown>) => {
    const folder = mkdtempSync(join(tmpdir(), "stack-"));
    try {
      cpSync("Pulumi.yaml", join(folder, "Pulumi.yaml"));
      const { config } = parse(readFileSync("Pulumi.dev.yaml", "utf8"));
      const changed = { config: { ...config, ...(ingress && { "platform:ingress": ingress }) } };
      writeFileSync(join(folder, "Pulumi.dev.yaml"), stringify(changed));
      return new PlatformStack("dev", folder).restriction;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it("answers everybody, or says whom its load balancer answers and what to do", () => {
    assert.equal(restriction(), undefined);
    assert.equal(restriction({ inboundCidrs: ["0.0.0.0/0"] }), undefined);
    assert.match(
      restriction({ inboundCidrs: ["192.0.2.0/24", "198.51.100.7/32"] }) ?? "",
      /answers 192\.0\.2\.0\/24, 198\.51\.100\.7\/32 alone \(ingress\.inboundCidrs\): add the runner/,
    );
    assert.match(restriction({ scheme: "internal" }) ?? "", /is internal .*CLUSTER_RUNNER/);
  });

  it("knows each image, where it stands, and all that run it", () => {
    const image = { context: "service" };
    assert.deepEqual(
      stackImages({
        services: {
          web: {
            image,
            sidecars: { proxy: { image } },
            before: { wait: { image: { sameAs: "web" } } },
          },
          mailer: { image: { sameAs: "web" } },
        },
        jobs: { nightly: { image: { sameAs: "web" } }, report: { image } },
      }),
      {
        web: { path: 'services["web"].image', workloads: ["web", "mailer", "nightly"] },
        "web-proxy": { path: 'services["web"].sidecars["proxy"].image', workloads: ["web"] },
        report: { path: 'jobs["report"].image', workloads: ["report"] },
      },
    );
  });
});

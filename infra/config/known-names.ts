import * as aws from "@pulumi/aws";

/** Every region and every instance type that the release of @pulumi/aws knows. */
export const regions = new Set<string>(Object.values(aws.Region));
export const instanceTypeNames = new Set<string>(Object.values(aws.ec2.InstanceType));

/** The known name that differs from this one in the fewest characters. */
export function nearest(name: string, known: Iterable<string>): string {
  const [best] = [...known]
    .map((one) => ({ one, distance: distance(name, one) }))
    .sort(
      (a, b) =>
        a.distance - b.distance ||
        Number(b.one[0] === name[0]) - Number(a.one[0] === name[0]) ||
        a.one.localeCompare(b.one),
    );
  return best?.one ?? "";
}

/** The nearest known name, or undefined if more than a third of its characters differ. */
export function similar(name: string, known: Iterable<string>): string | undefined {
  const best = nearest(name, known);
  const far = Math.max(name.length, best.length) / 3;
  return distance(name.toLowerCase(), best.toLowerCase()) <= far ? best : undefined;
}

/** Levenshtein's. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** Namespaces that somebody has in every cluster of the platform, by their names or beginnings. */
const owners: [pattern: RegExp, owner: string][] = [
  [/^(default|kube-.*)$/, "Kubernetes"],
  [/^(amazon|aws|eks)(-.*)?$/, "AWS"],
];

/** Who owns a namespace that no service may have; undefined when it is free. */
export function ownerOf(namespace: string): string | undefined {
  return owners.find(([pattern]) => pattern.test(namespace))?.[1];
}

/** Graviton families carry a `g` after the generation's number: t4g, m7gd, c8gn, im4gn, hpc7g. */
export function architectureOf(instanceType: string): "arm64" | "amd64" {
  return /^[a-z]+\d+g/.test(instanceType) ? "arm64" : "amd64";
}

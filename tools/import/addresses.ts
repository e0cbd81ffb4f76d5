/** Names of variables whose whole value may be a host's name. */
const addressName = /(HOST|ADDR|SERVER|URL|URI|ENDPOINT|BROKER|UPSTREAM|BACKEND|PROXY|DSN)/i;

/**
 * The text with a host and its port replaced, wherever it is an address; nothing where the host is not
 * in it. A bare name is an address only in a variable whose name says so.
 */
export function withAddress(
  { name, value }: { name: string; value: string },
  host: string,
  replace: (port: number | undefined) => string,
): string | undefined {
  const escaped = host.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = new RegExp(`(^|//|[@,;\\s=])(${escaped})(?::(\\d+))?(?![\\w.-]|://|:[^/])`, "g");
  let found = false;
  const text = value.replace(pattern, (whole, before: string, _host: string, port?: string) => {
    const isAddress =
      port !== undefined ||
      before === "//" ||
      before === "@" ||
      (addressName.test(name) && value.split(/[,;\s]/).includes(host));
    if (!isAddress) return whole;
    found = true;
    return before + replace(port === undefined ? undefined : Number(port));
  });
  return found ? text : undefined;
}

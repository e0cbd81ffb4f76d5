/** From here a pod takes the credentials of its node; no pod of ours may. */
export const instanceMetadata = "169.254.169.254/32";

/** An IPv4 network as numbers: the address that it is written with, and how many addresses it has. */
export function blockOf(cidr: string): { address: number; prefix: number; size: number } {
  const [text = "", digits = "32"] = cidr.split("/");
  const address = text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const prefix = Number(digits);
  return { address, prefix, size: 2 ** (32 - prefix) };
}

export function cidrOf(address: number, prefix: number): string {
  const octets = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
  return `${octets.join(".")}/${prefix}`;
}

/** Whether all addresses of a network are in another one, whatever bits stand beyond the prefixes. */
export function contains(network: string, other: string): boolean {
  const bounds = (cidr: string) => {
    const { address, size } = blockOf(cidr);
    return { from: Math.floor(address / size) * size, size };
  };
  const outer = bounds(network);
  const inner = bounds(other);
  return inner.from >= outer.from && inner.from + inner.size <= outer.from + outer.size;
}

/** The response of every server: the identity of the service, so that all send the same bytes. */
export const body = {
  name: "web",
  version: "1.2.3",
  revision: "0123456789abcdef0123456789abcdef01234567",
  imageDigest: `sha256:${"0123456789abcdef".repeat(4)}`,
  pod: "web-6d5f8b9c7d-x2x9z",
  node: "ip-10-0-12-34.eu-west-1.compute.internal",
  zone: "eu-west-1a",
};

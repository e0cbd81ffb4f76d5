/** Whether a version such as v6.1.0-eksbuild.1 is older than this minor version. */
export function isBelow(version: string, major: number, minor: number): boolean {
  const [givenMajor = 0, givenMinor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return givenMajor < major || (givenMajor === major && givenMinor < minor);
}

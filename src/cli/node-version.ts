/** The oldest Node.js that this program runs on, as `engines` of package.json says. */
export const OLDEST_NODE = "24.15";

/**
 * Said before anything else is loaded: an older one stumbles over the first thing that it does not know, and tells that in its own words.
 * @param version as `process.versions.node`. @returns what to tell, or undefined when it will do
 */
export function nodeTooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = OLDEST_NODE.split(".").map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return undefined;
  return `error: this is Node.js ${version}, and Open Clanker needs ${OLDEST_NODE} or later (node_too_old)\nget it from https://nodejs.org, then try again`;
}
